"""One person in all campaigns of an account: looked for, and erased.

Who asks is whoever runs the hub or administers the account; nothing that they type is
logged, noted, or kept but as a digest under the instance key.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from leadwell.admin.freshness import seen
from leadwell.admin.privacy import uploads
from leadwell.admin.privacy.uploads import Waiting
from leadwell.api.hub import Hub
from leadwell.errors import MalformedValue, Unavailable
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Grant
from leadwell.schema.identity import PHONE, Identity
from leadwell.store import campaigns, readers
from leadwell.store.audit.chain import OPERATOR
from leadwell.store.connection import Connection, T
from leadwell.store.people import activity
from leadwell.store.people.activity import Named, What
from leadwell.store.privacy import erasing, finding
from leadwell.store.privacy.erasing import Asked
from leadwell.store.privacy.finding import Found
from leadwell.store.readers import Receipt

Write = Callable[[Callable[[Connection], T]], T]
"""Runs a job in a transaction, as somebody may."""
GrantOf = Callable[[Campaign], Grant]


@dataclass(frozen=True, slots=True)
class Holding:
    """What an account holds of one person."""

    account: Account
    identities: tuple[Identity, ...]
    found: tuple[Found, ...]
    """Of each campaign that holds something."""
    uploads: tuple[Waiting, ...]

    @property
    def leads(self) -> int:
        """How many leads would be erased, with those that were merged into them."""
        return sum(len(each.leads) + len(each.merged) for each in self.found)

    @property
    def former(self) -> int:
        """How many leads held the address before, and hold another one now."""
        return sum(len(each.former) for each in self.found)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held."""
        return not (self.found or self.uploads)

    @property
    def seen(self) -> str:
        """Name what is held, so that nothing else is erased than was shown."""
        return seen(
            [str(each) for each in self.identities],
            [
                (x.campaign.id, x.leads, x.merged, x.former, x.closed)
                for x in self.found
            ],
            [(x.job.campaign_id, x.job.id, x.holds) for x in self.uploads],
        )


