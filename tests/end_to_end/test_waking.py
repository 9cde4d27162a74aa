"""Long polls at one hub, woken by what another one of the same database commits."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest

from tests import effort, postgres
from tests.polls import follow, waiting
from tests.served import KEY, Served, a_folder, a_hub
from tests.sizes import until

LEADS = "/v2/campaigns/362/leads"
LISTENERS = """
SELECT pid FROM pg_stat_activity
 WHERE datname = current_database() AND query = 'LISTEN leadwell'
"""
pytestmark = [pytest.mark.proof, pytest.mark.one_server]


@dataclass
class House:
    """A hub that is written to, one where readers wait, and their database."""

    writer: Served
    waiter: Served
    database: "psycopg.Connection[tuple[int]]"
    pool: ThreadPoolExecutor

    def add(self, name: str) -> int:
        body = {"fields": {"name": name}}
        made = self.writer.request("POST", LEADS, body)
        assert made.status_code == 201
        return int(made.json()["data"]["id"])

    def listeners(self) -> list[int]:
        return [pid for (pid,) in self.database.execute(LISTENERS).fetchall()]

    def hears(self) -> bool:
        return self.waiter.figure("leadwell_hearing") == 1


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folders = [tmp_path_factory.mktemp(name) for name in ("writer", "waiter")]
    token = a_folder(folders[0], "postgres")
    url = postgres.server().again(folders[0] / "leads.db")
    with ExitStack() as stack:
        hubs: list[Served] = []
        for folder in folders:
            (folder / "leads.db.key").write_text(KEY.hex())
            hubs.append(a_hub(folder, token, 1, "postgres", LEADWELL_DATABASE=url))
            stack.callback(hubs[-1].stop)
        database = stack.enter_context(psycopg.connect(url, autocommit=True))
        pool = stack.enter_context(ThreadPoolExecutor(8))
        writer, waiter = hubs
        yield House(writer, waiter, database, pool)


def test_a_commit_at_one_hub_answers_a_poll_at_the_other(house: House) -> None:
    """Soon after its own answer: without being told, it would look a second later."""
    spent: list[float] = []
    cursor = follow(house.waiter, house.waiter.token)
    for number in range(12 * effort.EFFORT):
        future = waiting(house.pool, house.waiter, house.waiter.token, cursor, 30)
        lead_id = house.add(f"Lead {number}")
        added = time.monotonic()
        answer, at = future.result(timeout=10)
        content = answer.json()
        assert [each["id"] for each in content["data"]] == [lead_id]
        cursor = content["cursor"]
        spent.append(at - added)
    assert house.hears()
    assert sorted(spent)[len(spent) // 2] < 0.25, spent


def test_a_listener_that_is_lost_loses_nothing(house: House) -> None:
    cursor = follow(house.waiter, house.waiter.token)
    met: list[int] = []
    added: list[int] = []
    for number in range(6 * effort.EFFORT):
        future = waiting(house.pool, house.waiter, house.waiter.token, cursor, 30)
        for pid in house.listeners():
            house.database.execute("SELECT pg_terminate_backend(%s)", (pid,))
        added.append(house.add(f"Lost {number}"))
        answer, _ = future.result(timeout=10)
        met += [each["id"] for each in answer.json()["data"]]
        cursor = answer.json()["cursor"]
    assert met == added
    until(house.hears)
    assert len(house.listeners()) == 1
