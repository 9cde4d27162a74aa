"""Where a page of tokens stands: in a campaign, or with the account's own ones."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadwell.admin import tabs
from leadwell.admin.visit import Visit
from leadwell.errors import NotFound
from leadwell.model.campaign import Campaign
from leadwell.model.token import Token
from leadwell.store import tokens
from leadwell.store.connection import Connection

TAB = "api-documentation"


@dataclass(frozen=True, slots=True)
class Place:
    """The campaign or the account whose tokens are shown."""

    account_id: int
    campaign: Campaign | None
    """`None`: the tokens of the account itself."""

    @classmethod
    def of(cls, visit: Visit, connection: Connection) -> "Place":
        """Return where the path of a request leads.

        Raises:
            CampaignNotFound: the user may not open it, or there is none.
        """
        is_own = cls.is_of_account(visit)
        campaign = None if is_own else visit.campaign(connection)
        return cls(visit.user.account_id, campaign)

    @staticmethod
    def is_of_account(visit: Visit) -> bool:
        """Whether a path leads to the tokens of the account itself."""
        return "campaign_id" not in visit.request.path_params

    @property
    def path(self) -> str:
        """The path of the list."""
        if self.campaign is None:
            return "/account/tokens"
        return f"/campaigns/{self.campaign.id}/{TAB}"

    def path_of(self, token: Token) -> str:
        """Return the path of a token's page."""
        return f"{self.path}/{token.public_id}"

    def around(self, visit: Visit) -> dict[str, Any]:
        """Return what the frame of a page needs."""
        content: dict[str, Any] = {"base": self.path, "campaign": self.campaign}
        if self.campaign is None:
            return {**content, "layout": "frame.html"}
        frame = tabs.around(visit, self.campaign, TAB)
        return {**content, **frame, "layout": "campaign.html"}

    def tokens(self, connection: Connection) -> list[Token]:
        """Return the tokens that stand here, those that work first."""
        campaign_id = self.campaign.id if self.campaign else None
        found = tokens.find_all(connection, self.account_id, campaign_id)
        return [each for each in found if each.campaign_id == campaign_id]

    def token(self, connection: Connection, public_id: str) -> Token:
        """Return a token that stands here.

        Raises:
            NotFound: there is none, or it stands elsewhere: that looks the same.
        """
        found = [
            each for each in self.tokens(connection) if each.public_id == public_id
        ]
        if not found:
            raise NotFound(
                f"there is no token {public_id[:20]!r} here",
                hint="go back to the list of tokens",
            )
        return found[0]


def now(visit: Visit) -> datetime:
    """Return the moment of a request."""
    return visit.hub.clock()
