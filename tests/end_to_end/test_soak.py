"""A long day of mixed use: what the hub's processes hold does not grow.

Before a release LEADWELL_TEST_SOAK_S=1800, and on command 7200.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from leadwell.admin import sessions
from leadwell.api.hub import Hub
from leadwell.model.keyring import Keyring
from leadwell.model.token import digest
from leadwell.store import accounts, campaigns
from leadwell.store.people import users
from tests import make
from tests.desk import Desk, a_user
from tests.load.day import KEPT_MAX, Day
from tests.load.gauge import Gauge, watched
from tests.load.generator import HUB_CORE, on_core
from tests.recording import recorded
from tests.served import KEY, a_folder, a_hub
from tests.sizes import PROC

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not PROC.exists(), reason="only Linux tells what it holds"),
]
SECONDS = float(os.environ.get("LEADWELL_TEST_SOAK_S", "10"))
ENGINE = os.environ.get("LEADWELL_TEST_LOAD_ON", "sqlite")
GROWTH_MAX = 1.05 if SECONDS >= 1_800 else 1.5
"""Of the second half. A shorter run still fills what is remembered up to a bound: the
walks of ten minutes, by 64 MB."""
MORE_FILES, MORE_THREADS = 10, 4
"""What one moment may have open beyond another one."""


@contextmanager
def a_day(folder: Path) -> Iterator[Day]:
    """A hub with some leads, and somebody who is signed in at it."""
    token = a_folder(folder, ENGINE)
    with on_core(HUB_CORE):
        hub = a_hub(folder, token, 1, ENGINE)
    database = make.a_database_again(folder / "leads.db", ENGINE)
    with database.reading() as connection:
        account = accounts.find_by_id(connection, 1)
        campaign = campaigns.known(connection, 362)
    make.leads(database, campaign, [{"fields": {"name": "Person"}}] * KEPT_MAX)
    known = Hub(database, Keyring.of(KEY), make.Clock(), "http://127.0.0.1")
    user, secret = a_user(known, account), sessions.new_secret()
    key = digest(KEY, secret)
    database.write(lambda c: users.add_session(c, key, user.email, c.clock())).result()
    try:
        with httpx2.Client(
            base_url=f"http://127.0.0.1:{hub.port}",
            headers={"Accept": "text/html"},
            cookies={sessions.cookie_name(known): secret},
            follow_redirects=True,
            timeout=60,
        ) as client:
            yield Day(hub, Desk(known, client, user, secret))  # type: ignore[arg-type]
    finally:
        database.close()
        hub.stop()


def test_what_a_hub_holds_does_not_grow(tmp_path: Path) -> None:
    with recorded("soak", on=ENGINE) as counts, a_day(tmp_path) as day:
        with watched(day.hub, min(1.0, SECONDS / 50)) as gauge:
            day.live(SECONDS)
        half, end = gauge.mean_kib(0.45, 0.55), gauge.mean_kib(0.9, 1.0)
        middle, last = gauge.sizes[len(gauge.sizes) // 2], gauge.sizes[-1]
        counts.update(
            requests=day.statuses.total(),
            half_mb=round(half / 1024),
            end_mb=round(end / 1024),
            peak_mb=gauge.peak_kib // 1024,
            files=last.files,
            threads=last.threads,
        )
        sys.stdout.write(f"{dict(counts)} {day.statuses} {_every_tenth(gauge)}\n")
        assert not day.faults
        assert end <= half * GROWTH_MAX
        assert last.files <= middle.files + MORE_FILES
        assert last.threads <= middle.threads + MORE_THREADS


def _every_tenth(gauge: Gauge) -> list[tuple[int, int, int]]:
    step = max(len(gauge.sizes) // 10, 1)
    return [(s.threads, s.files, s.memory_kib // 1024) for s in gauge.sizes[::step]]
