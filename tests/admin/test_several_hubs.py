"""What a hub leaves to the others of its database, whose clocks differ from its own."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from leadwell.admin import app as admin
from leadwell.admin.importing import files
from leadwell.api.app import Beside, app
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.hook import Hook
from leadwell.model.importing import STALE_US, Job, State
from leadwell.model.token import public_id_of
from leadwell.server.clock import AgreedClock
from leadwell.server.outgoing.ringing import Ringer
from leadwell.server.upkeep import Upkeep
from leadwell.store.connection import Connection, Database
from leadwell.store.outgoing import hooks
from leadwell.store.uploads import jobs, shared
from tests import make
from tests.admin.uploads import ROWS, Upload, bodies, counts, send, upload
from tests.asking import Whole
from tests.desk import Desk, a_user

MINUTES = timedelta(minutes=5)


@pytest.fixture(scope="session")
def engine() -> str:
    """Only such a database has several hubs."""
    return "postgres"


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
        client = Whole(app(hub, beside=beside), base_url=hub.public_url)
        found.append(Desk.of(hub, client, user))
    yield found
    for hub in hubs:
        hub.works.stop()


def names_in(hub: Hub) -> set[str]:
    return {path.name for path in hub.uploads.iterdir()}


def shared_names(hub: Hub) -> set[str]:
    return hub.database.read(shared.names)


def job_of(one: Upload) -> Job:
    job_id = int(one.path.rpartition("/")[2])
    return one.desk.hub.database.read(lambda c: jobs.known(c, 362, job_id))


def aged(hub: Hub, seconds: float) -> None:
    """Have the files of a hub lie there for so long."""
    for path in hub.uploads.iterdir():
        os.utime(path, (time.time() - seconds,) * 2)


def test_a_file_is_gone_on_with_at_the_other_hub(
    desks: list[Desk], hubs: list[Hub], campaign: Campaign
) -> None:
    here, there = desks
    first = upload(here, 362, ROWS)
    (name,) = names_in(hubs[0])
    other = Upload(there, there.get(first.path))
    assert counts(other.do("check"))["New leads"] == 2
    assert names_in(hubs[1]) == {name, f"{name}.errors.csv"}
    assert "not mail" in here.get(f"{first.path}/errors").text
    assert counts(first.do("load"))["Added"] == 2
    assert len(bodies(there, campaign)) == 2
    # What was refused can be mended, wherever it is asked for.
    assert shared_names(hubs[0]) == {f"{name}.errors.csv"}
    sent = there.get(f"{first.path}/errors")
    assert sent.headers["content-disposition"] == (
        'attachment; filename="leads-errors.csv"'
    )
    assert sent.text == here.get(f"{first.path}/errors").text
    assert "not mail" in sent.text
    # The other hub still has the file, and lets go of it before long.
    assert name in names_in(hubs[1])
    aged(hubs[1], files.UNSETTLED_S + 1)
    files.sweep(hubs[1], lambda: hubs[1].moment)
    assert names_in(hubs[1]) == {f"{name}.errors.csv"}
    assert Upload(there, there.get(first.path)).do("undo").status_code == 200
    assert bodies(here, campaign) == []
    assert shared_names(hubs[0]) == set()
    assert there.get(f"{first.path}/errors").status_code == 404
    assert here.get(f"{first.path}/errors").status_code == 404


def test_a_campaign_of_a_file_is_gone_on_with_at_the_other_hub(
    desks: list[Desk], hubs: list[Hub]
) -> None:
    here, there = desks
    content = "\n".join(ROWS)
    page = send(here, "/campaigns/import", content, title="Of a file")
    other = Upload(there, there.get(page.url.path))
    assert other.page.status_code == 200
    assert counts(other.do("check"))["New leads"] == 3
    assert counts(other.do("load"))["Added"] == 3


def test_another_hub_goes_on_where_one_was_lost(
    desks: list[Desk], hubs: list[Hub], campaign: Campaign
) -> None:
    """As it stands after a hub that had read it to the end, and was killed."""
    here, there = desks
    first = upload(here, 362, ROWS)
    first.do("check")
    job = job_of(first)
    lost = replace(job, state=State.LOADING, beat_at=hubs[0].agreed - STALE_US)
    assert hubs[0].database.write(lambda c: jobs.beat(c, job, lost)).result()
    shutil.rmtree(hubs[0].uploads)
    other = Upload(there, there.get(first.path))
    assert counts(other.do("load"))["Added"] == 2
    assert len(bodies(there, campaign)) == 2


def test_a_file_that_is_not_whole_is_no_file(
    desks: list[Desk], hubs: list[Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part is less than what was put there, and would be leads that are missing."""
    monkeypatch.setattr(shared, "PART_BYTES", 16)
    here, there = desks
    first = upload(here, 362, ROWS)
    (name,) = shared_names(hubs[0])
    other = Upload(there, there.get(first.path))
    assert other.do("check").status_code == 200
    (hubs[1].uploads / name).unlink()

    def cut(connection: Connection) -> None:
        number = 0
        while shared.find(connection, 362, name, number):
            number += 1
        connection.run(
            "DELETE FROM upload_part WHERE campaign_id = 362 AND part >= :part",
            {"part": number},
        )

    hubs[0].database.write(cut).result()
    page = other.do("check")
    assert page.status_code == 422
    assert "the hub has leads.csv no more" in page.text
    assert not [each for each in names_in(hubs[1]) if not each.endswith(".csv")]
    # Where it was uploaded, it goes on.
    assert first.look().status_code == 200
    assert first.do("check").status_code == 200


def test_a_file_that_nobody_goes_on_with_is_let_go_by_all(
    desks: list[Desk], hubs: list[Hub]
) -> None:
    upload(desks[0], 362, ROWS)
    assert len(shared_names(hubs[1])) == 1
    files.forget(hubs[1])
    assert len(shared_names(hubs[1])) == 1

    def age(connection: Connection) -> None:
        connection.run(
            "UPDATE upload_part SET at = at - :by WHERE campaign_id = 362",
            {"by": files.KEPT_S * 1_000_000 + 1},
        )

    hubs[0].database.write(age).result()
    Upkeep(hubs[1], look_every_s=0.01)._look()
    assert shared_names(hubs[0]) == set()
    aged(hubs[0], files.UNSETTLED_S + 1)
    files.sweep(hubs[0], lambda: hubs[0].moment)
    assert names_in(hubs[0]) == set()


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
