"""A fresh campaign of a running hub, its tokens, and what is known of its leads."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from threading import Event, Lock
from typing import Any

from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.query import Condition
from leadwell.schema import querystring, question
from leadwell.store import accounts, campaigns, filters, tokens
from leadwell.store.connection import Connection, Database
from tests import make
from tests.served import KEY, Hubs, Reader

FILTERS = {
    "still": ["source=partner-west"],
    "moved": ["source=partner-north", "budget[lt]=9", "source[ne]=website&tags=a"],
    "other": ["budget[gte]=20", "budget[gte]=25", "tags=a&budget[lt]=5"],
}
"""What the saved filters may stand for; the first of them is only read."""
TOKENS = {"whole": None, "still": "still", "moved": "moved", "given": "other"}
"""The filters that the tokens have at first."""


@dataclass
class Kept:
    """A token that readers use, and every filter that it ever had."""

    text: str
    name: str
    held: set[tuple[Condition, ...]] = field(default_factory=set)
    now: tuple[Condition, ...] = ()
    """That which it had when it was looked at last."""

    @property
    def public_id(self) -> str:
        return self.text.split("_")[1]


@dataclass
class Storm:
    """One campaign that many work on; what they learn of it lies side by side."""

    hub: Hubs
    database: Database
    """The hub's, opened by this process, as an operator's commands would."""
    id: int
    seed: int
    account: Account
    writer: str = ""
    tokens: list[Kept] = field(default_factory=list)
    is_over: Event = field(default_factory=Event)
    faults: list[BaseException] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    """Leads that were made, gone or not."""
    revisions: dict[tuple[int, int], Any] = field(default_factory=dict)
    """What anybody was ever shown as one version of one lead."""
    erased: dict[int, list[Any]] = field(default_factory=dict)
    """What the leads were whose history is gone."""
    newest: dict[int, int] = field(default_factory=dict)
    """The latest version of each lead that anybody was shown."""
    leaving: set[int] = field(default_factory=set)
    """Leads that somebody has asked to remove."""
    gone: set[int] = field(default_factory=set)
    """Those of which the hub has said that they are removed."""
    editing: Lock = field(default_factory=Lock)
    """Held while a filter, a token or the schema is edited."""
    _noting: Lock = field(default_factory=Lock)

    @property
    def client(self) -> Reader:
        return Reader(self.hub)

    def random(self, name: str) -> Random:
        return Random(f"{self.seed}-{name}")  # noqa: S311 - a seeded walk, no secret

    def read(self, job: "Callable[[Connection, Campaign], Any]") -> Any:
        with self.database.reading() as connection:
            return job(connection, campaigns.known(connection, self.id))

    def write(self, job: "Callable[[Connection, Campaign], Any]") -> Any:
        """Change what writers rely on: their campaign is held first, as commands do."""
        return self.database.write(
            lambda c: job(c, campaigns.hold(c, self.id))
        ).result()

    def note(self, lead: dict[str, Any]) -> None:
        """Compare one version of a lead with what others were shown as the same."""
        key = (lead["id"], lead["metadata"]["version"])
        shown = (lead["fields"]["budget"], lead["updated_at"])
        assert self.revisions.setdefault(key, shown) == shown, (key, shown)
        with self._noting:
            self.newest[key[0]] = max(key[1], self.newest.get(key[0], 0))

    def run(self, job: Callable[[], None]) -> None:
        """Work until the storm is over, which a fault ends at once."""
        try:
            while not self.is_over.is_set():
                job()
        except BaseException as error:
            self.faults.append(error)
            self.is_over.set()

    def note_filters(self) -> None:
        """Note what each token's filter stands for now."""

        def job(connection: Connection, campaign: Campaign) -> None:
            for kept in self.tokens:
                filter_id = tokens.known(connection, kept.public_id).filter_id
                found = filter_id and filters.find(connection, campaign, filter_id)
                kept.now = found.conditions if found else ()
                kept.held.add(kept.now)

        self.read(job)


def a_storm(hub: Hubs, database: Database, seed: int) -> Storm:
    with database.reading() as connection:
        account = accounts.find_by_id(connection, 1)
    made = make.a_kept_campaign(database, account, id=1000 + seed, name=f"Storm {seed}")
    storm = Storm(hub, database, made.id, seed, account)
    for name, texts in FILTERS.items():
        keep_filter(storm, name, texts[0])
    storm.writer = make.a_token(database, account, made, may_write=True, key=KEY)
    for name, named in TOKENS.items():
        text = make.a_token(database, account, made, named=named, key=KEY)
        storm.tokens.append(Kept(text, name))
    storm.note_filters()
    return storm


def keep_filter(storm: Storm, name: str, text: str) -> None:
    def job(connection: Connection, campaign: Campaign) -> None:
        asked = question.conditions(campaign, querystring.decode(text.encode()))
        filters.keep(connection, campaign, name, asked, now=0)

    storm.write(job)
