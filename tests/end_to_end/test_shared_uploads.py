"""A file that is uploaded at one hub, and loaded at another one that is killed."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest

from leadwell.admin import sessions
from leadwell.api.hub import Hub
from leadwell.model.importing import STALE_US, Job, State
from leadwell.model.keyring import Keyring
from leadwell.model.token import digest
from leadwell.store import accounts, campaigns
from leadwell.store.connection import Database
from leadwell.store.people import users
from leadwell.store.uploads import jobs, shared
from tests import make, postgres
from tests.admin.uploads import Upload, send
from tests.desk import Desk, a_user
from tests.served import KEY, Served, a_folder, a_hub
from tests.sizes import PROC, size_of

MEGABYTES = int(os.environ.get("LEADWELL_TEST_UPLOAD_MB", "4"))
"""For a file as large as a hub takes: LEADWELL_TEST_UPLOAD_MB=190."""
ROWS = MEGABYTES * 1_000
GROWTH_KIB = 100_000
"""What a hub may need at its work, however large the file is."""
PATIENCE_S = 60 + 3 * MEGABYTES
pytestmark = [pytest.mark.proof, pytest.mark.one_server]


@dataclass
class House:
    """Two hubs as on two machines, and who is signed in at both."""

    hubs: list[Served]
    desks: list[Desk]
    database: Database

    def job(self, upload: Upload) -> Job:
        number = int(upload.path.rpartition("/")[2])
        return self.database.read(lambda c: jobs.known(c, 362, number))

    def wait_for(self, upload: Upload, *states: State, added: int = 0) -> Job:
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            job = self.job(upload)
            if job.state in states and job.progress.added >= added:
                return job
            time.sleep(0.05)
        raise AssertionError(self.job(upload))

    def leads(self) -> int:
        with self.database.reading() as connection:
            ((count,),) = connection.rows(
                "SELECT count(*) FROM lead WHERE campaign_id = 362"
            )
            return int(count)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        (folder / "tmp").mkdir(parents=True)
    token = a_folder(folders[0], "postgres")
    url = postgres.server().again(folders[0] / "leads.db")
    with ExitStack() as stack:
        hubs: list[Served] = []
        for folder in folders:
            (folder / "leads.db.key").write_text(KEY.hex())
            more = {"LEADWELL_DATABASE": url, "TMPDIR": str(folder / "tmp")}
            patience_s = PATIENCE_S
            hubs.append(a_hub(folder, token, 1, "postgres", "", patience_s, **more))
            stack.callback(hubs[-1].kill)
        database = make.a_database_again(folders[0] / "leads.db", "postgres")
        stack.callback(database.close)
        desks = list(_desks(database, hubs, stack))
        yield House(hubs, desks, database)


def _desks(database: Database, hubs: list[Served], stack: ExitStack) -> Iterator[Desk]:
    """Sign somebody in once: a session holds at both."""
    secret, clock = sessions.new_secret(), make.Clock()
    with database.reading() as connection:
        account = accounts.find_by_id(
            connection, campaigns.known(connection, 362).account_id
        )
    known = Hub(database, Keyring.of(KEY), clock, "http://127.0.0.1")
    user = a_user(known, account)
    key = digest(KEY, secret)
    database.write(lambda c: users.add_session(c, key, user.email, c.clock())).result()
    for hub in hubs:
        client = httpx2.Client(
            base_url=f"http://127.0.0.1:{hub.port}",
            headers={"Accept": "text/html"},
            cookies={sessions.cookie_name(known): secret},
            follow_redirects=True,
            timeout=PATIENCE_S,
        )
        stack.callback(client.close)
        yield Desk(known, client, user, secret)  # type: ignore[arg-type]


def test_a_large_file_is_gone_on_with_after_a_kill(house: House) -> None:
    """No lead is lost, none is doubled, and the file is nowhere any more."""
    notes = "x" * 960
    lines = [f"Lead {number},{notes}" for number in range(ROWS)]
    content = "\n".join(["name,project-notes", *lines]) + "\n"
    before = house.leads()
    here, there = house.desks
    first = Upload(here, send(here, "/campaigns/362/import", content))
    other = Upload(there, there.get(first.path))
    sizes = [size_of(hub).memory_kib if PROC.exists() else 0 for hub in house.hubs]
    other.do("check")
    checked = house.wait_for(first, State.CHECKED, State.FAILED)
    assert (checked.state, checked.progress.failed) == (State.CHECKED, 0)
    if PROC.exists():
        assert size_of(house.hubs[1]).memory_kib - sizes[1] < GROWTH_KIB
    other.do("load")
    job = house.wait_for(first, State.LOADING, added=1)
    house.hubs[1].kill()
    # Half a minute later it counts as interrupted.
    job = house.job(first)
    assert job.state is State.LOADING
    # The clocks of two hubs agree, but not to the microsecond.
    old = replace(job, beat_at=job.beat_at - 2 * STALE_US)
    assert house.database.write(lambda c: jobs.beat(c, job, old)).result()
    first.do("load")
    loaded = house.wait_for(first, State.LOADED, State.FAILED)
    assert (loaded.state, loaded.progress.added) == (State.LOADED, ROWS)
    assert house.leads() - before == ROWS
    assert house.database.read(shared.names) == set()