@dataclass(frozen=True, slots=True)
class Done:
    """What was erased, and what could not be."""

    leads: int
    files: int
    left: Holding
    """What is there still; filters stay, and files that are being loaded."""
    is_log_empty: bool

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the person is left but what only people can decide."""
        return not self.left.leads and not self.left.uploads


@dataclass(frozen=True, slots=True)
class Told:
    """A token that may have had leads of the person, and whether it knows."""

    campaign: Campaign
    receipt: Receipt
    """Since when it could read the first of them, and when it confirmed the last."""
    leads: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, by addresses and numbers, in the campaigns of one account."""

    hub: Hub
    account: Account
    identities: tuple[Identity, ...]

    @property
    def digests(self) -> list[bytes]:
        """By what erasures are noted, under the key in use."""
        return self._digests(self.hub.key)

    @property
    def noted_under(self) -> list[bytes]:
        """By what erasures are found again, under any generation of the key."""
        generations = self.hub.keys.generations
        return [x for each in generations for x in self._digests(each.secret)]

    def _digests(self, key: bytes) -> list[bytes]:
        return [each.person(key, self.account.id) for each in self.identities]

    @property
    def reference(self) -> str:
        """What notes call the person: it names nobody to who has not the key."""
        return self.digests[0].hex()[:12]

    def look(self, connection: Connection, grant_of: GrantOf) -> Holding:
        """Return what is held, as far as somebody's grants reach."""
        found: list[Found] = []
        waiting: list[Waiting] = []
        for campaign in campaigns.of_account(connection, self.account.id):
            grant = grant_of(campaign)
            held = finding.find(connection, grant, campaign, self.identities)
            found += [] if held.is_empty else [held]
            waiting += uploads.find(self.hub, connection, campaign, self.identities)
        return Holding(self.account, self.identities, tuple(found), tuple(waiting))

    def with_former(self, connection: Connection, holding: Holding) -> Holding:
        """Return the same with leads that held the address before among the leads."""
        found = tuple(each.with_former(connection) for each in holding.found)
        return replace(holding, found=found)

    def erase(
        self, holding: Holding, write: "Write[None]", grant_of: GrantOf, who: Named
    ) -> Done:
        """Erase what was found; what is done when it is broken off is done.

        Run again, it goes on. `who` is noted.

        Raises:
            Unavailable: the hub keeps no erasures.
        """
        # Files first: one that were loaded meanwhile would bring the person back.
        files = [each for each in holding.uploads if each.holds]
        gone = [each for each in files if uploads.let_go(self.hub, each)]
        for found in holding.found:
            for chunk in _chunks(found.leads):
                write(partial(self._erase, found, chunk, who))
            for chunk in _chunks(found.former):
                write(partial(self._forget, found, chunk))
            if found.closed:
                write(partial(self._forget_filters, found))
        write(partial(self.note, what=What.PERSON_ERASED, who=who))
        is_log_empty = self.hub.database.empty_log()
        left = self.hub.database.read(partial(self.look, grant_of=grant_of))
        return Done(holding.leads - left.leads, len(gone), left, is_log_empty)

    def receipts(self, connection: Connection) -> list[Told]:
        """Return who may have had leads that were erased, and which of them know."""
        return [
            told
            for campaign in campaigns.of_account(connection, self.account.id)
            for told in self._told(connection, campaign)
        ]

    def note(self, connection: Connection, what: What, who: Named) -> None:
        """Note in the account's activity what is done about the person."""
        at = self.hub.moment
        about = Named(self.reference, self.reference)
        activity.note(connection, self.account, what, about, who=who, at=at)

    def _erase(
        self, found: Found, leads: Sequence[int], who: Named, connection: Connection
    ) -> None:
        file = self.hub.erasure_file
        if file is None:
            raise Unavailable("this hub keeps no erasures", hint="set erasure_file")
        campaign = found.campaign
        asked = Asked(self.digests, who.ref or OPERATOR, file)
        done = erasing.erase(connection, campaign.id, leads, asked, self.hub.now)
        if done:
            about, at = ", ".join(str(each.lead_id) for each in done), self.hub.moment
            what = What.LEADS_ERASED
            activity.note(connection, campaign, what, about, who=who, at=at)

    def _forget(
        self, found: Found, leads: Sequence[int], connection: Connection
    ) -> None:
        erasing.forget_former(connection, found.campaign.id, leads, self.identities)

    def _forget_filters(self, found: Found, connection: Connection) -> None:
        erasing.forget_filters(connection, found.campaign.id, self.identities)

    def _told(self, connection: Connection, campaign: Campaign) -> Iterator[Told]:
        by_token: dict[str, list[Receipt]] = {}
        for lead_id in erasing.find_erased(connection, campaign, self.noted_under):
            for receipt in readers.receipts(connection, campaign, lead_id):
                by_token.setdefault(receipt.lineage, []).append(receipt)
        for held in by_token.values():
            confirmed = [x.confirmed_at for x in held if x.confirmed_at is not None]
            whole = replace(
                held[0],
                since=min(each.since for each in held),
                confirmed_at=max(confirmed) if len(confirmed) == len(held) else None,
            )
            yield Told(campaign, whole, len(held))


def read(
    connection: Connection, account: Account, typed: Sequence[tuple[str, str]]
) -> tuple[Identity, ...]:
    """Read addresses and numbers that somebody has typed, each with its type.

    A number without a country is dialled where the account's campaigns are.

    Raises:
        MalformedValue: one is none, or its country cannot be told.
    """
    countries = {each.country for each in campaigns.of_account(connection, account.id)}
    is_told = len(countries) == 1
    for kind, text in typed:
        if kind == PHONE and not is_told and not text.startswith("+"):
            raise MalformedValue(
                "the campaigns are of several countries, or there are none",
                hint="write the number with its own: +45 12 34 56 78",
            )
    country = next(iter(countries), "DK")
    return tuple(Identity.read(kind, text, country) for kind, text in typed)


def _chunks(leads: Sequence[int]) -> Iterable[Sequence[int]]:
    for first in range(0, len(leads), erasing.CHUNK):
        yield leads[first : first + erasing.CHUNK]
