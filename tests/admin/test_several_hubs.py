"""What a hub leaves to the others of its database, whose clocks differ from its own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from leadwell.admin import app as admin
from leadwell.api.app import Beside, app
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.hook import Hook
from leadwell.model.token import public_id_of
from leadwell.server.clock import AgreedClock
from leadwell.server.outgoing.ringing import Ringer
from leadwell.server.upkeep import Upkeep
from leadwell.store.connection import Connection, Database
from leadwell.store.outgoing import hooks
from tests import make
from tests.admin.uploads import ROWS, Upload, upload
from tests.desk import Desk, a_user

MINUTES = timedelta(minutes=5)


@pytest.fixture
def hubs(database: Database, tmp_path: Path) -> list[Hub]:
    """Two hubs without a folder in common; one's clock is ahead."""
    made: list[Hub] = []
    for number in range(2):
        clock = make.Clock(make.MIDNIGHT + number * MINUTES)
        hub = Hub(database, make.KEYS, clock, "https://hub.example")
        folder, agreed = tmp_path / f"{number}", AgreedClock(database)
        made.append(replace(hub, pins_folder=folder, agreed_clock=agreed))
    return made


@pytest.fixture
def desks(
    hubs: list[Hub], account: Account, campaign: Campaign
) -> Iterator[list[Desk]]:
    """Somebody whom a proxy sends to either hub."""
    del campaign
    user = a_user(hubs[0], account)
    found: list[Desk] = []
    for hub in hubs:
        beside = Beside(leads=admin.leads(hub), pages=admin.routes(hub))
        client = TestClient(app(hub, beside=beside), base_url=hub.public_url)
        found.append(Desk.of(hub, client, user))
    yield found
    for hub in hubs:
        hub.works.stop()


def test_a_file_lies_on_the_hub_that_took_it(
    desks: list[Desk],
) -> None:
    here, there = desks
    first = upload(here, 362, ROWS)
    other = Upload(there, there.get(first.path))
    assert other.page.status_code == 200
    page = other.do("check")
    assert page.status_code == 422
    assert "it lies on the one that took it" in page.text
    # Nothing was done: where the file is, it goes on.
    assert first.look().status_code == 200
    assert first.do("check").status_code == 200


def test_a_message_is_taken_on_by_the_agreed_clock(
    hubs: list[Hub], database: Database, account: Account, campaign: Campaign
) -> None:
    """The other hub would hold that the first one's time is over."""
    lineage = public_id_of(make.a_token(database, account, campaign))
    hook = Hook(362, "abcdefgh", lineage, "https://h.example", make.MIDNIGHT, 0, "")
    database.write(lambda c: hooks.add(c, hook)).result()
    make.a_lead(database, campaign)
    first, other = (Ringer(hub) for hub in hubs)
    (news,) = first._due()

    def claim(connection: Connection) -> bool:
        until = hubs[0].agreed + 60_000_000
        return hooks.claim(connection, news.hook, news.message, until)

    assert database.write(claim).result()
    assert other._due() == []
    assert not database.write(claim).result()


def test_the_agreed_clock_is_carried_on_and_looked_at_again(
    database: Database, hubs: list[Hub]
) -> None:
    passed = [100.0]
    clock = AgreedClock(database, lambda: passed[0])
    before = clock()
    passed[0] += 7
    assert clock() == before + 7_000_000
    clock.look()
    assert abs(clock() - hubs[0].agreed) < 5_000_000
    # The hub's own thread looks too.
    upkeep = Upkeep(hubs[0], look_every_s=0.01)
    upkeep._look()
    assert abs(hubs[0].agreed - hubs[1].agreed) < 1_000_000
