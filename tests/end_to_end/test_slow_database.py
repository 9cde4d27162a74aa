"""A database that answers late holds up those who need it, and nobody else."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psycopg
import pytest

from tests import make
from tests.served import Served, a_folder, a_hub

HELD_S = 3
QUICK_S = 1.5


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Served]:
    made = a_hub(tmp_path, a_folder(tmp_path, "postgres"), engine="postgres")
    yield made
    made.stop()


@contextmanager
def locked(folder: Path, table: str) -> Iterator[None]:
    """Another session keeps a table to itself, as a migration does."""
    with psycopg.connect(make.url_of(folder / "leads.db", "postgres")) as raw:
        raw.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield


def timed(hub: Served, path: str, count: int = 1) -> float:
    """How long an answer takes, in seconds; of some the median.

    A single one may be late for what else the machine has to do.
    """
    spent: list[float] = []
    for _ in range(count):
        started = time.monotonic()
        assert hub.request("GET", path).status_code == 200
        spent.append(time.monotonic() - started)
    return median(spent)


@pytest.mark.parametrize("table", ["token", "campaign", "scope_member"])
def test_who_waits_for_the_database_holds_up_nobody_else(
    tmp_path: Path, hub: Served, table: str
) -> None:
    paths = ["/v2/me", "/v2/campaigns/362/leads/changes", "/v2/campaigns/362/leads/1"]
    with ThreadPoolExecutor() as pool, locked(tmp_path, table):
        waiting = [pool.submit(timed, hub, path) for path in paths]
        time.sleep(0.3)
        assert not all(each.done() for each in waiting)
        started = time.monotonic()
        while time.monotonic() - started < HELD_S:
            assert timed(hub, "/health/live", 5) < QUICK_S
        # All of those were answered while somebody still waited.
        assert not all(each.done() for each in waiting)
    assert max(each.result() for each in waiting) > HELD_S
    assert timed(hub, "/v2/me") < HELD_S


def test_a_poll_that_waits_for_the_database_holds_up_nobody_else(
    tmp_path: Path, hub: Served
) -> None:
    feed = "/v2/campaigns/362/leads/changes"
    cursor = hub.request("GET", feed).json()["cursor"]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(timed, hub, f"{feed}?_cursor={cursor}&_wait=2")
        time.sleep(0.3)
        with locked(tmp_path, "token"):
            time.sleep(0.3)
            assert timed(hub, "/health/live", 50) < QUICK_S
            assert not waiting.done()
        assert waiting.result() > 1
