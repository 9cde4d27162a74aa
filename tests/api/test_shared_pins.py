"""Runs of page numbers over hubs that share a database, and no folder."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.api.lists import pins, shared_pins
from leadwell.errors import Unavailable
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.store.connection import Database
from tests import make
from tests.asking import Whole

URL = "/v2/campaigns/362/leads"
MINUTE_US = 60_000_000


class Agreed:
    """The clock of the database, which a test can put ahead."""

    def __init__(self, database: Database) -> None:
        with database.reading() as connection:
            self.now = connection.clock()

    def __call__(self) -> int:
        return self.now


@pytest.fixture(scope="session")
def engine() -> str:
    return "postgres"


@pytest.fixture
def agreed(database: Database) -> Agreed:
    return Agreed(database)


@pytest.fixture
def hubs(hub: Hub, agreed: Agreed) -> Iterator[list[TestClient]]:
    """Two hubs; what one of them remembers the other does not."""
    with (
        Whole(app(replace(hub, agreed_clock=agreed))) as one,
        Whole(app(replace(hub, agreed_clock=agreed))) as other,
    ):
        yield [one, other]


@pytest.fixture
def token(database: Database, account: Account, campaign: Campaign) -> str:
    make.leads(database, campaign, [{"fields": {"name": f"{n}"}} for n in range(30)])
    return make.a_token(database, account, campaign, may_write=True)


def page(hub: TestClient, token: str, number: int, **asked: Any) -> Any:
    params = {"page": number, "per_page": 5, **asked}
    headers = {"Authorization": f"Bearer {token}"}
    return hub.get(URL, params=params, headers=headers)


def said(answer: Any) -> str | None:
    found: str | None = answer.headers.get("leadwell-snapshot")
    return found


@pytest.mark.parametrize("asked", [{}, {"_sort": "-id"}])
def test_a_run_goes_on_at_another_hub(
    hubs: list[TestClient], token: str, asked: dict[str, str]
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    met: list[int] = []
    names: set[str | None] = set()
    for number in range(1, 7):
        answer = page(hubs[number % 2], token, number, status="new", **asked)
        met += [lead["id"] for lead in answer.json()["data"]]
        names.add(said(answer))
        for lead_id in met[-2:]:
            changed = {"status": "won"}
            url = f"{URL}/{lead_id}"
            assert hubs[0].patch(url, json=changed, headers=headers).is_success
    assert sorted(met) == list(range(1, 31))
    assert len(names) == 1
    assert None not in names


def test_the_latest_run_is_the_same_at_each_hub(
    hubs: list[TestClient], token: str
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    first = said(page(hubs[0], token, 1))
    assert said(page(hubs[1], token, 2)) == first
    hubs[0].delete(f"{URL}/1", headers=headers)
    second = said(page(hubs[1], token, 1))
    assert second not in {None, first}
    assert said(page(hubs[0], token, 2)) == second
    # One that is named goes on as it was.
    assert page(hubs[1], token, 2, _snapshot=first).json()["data"][0]["id"] == 6


def test_a_run_lives_ten_idle_minutes(
    hubs: list[TestClient], token: str, agreed: Agreed, database: Database
) -> None:
    name = said(page(hubs[0], token, 1))
    for hub in hubs:
        hub.app._hub.pins.sweep()  # type: ignore[attr-defined]
    assert said(page(hubs[1], token, 2)) == name
    agreed.now += 11 * MINUTE_US
    hubs[1].app._hub.pins._held.clear()  # type: ignore[attr-defined]
    assert said(page(hubs[1], token, 2)) == "lost"
    lost = page(hubs[1], token, 2, _snapshot=f"{'0' * 32}")
    assert (lost.status_code, lost.json()["code"]) == (410, "snapshot_lost")
    del database


def test_who_asks_for_the_first_page_again_writes_nothing(
    hubs: list[TestClient], token: str, database: Database
) -> None:
    def written() -> list[Any]:
        with database.reading() as connection:
            return connection.rows("SELECT name, used_at FROM pin ORDER BY name")

    page(hubs[0], token, 1)
    made = before = written()
    assert len(before) == 2
    page(hubs[1], token, 1)
    # The other hub notes, beside its answer, that it knows of the pin.
    while {at for _, at in before} & {at for _, at in made}:
        before = written()
    for hub in hubs * 2:
        page(hub, token, 1)
    assert written() == before


def test_pins_stay_within_their_bound(
    hubs: list[TestClient],
    token: str,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(10):
        page(hubs[0], token, 1, **{"budget[ne]": number, "per_page": 3})
    monkeypatch.setattr(shared_pins, "BYTES_MAX", 500)
    hubs[0].app._hub.pins.sweep()  # type: ignore[attr-defined]
    with database.reading() as connection:
        ((count, size),) = connection.rows(
            "SELECT count(*), sum(length(data)) FROM pin"
        )
    assert 0 < count < 20
    assert size <= 500


def test_a_database_that_takes_no_pins_refuses_no_pages(
    hubs: list[TestClient], token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Unavailable("the database cannot do this now")

    monkeypatch.setattr(shared_pins.pins, "keep", refuse)
    answer = page(hubs[0], token, 1)
    assert answer.status_code == 200
    assert said(answer) is None


def test_a_pin_that_is_damaged_is_lost(
    hubs: list[TestClient], token: str, database: Database
) -> None:
    page(hubs[0], token, 1)
    job = "UPDATE pin SET data = CAST('x' AS BYTEA) WHERE name NOT LIKE 'run%'"
    database.write(lambda connection: connection.run(job)).result()
    assert said(page(hubs[1], token, 2)) == "lost"
    assert pins.unpacked(b"x") is None
