"""Crowds that a hub has to live with: a flood, idle polls, and clients that trickle.

A longer flood, and a longer siege: LEADWELL_TEST_EFFORT=20 make proof.
"""

import asyncio
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import pytest

from tests import make
from tests.effort import EFFORT
from tests.recording import recorded
from tests.served import KEY, Served, a_folder, a_hub
from tests.sizes import PROC, size_of

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not PROC.exists(), reason="only Linux tells what it costs"),
]

LEADS = "/v2/campaigns/362/leads"
POLLS, OF_ONE = 2_000, 400
TRICKLES = 500
COST = 1.5
"""Points of a page of fifty leads."""
FLOOD = 200
"""Connections over which one token asks as fast as it is answered."""
SECONDS = 3 * EFFORT
QUICK_S = 0.5
"""What the slowest twentieth of the answers to somebody else may take on a busy
machine of two processors; alone it is some milliseconds."""
CPU_MAX = 0.4
"""Of one processor, for two thousand polls that wait."""
MEMORY_KIB_MAX = 80_000


@pytest.fixture(autouse=True)
def _many_files() -> Iterator[None]:
    """Open as many connections as are needed, here and in the hub."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], 10_000), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextmanager
def a_crowd(
    folder: Path,
    tokens: int,
    engine: str = "sqlite",
    workers: int = 1,
    **settings: str,
) -> Iterator[tuple[Served, ...]]:
    """A hub as it is served by default, once for each of some tokens."""
    first = a_folder(folder, engine)
    database = make.a_database_again(folder / "leads.db", engine)
    with database.reading() as connection:
        account = make.accounts.find_by_id(connection, 1)
        campaign = make.campaigns.known(connection, 362)
    make.leads(database, campaign, [{"fields": {"name": "J"}}] * 2_000)
    others = [
        make.a_token(database, account, campaign, key=KEY) for _ in range(tokens - 1)
    ]
    database.close()
    defaults = {
        "LEADWELL_TOKEN_RATE": "200",
        "LEADWELL_WRONG_TOKENS_RATE": "1",
        "LEADWELL_LOG_LEVEL": "warning",
    }
    hub = a_hub(folder, first, workers, engine, **defaults | settings)
    try:
        yield (
            hub,
            *(Served(hub.process, hub.port, token, hub.engine) for token in others),
        )
    finally:
        hub.stop()


def say(text: str) -> None:
    """Show a figure to who runs this with `-s`."""
    sys.stdout.write(f"{text}\n")


def request(token: str, path: str) -> bytes:
    lines = (f"GET {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}")
    return "\r\n".join([*lines, "", ""]).encode()


def reads(hub: Served, seconds: float) -> list[float]:
    """How long each of a reader's requests took, one after the other."""
    spent: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        started = time.monotonic()
        answer = hub.request("GET", f"{LEADS}?per_page=50")
        assert answer.status_code == 200, answer.text
        spent.append(time.monotonic() - started)
        time.sleep(0.02)
    return spent


def slowest(spent: list[float]) -> float:
    """The time that nineteen of twenty took at most."""
    return quantiles(spent, n=20)[-1]


