"""A standby is promoted while it lags: what it was not sent never happened.

The hub goes on in one process, with its cursors, its index and its pins in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.campaign import Campaign
from leadwell.store.engines.postgres import PostgresDatabase
from leadwell.store.engines.replicas import ReplicatedDatabase
from tests import make, postgres
from tests.asking import Whole
from tests.mirror import Mirror
from tests.standby import Standby
from tests.store.test_replicas import DURABLE, is_standby, until_used

LIST = "/v2/campaigns/362/leads"
KEPT, LOST, LATER = 5, 4, 8


@dataclass
class Pair:
    """A primary with a hub on it, and the standby that will take its place."""

    primary: postgres.Server
    standby: Standby
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
    either = url.replace(
        f"host={primary.folder}",
        f"host={primary.folder},{standby.folder}&target_session_attrs=read-write",
    )
    first = PostgresDatabase(either + DURABLE, postgres.UNSAFE)
    database = ReplicatedDatabase(first, [standby.url(url)], postgres.UNSAFE)
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    token = make.a_token(database, account, campaign)
    until_used(database)
    clock = make.Clock()
    hub = Hub(database, make.KEYS, clock, "https://hub.example")
    with Whole(app(hub)) as client:
        yield Pair(primary, standby, database, campaign, token, client, clock)
    database.close()
    standby.stop()
    primary.stop()


def test_cursors_of_what_was_lost_are_refused_and_all_others_go_on(pair: Pair) -> None:
    pair.add(KEPT, "partner-west")
    mirror = Mirror(pair.client, pair.token)
    mirror.follow()
    assert mirror.copy.keys() == set(range(1, KEPT + 1))
    assert pair.database.read(is_standby)
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
