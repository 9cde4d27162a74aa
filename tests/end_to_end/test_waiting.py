"""Long polls of a running hub: what wakes them, what ends them, what they cost."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from leadwell.store import tokens
from leadwell.store.connection import Connection
from leadwell.store.engines.sqlite import SQLiteDatabase
from tests import make
from tests.effort import noted
from tests.polls import answer_of, follow, poll_many, waiting
from tests.served import KEY, Served, a_folder, a_hub
from tests.sizes import PROC, Size, size_of, until

ABANDONED = 200
QUICK_S = 3
"""Alone on a machine each takes a tenth of it; the other tests want their share.
Without what is tested here it would be the 30 seconds of a poll."""


@pytest.fixture(scope="module", params=[1, 2], ids=["one worker", "two workers"])
def workers(request: pytest.FixtureRequest) -> int:
    count: int = request.param
    return count


@pytest.fixture(scope="module")
def folder(workers: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(f"hub-{workers}")


@pytest.fixture(scope="module")
def hub(folder: Path, workers: int) -> Iterator[Served]:
    made = a_hub(folder, a_folder(folder), workers, **noted())
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _nobody_waits_any_more(hub: Served) -> Iterator[None]:
    """The next test has the hub to itself."""
    yield
    until(lambda: hub.figure("leadwell_long_polls_open") == 0)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


@pytest.fixture
def beside(folder: Path, hub: Served) -> Iterator[SQLiteDatabase]:
    """The hub's database, opened by another process: this one."""
    opened = make.a_database_again(folder / "leads.db")
    yield opened
    opened.close()


def west(database: SQLiteDatabase) -> str:
    """Another token, which sees the leads of Partner West."""
    with database.reading() as connection:
        account = make.accounts.find_by_id(connection, 1)
        campaign = make.campaigns.known(connection, 362)
    return make.a_token(database, account, campaign, "source=partner-west", key=KEY)


def add(hub: Served, source: str) -> None:
    body = {"fields": {"name": "J", "source": source}}
    assert hub.request("POST", "/v2/campaigns/362/leads", body).status_code == 201


def test_a_change_wakes_those_who_see_it_and_nobody_else(
    hub: Served, beside: SQLiteDatabase, pool: ThreadPoolExecutor
) -> None:
    scoped = west(beside)
    inside = waiting(pool, hub, scoped, follow(hub, scoped), 30)
    whole = waiting(pool, hub, hub.token, follow(hub, hub.token), 30)
    add(hub, "website")
    answer, at = whole.result(timeout=10)
    assert len(answer.json()["data"]) == 1
    # It goes on waiting: what lies outside its scope is nothing to it.
    time.sleep(0.5)
    assert not inside.done()
    add(hub, "partner-west")
    changed = time.monotonic()
    answer, at = inside.result(timeout=10)
    assert at - changed < QUICK_S
    assert [x["lead"]["fields"]["name"] for x in answer.json()["data"]] == ["J"]


def test_a_poll_that_nothing_happens_to_ends_with_its_time(
    hub: Served, beside: SQLiteDatabase, pool: ThreadPoolExecutor
) -> None:
    scoped = west(beside)
    cursor = follow(hub, scoped)
    started = time.monotonic()
    # Longer than it takes to see that it waits, also on a busy machine.
    future = waiting(pool, hub, scoped, cursor, 3)
    add(hub, "website")
    answer, at = future.result(timeout=10)
    assert 2.9 < at - started < 3 + QUICK_S
    content = answer.json()
    assert (content["data"], content["up_to_date"]) == ([], True)


def test_a_hub_that_stops_answers_who_waits_and_waits_for_nobody(
    workers: int, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    # One of its own: the others go on asking theirs.
    hub = a_hub(tmp_path, a_folder(tmp_path), workers, **noted())
    cursor = follow(hub, hub.token)
    polls = [waiting(pool, hub, hub.token, cursor, 30) for _ in range(3)]
    stopped = time.monotonic()
    hub.stop()
    # As long as it waits for requests that do not end: ten seconds.
    assert time.monotonic() - stopped < 10
    for answer, at in (each.result(timeout=10) for each in polls):
        assert (answer.status_code, answer.json()["data"]) == (200, [])
        assert at - stopped < QUICK_S
    said = (tmp_path / "log").read_text()
    assert "fault" not in said
    events = [json.loads(x)["event"] for x in said.splitlines() if x[:1] == "{"]
    assert events.count("stopping") == events.count("stopped") == workers
    assert events[-1] == "stopped"


def test_a_token_that_is_revoked_is_answered_no_longer(
    hub: Served, beside: SQLiteDatabase, pool: ThreadPoolExecutor
) -> None:
    scoped = west(beside)
    future = waiting(pool, hub, scoped, follow(hub, scoped), 30)
    public_id = scoped.split("_")[1]

    def revoke(connection: Connection) -> None:
        known = tokens.known(connection, public_id)
        tokens.change(connection, replace(known, revoked_at=make.MIDNIGHT), now=0)

    beside.write(revoke).result()
    revoked = time.monotonic()
    answer, at = future.result(timeout=10)
    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_token"
    assert at - revoked < QUICK_S


@pytest.mark.skipif(not PROC.exists(), reason="only Linux tells what a process holds")
def test_readers_that_go_away_leave_nothing_behind(hub: Served) -> None:
    cursor = follow(hub, hub.token)
    before = size_of(hub)
    sizes: list[Size] = []
    for _ in range(4):
        with poll_many(hub, cursor, ABANDONED):
            # Those who went away before they were met would prove nothing.
            until(lambda: size_of(hub).files >= before.files + ABANDONED)
        until(lambda: size_of(hub).files < before.files + ABANDONED / 2)
        started = time.monotonic()
        assert hub.get("/v2/me").status == 200
        assert time.monotonic() - started < QUICK_S
        sizes.append(size_of(hub))
    # What stays are the threads that read, and their connections.
    assert sizes[-1].threads < before.threads + 30
    assert sizes[-1].files < before.files + 60
    assert sizes[-1].memory_kib - sizes[1].memory_kib < 8_000


def test_waiting_readers_do_not_hold_up_others(hub: Served) -> None:
    with poll_many(hub, follow(hub, hub.token), ABANDONED) as opened:
        time.sleep(0.5)
        spent: list[float] = []
        for _ in range(20):
            started = time.monotonic()
            assert hub.get("/v2/me").status == 200
            spent.append(time.monotonic() - started)
        woken = time.monotonic()
        add(hub, "website")
        for each in opened:
            assert b'"op":"upsert"' in answer_of(each)
    assert sorted(spent)[10] < QUICK_S / 3
    assert time.monotonic() - woken < 3 * QUICK_S
