"""A copy of the database is put back: what was told after it never happened.

A reader whose cursor is of before the copy goes on; one that was told anything of the
lost history is told to begin anew, for ever, also when the new history is longer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.campaign import Campaign
from leadwell.store.engines.sqlite import SQLiteDatabase
from tests import make, power
from tests.mirror import Mirror

LIST = "/v2/campaigns/362/leads"
FEED = f"{LIST}/changes"
FIRST = 12
"""Leads that the copy holds."""


@dataclass
class House:
    """A hub whose database is copied and put back."""

    folder: Path
    database: SQLiteDatabase
    campaign: Campaign
    token: str
    clock: make.Clock = field(default_factory=make.Clock)

    @property
    def path(self) -> Path:
        return self.folder / "leads.db"

    @property
    def client(self) -> TestClient:
        return TestClient(app(Hub(self.database, make.KEYS, self.clock, "https://hub")))

    def add(self, count: int) -> None:
        for _ in range(count):
            make.a_lead(self.database, self.campaign, self.clock())

    def change(self, lead_id: int) -> None:
        answer = self.client.patch(
            f"{LIST}/{lead_id}",
            json={"fields": {"name": f"{self.clock()}"}},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert answer.status_code == 200

    def restart(self) -> None:
        """Go on as a new process."""
        self.database.close()
        self.database = SQLiteDatabase(self.path)

    def copy(self) -> None:
        power.copy(self.path, self.folder / "copy.db")

    def put_back(self) -> None:
        self.database.close()
        power.copy(self.folder / "copy.db", self.path)
        self.database = SQLiteDatabase(self.path)

    def get(self, path: str, **asked: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.client.get(path, params=asked, headers=headers)

    def mirror(self) -> Mirror:
        return Mirror(self.client, self.token)

    def cursors(self) -> list[tuple[str, str]]:
        """All kinds of cursors of this moment, with where they are sent."""
        fed = self.get(FEED).json()
        assert fed["up_to_date"]
        begun = self.get(FEED, _limit=1).json()
        now = self.get(FEED, _from="now").json()
        listed = self.get(LIST, per_page=5)
        walked = self.get(LIST, _cursor="start", per_page=5, _meta=1)
        digest = self.get(f"{LIST}/digest").json()
        return [
            (FEED, fed["cursor"]),
            (FEED, begun["cursor"]),
            (FEED, now["cursor"]),
            (FEED, listed.headers["leadwell-cursor"]),
            (FEED, walked.headers["leadwell-cursor"]),
            (FEED, digest["cursor"]),
            (LIST, walked.json()["meta"]["next_cursor"]),
        ]

    def check(self, cursors: list[tuple[str, str]], status: int) -> None:
        for place, (path, cursor) in enumerate(cursors):
            answer = self.get(path, _cursor=cursor)
            assert answer.status_code == status, (place, answer.text)
            if status == 410:
                assert answer.json()["code"] == "cursor_lost"
                afresh = "" if path == FEED else "?_cursor=start"
                assert answer.headers["link"] == (
                    f'<https://hub{path}{afresh}>; rel="start"'
                )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = make.a_database(tmp_path / "leads.db")
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    token = make.a_token(database, account, campaign, may_write=True)
    made = House(tmp_path, database, campaign, token)
    yield made
    made.database.close()


def test_a_restore_loses_later_cursors_and_no_earlier_one(house: House) -> None:
    house.add(FIRST)
    before = house.cursors()
    house.copy()
    house.check(before, 200)
    house.add(8)
    lost = house.cursors()
    house.put_back()

    # Before anything is written, after the first write, and when all has grown past.
    for more in (0, 1, 30):
        house.add(more)
        house.check(before, 200)
        house.check(lost, 410)
    house.check(house.cursors(), 200)


def test_a_reader_that_goes_on_after_a_restore_has_an_exact_copy(house: House) -> None:
    house.add(FIRST)
    mirror = house.mirror()
    mirror.step(limit=5)
    house.copy()
    house.add(3)
    house.change(2)
    house.put_back()
    house.change(3)
    house.add(2)
    mirror.client = house.client
    mirror.follow(limit=4)
    listed = house.get(LIST).json()["data"]
    assert mirror.copy == {lead["id"]: lead for lead in listed}


def test_a_lead_that_had_changed_in_the_lost_history_is_not_skipped(
    house: House,
) -> None:
    """The reader goes past the old place of a lead, which had moved further down."""
    house.add(FIRST)
    mirror = house.mirror()
    mirror.step(limit=2)
    house.copy()
    house.change(4)
    mirror.step(limit=3)
    assert 4 not in mirror.copy
    house.put_back()
    for more in (0, 20):
        house.add(more)
        house.check([(FEED, str(mirror.cursor))], 410)


def test_a_walk_through_the_lost_history_is_lost_to_the_end(house: House) -> None:
    """Its later pages showed leads that no feed will ever take back."""
    house.add(FIRST)
    first = house.get(LIST, _cursor="start", per_page=5, _meta=1)
    house.copy()
    house.add(8)
    cursor = first.json()["meta"]["next_cursor"]
    second = house.get(LIST, _cursor=cursor, per_page=5, _meta=1)
    lost = [
        (LIST, second.json()["meta"]["next_cursor"]),
        (FEED, second.headers["leadwell-cursor"]),
    ]
    house.put_back()
    for more in (0, 20):
        house.add(more)
        house.check(lost, 410)
        house.check([(LIST, cursor)], 200)


def test_restores_of_several_processes_and_of_copies_of_copies(house: House) -> None:
    house.add(FIRST)
    old = house.cursors()
    house.restart()
    house.add(3)
    house.copy()
    kept = house.cursors()
    house.restart()
    house.add(5)
    lost = house.cursors()
    house.put_back()
    house.add(9)
    lost += house.cursors()
    house.restart()
    house.put_back()
    for more in (0, 1, 40):
        house.restart()
        house.add(more)
        house.check([*old, *kept], 200)
        house.check(lost, 410)


def test_a_copy_of_before_the_first_lead_is_a_history_too(house: House) -> None:
    house.copy()
    empty = [(FEED, house.get(FEED).json()["cursor"])]
    house.add(FIRST)
    lost = house.cursors()
    house.put_back()
    for more in (0, 1, 40):
        house.add(more)
        house.check(empty, 200)
        house.check(lost, 410)


@pytest.mark.parametrize("change", [House.restart, House.copy, lambda _: None])
def test_without_a_restore_no_cursor_is_ever_lost(
    house: House, change: Callable[[House], None]
) -> None:
    house.add(FIRST)
    cursors = house.cursors()
    for more in (0, 1, 3):
        change(house)
        house.add(more)
        cursors += house.cursors()
        house.check(cursors, 200)
