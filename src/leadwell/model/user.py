"""A person who signs in to the hub's pages, and what they may do there."""

import re
from dataclasses import dataclass
from enum import StrEnum

from leadwell.errors import CampaignNotFound, MalformedValue, NotAllowed
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Grant

PASSWORD_CHARACTERS_MIN = 10
PASSWORD_CHARACTERS_MAX = 200
EMAIL_CHARACTERS_MAX = 254
"""RFC 5321 §4.5.3.1.3, without the brackets around a path."""
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,255}")


class Role(StrEnum):
    """What a person may do in the pages."""

    ADMINISTRATOR = "administrator"
    """Everything in the account."""
    MEMBER = "member"
    """Read and change the leads of the campaigns that are named."""


@dataclass(frozen=True, slots=True)
class User:
    """A person of an account who may sign in."""

    account_id: int
    person_id: int
    name: str
    email: str
    role: Role
    campaigns: frozenset[int] = frozenset()
    """Which campaigns a member may open; an administrator opens all."""
    language: str = ""
    """`en` or `da`; empty: what the browser asks for."""
    time_zone: str = ""
    """By whose clock they read: a name of the IANA database; empty: UTC."""

    @property
    def is_administrator(self) -> bool:
        """Whether they may change more than leads."""
        return self.role is Role.ADMINISTRATOR

    def check_administrator(self) -> None:
        """Refuse who may not change more than leads.

        Raises:
            NotAllowed: they are a member.
        """
        if not self.is_administrator:
            raise NotAllowed(
                "this is for administrators", hint="ask one of your account"
            )

    def may_all_that(self, other: "User") -> bool:
        """Whether they may do all that another one may; of the same account."""
        if self.account_id != other.account_id:
            return False
        if self.is_administrator or other.is_administrator:
            return self.is_administrator
        return other.campaigns <= self.campaigns

    def may_open(self, campaign: Campaign) -> bool:
        """Whether they may see this campaign at all."""
        is_own = campaign.account_id == self.account_id
        return is_own and (self.is_administrator or campaign.id in self.campaigns)

    def check_campaign(self, campaign: Campaign | None, campaign_id: int) -> Campaign:
        """Return the campaign if they may open it.

        Raises:
            CampaignNotFound: they may not, or there is none: that looks the same.
        """
        if campaign is None or not self.may_open(campaign):
            raise CampaignNotFound(f"there is no campaign {campaign_id}")
        return campaign

    def grant(self, campaign: Campaign) -> Grant:
        """Return what they may read and write of a campaign's leads.

        Raises:
            CampaignNotFound: they may not open it.
        """
        self.check_campaign(campaign, campaign.id)
        return Grant.of_person(campaign, self.person_id)


def email_of(text: str) -> str:
    """Read the address that somebody signs in with; letters are compared without case.

    Raises:
        MalformedValue: it is none.
    """
    email = text.strip().casefold()
    if not _EMAIL.fullmatch(email) or len(email) > EMAIL_CHARACTERS_MAX:
        raise MalformedValue(
            "this is no e-mail address", hint="for instance jane@example.com"
        )
    return email


def check_password(text: str, email: str) -> None:
    """Refuse a password that is guessed at once.

    Raises:
        MalformedValue: it is too short, too long, or the address itself.
    """
    if not PASSWORD_CHARACTERS_MIN <= len(text) <= PASSWORD_CHARACTERS_MAX:
        raise MalformedValue(
            "the password is too short"
            if len(text) < PASSWORD_CHARACTERS_MIN
            else "the password is too long",
            hint=f"it has {PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX} "
            "characters; several words are easier to remember than signs",
        )
    if text.casefold() in {email, email.partition("@")[0]}:
        raise MalformedValue(
            "the password is the e-mail address", hint="choose another one"
        )
