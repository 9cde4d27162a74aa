"""A standby is promoted while it lags: what it was not sent never happened.

The hub goes on in one process, with its cursors, its index and its pins in memory.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.campaign import Campaign
from leadwell.schema.parts import Kind, Name
from leadwell.store import campaigns
from leadwell.store.connection import Connection, Database
from leadwell.store.engines.postgres import PostgresDatabase
from leadwell.store.engines.replicas import ReplicatedDatabase
from leadwell.store.writes import parts
from tests import make, postgres
from tests.asking import Whole
from tests.mirror import Mirror
from tests.standby import Standby
from tests.store.test_replicas import DURABLE, is_standby, until_used

LIST = "/v2/campaigns/362/leads"
TAKES_WRITES = "&target_session_attrs=read-write"
KEPT, LOST, LATER = 5, 4, 8


@dataclass
class Pair:
    """A primary with a hub on it, and the standby that will take its place."""

    primary: postgres.Server
    standby: Standby
    url: str
    """The primary's address."""
    either: str
    """The address of whichever of the two takes writes."""
    database: ReplicatedDatabase
    campaign: Campaign
    token: str
    client: TestClient
    clock: make.Clock = field(default_factory=make.Clock)

    def add(self, count: int, source: str) -> None:
        for _ in range(count):
            fields = {"source": source}
            make.a_lead(self.database, self.campaign, self.clock(), fields=fields)

    def get(self, path: str = "", **asked: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.client.get(f"{LIST}{path}", params=asked, headers=headers)

    def ids(self, **asked: Any) -> list[int]:
        answer = self.get(**asked)
        assert answer.status_code == 200, answer.text
        return [lead["id"] for lead in answer.json()["data"]]

    def fail_over(self) -> None:
        self.primary.halt()
        self.standby.promote()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    primary = postgres.Server()
    url = primary.made(tmp_path / "leads.db")
    standby = Standby(primary)
    hosts = f"host={primary.folder},{standby.folder}"
    either = url.replace(f"host={primary.folder}", hosts) + DURABLE + TAKES_WRITES
    first = PostgresDatabase(either, postgres.UNSAFE)
    database = ReplicatedDatabase(first, [standby.url(url)], postgres.UNSAFE)
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    token = make.a_token(database, account, campaign)
    until_used(database)
    clock = make.Clock()
    hub = Hub(database, make.KEYS, clock, "https://hub.example")
    with Whole(app(hub)) as client:
        yield Pair(
            primary, standby, url, either, database, campaign, token, client, clock
        )
    database.close()
    standby.stop()
    primary.stop()


def test_cursors_of_what_was_lost_are_refused_and_all_others_go_on(pair: Pair) -> None:
    pair.add(KEPT, "partner-west")
    mirror = Mirror(pair.client, pair.token)
    mirror.follow()
    assert mirror.copy.keys() == set(range(1, KEPT + 1))
    # On a busy machine it may have come after what its readers waited for.
    until_it_answers(pair.database)
    pair.standby.cut_off()
    pair.add(LOST, "partner-west")
    lost = pair.get("/changes").json()["cursor"]
    walk = pair.get(_cursor="start", per_page=2, _meta=1).json()["meta"]["next_cursor"]
    everyone = list(range(1, KEPT + LOST + 1))
    # The index has taken in what is about to be lost.
    assert pair.ids(source="partner-west") == everyone

    pair.fail_over()

    kept = everyone[:KEPT]
    assert pair.ids(source="partner-west") == kept
    for _ in range(2):
        for path, cursor in (("/changes", lost), ("", walk)):
            answer = pair.get(path, _cursor=cursor)
            assert (answer.status_code, answer.json()["code"]) == (410, "cursor_lost")
        # The numbers of what was lost are given again, to other leads.
        pair.add(LATER, "partner-north")
    later = list(range(KEPT + 1, KEPT + 2 * LATER + 1))
    assert pair.ids(source="partner-west") == kept
    assert pair.ids(source="partner-north") == later
    assert pair.database.aside() != [""]
    mirror.follow()
    assert sorted(mirror.copy) == [*kept, *later]
    assert mirror.digest == pair.get("/digest").json()["digest"]


def relabelled(database: Database, label: str) -> None:
    """Give the first status another label, which is another version of the schema."""
    new = Name(Kind.STATUS, "new")
    database.write(lambda c: parts.relabel(c, 362, new, label)).result()


def label(connection: Connection) -> tuple[bool, int, str]:
    campaign = campaigns.known(connection, 362)
    return (
        is_standby(connection),
        campaign.schema_version,
        campaign.statuses[0].label,
    )


def until_it_answers(database: ReplicatedDatabase) -> None:
    for _ in range(200):
        database.look()
        if database.read(is_standby):
            return
        time.sleep(0.05)
    pytest.fail(f"it does not answer: {database.aside()}")


@pytest.mark.proof
def test_a_replica_that_is_made_anew_has_forgotten_what_never_happened(
    pair: Pair,
) -> None:
    """It had more of the lost history than the standby that was promoted."""
    with ExitStack() as opened:
        replica = Standby(pair.primary)
        opened.callback(replica.stop)
        primary = PostgresDatabase(pair.either, postgres.UNSAFE)
        database = ReplicatedDatabase(primary, [replica.url(pair.url)], postgres.UNSAFE)
        opened.callback(database.close)
        until_it_answers(database)
        pair.standby.cut_off()
        relabelled(database, "Lost")
        was_standby, version, found = database.read(label)
        assert (was_standby, found) == (True, "Lost")

        pair.fail_over()
        relabelled(database, "Kept")
        replica.make_anew(pair.standby)
        until_it_answers(database)

        assert database.read(label) == (True, version, "Kept")