def cpu_s(hub: Served) -> float:
    fields = (PROC / str(hub.process.pid) / "stat").read_text().rpartition(")")[2]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def asked_again_and_again(
    port: int, raw: bytes, until: float, seen: Counter[int]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < until:
        writer.write(raw)
        head = await reader.readuntil(b"\r\n\r\n")
        seen[int(head.split(b" ", 2)[1])] += 1
        (length,) = (
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        await reader.readexactly(length)
    writer.close()


def flood(port: int, token: str, seconds: float, told: "SimpleQueue[Any]") -> None:
    """Ask over many connections at once; tell what was answered. Has a process."""

    async def all_of_it() -> Counter[int]:
        until, seen = time.monotonic() + seconds, Counter[int]()
        raw = request(token, f"{LEADS}?per_page=50")
        connections = (
            asked_again_and_again(port, raw, until, seen) for _ in range(FLOOD)
        )
        await asyncio.gather(*connections)
        return seen

    told.put(dict(asyncio.run(all_of_it())))


@pytest.mark.parametrize(
    ("engine", "rate"), [("sqlite", "200"), ("sqlite", "0"), ("postgres", "0")]
)
def test_a_flood_of_one_token_does_not_disturb_another(
    tmp_path: Path, engine: str, rate: str
) -> None:
    """Where it has no rate, what it may have open at once is its only bound."""
    with a_crowd(tmp_path, 2, engine, LEADWELL_TOKEN_RATE=rate) as (flooded, calm):
        alone = reads(calm, 1)
        apart = get_context("spawn")
        told: SimpleQueue[Any] = apart.SimpleQueue()
        process = apart.Process(
            target=flood, args=(flooded.port, flooded.token, SECONDS, told)
        )
        process.start()
        time.sleep(1)
        beside = reads(calm, SECONDS - 1.5)
        # Nor do they who are to look what is going on.
        assert flooded.get("/health/ready").status == 200
        seen = told.get()
        process.join()
        after = reads(calm, 1)
    say(f"flooded {seen}, alone {median(alone):.4f}, beside {median(beside):.4f}")
    assert set(seen) <= {200, 429, 503}
    if rate != "0":
        assert COST * seen[200] <= 2_000 + 200 * (SECONDS + 5)
        assert seen[429] > 0
    assert len(beside) > 10
    assert slowest(beside) < QUICK_S
    assert median(after) < max(3 * median(alone), 0.05)


def test_two_workers_let_one_rate_through(tmp_path: Path) -> None:
    """The bound of ADR 0029; two workers that did not speak would let twice as much."""
    rate, seconds = 100, 6
    own = {"LEADWELL_TOKEN_RATE": f"{rate}", "LEADWELL_RATE_BURST_S": "1"}
    with a_crowd(tmp_path, 1, workers=2, **own) as (hub,):
        apart = get_context("spawn")
        told: SimpleQueue[Any] = apart.SimpleQueue()
        started = time.monotonic()
        process = apart.Process(target=flood, args=(hub.port, hub.token, seconds, told))
        process.start()
        seen = told.get()
        taken_s = time.monotonic() - started
        process.join()
    points = COST * seen[200]
    say(f"two workers let {points:.0f} points through in {seconds} s: {seen}")
    assert points <= rate * taken_s + 2 * (rate + rate)
    assert points < 2 * rate * seconds
    assert points > rate * (seconds - 1)


def test_two_thousand_idle_polls_cost_next_to_nothing(tmp_path: Path) -> None:
    with (
        recorded("crowds", on="idle long polls") as counts,
        a_crowd(tmp_path, POLLS // OF_ONE + 1) as (*polling, calm),
    ):
        asyncio.run(_polled(polling, calm, counts))


async def _polled(polling: list[Served], calm: Served, counts: Counter[str]) -> None:
    first = polling[0]
    before = size_of(first)
    opened: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    for hub in polling:
        cursor = hub.request("GET", f"{LEADS}/changes?_from=now").json()["cursor"]
        raw = request(hub.token, f"{LEADS}/changes?_cursor={cursor}&_wait=60")
        for _ in range(OF_ONE):
            reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
            writer.write(raw)
            opened.append((reader, writer))
    for _ in range(100):
        if first.figure("leadwell_long_polls_open") == POLLS:
            break
        await asyncio.sleep(0.1)
    assert first.figure("leadwell_long_polls_open") == POLLS
    spent, started = cpu_s(first), time.monotonic()
    await asyncio.sleep(3)
    used = (cpu_s(first) - spent) / (time.monotonic() - started)
    beside = reads(calm, 1)
    grown = size_of(first).memory_kib - before.memory_kib
    say(
        f"{POLLS} polls: {used:.1%} of a processor, {grown} KiB, {median(beside):.4f} s"
    )
    assert used < CPU_MAX
    assert grown < MEMORY_KIB_MAX
    assert slowest(beside) < QUICK_S
    woken_s = await _woken(first, opened)
    say(f"all of them woken in {woken_s:.2f} s")
    assert woken_s < 15
    counts.update(
        held=POLLS,
        cpu_percent=round(used * 100),
        grown_mb=grown // 1024,
        beside_ms=round(median(beside) * 1e3),
        woken_ms=round(woken_s * 1e3),
    )


async def _woken(
    hub: Served, opened: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
) -> float:
    """Tell all of them of one lead, each by its own token; how long that took."""
    started = time.monotonic()
    body = {"fields": {"name": "Jane"}}
    assert hub.request("POST", LEADS, body).status_code == 201
    for reader, writer in opened:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert b" 200 " in head.split(b"\r\n")[0]
        writer.close()
    return time.monotonic() - started


def test_those_who_trickle_are_cut_off_and_hold_up_nobody(tmp_path: Path) -> None:
    settings = {"LEADWELL_HEADER_TIMEOUT_S": "3", "LEADWELL_BODY_TIMEOUT_S": "3"}
    with (
        recorded("crowds", on="requests that trickle") as counts,
        a_crowd(tmp_path, 1, **settings) as (hub,),
    ):
        asyncio.run(_trickled(hub, counts))


async def _trickled(hub: Served, counts: Counter[str]) -> None:
    loop = asyncio.get_running_loop()
    before, started = size_of(hub), time.monotonic()
    cut = [asyncio.create_task(_trickle(hub.port, n)) for n in range(TRICKLES)]
    while size_of(hub).files < before.files + TRICKLES * 0.9:
        assert time.monotonic() - started < 10
        await asyncio.sleep(0.05)
    beside = await loop.run_in_executor(None, reads, hub, 1.5)
    spent = await asyncio.gather(*cut)
    say(f"{TRICKLES} trickle: {median(beside):.4f} s, cut off after {max(spent):.1f} s")
    assert slowest(beside) < QUICK_S
    assert max(spent) < 3 + 5
    while size_of(hub).files > before.files + TRICKLES / 10:
        assert time.monotonic() - started < 30
        await asyncio.sleep(0.05)
    grown = size_of(hub).memory_kib - before.memory_kib
    assert grown < MEMORY_KIB_MAX
    counts.update(
        held=TRICKLES,
        grown_mb=grown // 1024,
        beside_ms=round(median(beside) * 1e3),
        cut_off_ms=round(max(spent) * 1e3),
    )


async def _trickle(port: int, number: int) -> float:
    """Send a head byte by byte until it is cut off; how long that took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started = time.monotonic()
    # Some are silent, some never end their first line, some send ever more headers.
    kind = number % 3
    if kind:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n" if kind == 2 else b"GET /")
    while not reader.at_eof() and time.monotonic() - started < 20:
        if kind:
            writer.write(b"X-A: b\r\n" if kind == 2 else b"a")
        try:
            await asyncio.wait_for(reader.read(1_000), 0.3)
        except TimeoutError:
            continue
        except ConnectionError:
            break
    writer.close()
    return time.monotonic() - started
