"""Durable writes over HTTP, to a copy of the leads that are read."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Any

from bench import load, progress, serving
from bench.cases import LEADS
from bench.data import Made, leads_of, settled
from bench.load import asked, posted
from bench.measures.reading import warm
from bench.serving import Server

WRITTEN = 5_000
BATCH = 100
RATE = 1_000
"""Leads a second that come in while pages are read."""
MEANWHILE_S = 4.0
READERS = 2
SINGLES = 1_000
ONE, MANY = "writes of one lead", "batches of 100"
CALM, BUSY, COMING = "calm_us", "busy_us", "came_in_per_s"


def measured(given: Made, folder: Path) -> dict[str, float]:
    """Return leads a second: one lead a request, and batches of 100."""
    rates: dict[str, float] = {}
    progress.stage("durable writes")
    with _copied(given, folder) as copy, serving.hub(copy) as hub:
        one = [posted(LEADS, copy.whole, json.dumps(x).encode()) for x in _bodies()]
        many = list(_batches(copy))
        for clients in (1, 16):
            progress.step(f"{ONE}, {clients} clients")
            figures = load.measured(hub, lambda n: one[n], SINGLES, clients, 201)
            rates[named(ONE, clients)] = figures.count / figures.wall_s
        for clients in (1, 4):
            progress.step(f"{MANY}, {clients} clients")
            figures = load.measured(hub, lambda n: many[n], len(many), clients)
            rates[named(MANY, clients)] = WRITTEN / figures.wall_s
        _check_taken(hub, copy, 2 * SINGLES + 2 * WRITTEN)
    return rates


def named(what: str, clients: int) -> str:
    """Name a rate."""
    return f"{what}, {clients} client{'s' if clients > 1 else ''}"


def reads_meanwhile(given: Made, folder: Path, rounds: int) -> dict[str, float]:
    """Return what a page costs while leads come in, in microseconds of processor time.

    What the writes cost alone is measured first, and taken off.
    """
    progress.stage("pages while leads come in")
    with _copied(given, folder) as copy, serving.hub(copy) as hub:
        warm(hub, copy)
        many = list(_batches(copy))
        found = [_round(hub, copy, many) for _ in range(rounds)]
    return {name: median(each[name] for each in found) for name in found[0]}


def _round(hub: Server, copy: Made, many: list[bytes]) -> dict[str, float]:
    raw = asked(f"{LEADS}?page=1", copy.whole)
    calm = load.measured(hub, lambda _: raw, 2_000, READERS)
    with _coming_in(hub, many) as sent:
        before = hub.cpu_s
        time.sleep(MEANWHILE_S)
        idle_us = (hub.cpu_s - before) / sent.count * 1e6
    with _coming_in(hub, many) as sent:
        busy = load.measured(hub, lambda _: raw, 10**9, READERS, most_s=MEANWHILE_S)
        written_us = sent.count * idle_us
    return {
        CALM: calm.cpu_us,
        BUSY: (busy.cpu_s * 1e6 - written_us) / busy.count,
        COMING: sent.count * BATCH / MEANWHILE_S,
    }


@dataclass
class _Sent:
    count: int = 0
    refused: bytes = b""


@contextmanager
def _coming_in(hub: Server, many: list[bytes]) -> Iterator[_Sent]:
    sent, is_over = _Sent(), Event()

    def run() -> None:
        numbers = count()
        started = time.perf_counter()
        with load.connected(hub) as opened:
            while not is_over.is_set():
                head, _ = load.exchange(opened, many[next(numbers) % len(many)])
                if b" 200 " not in head[:20]:
                    sent.refused = head
                    return
                sent.count += 1
                due = started + sent.count * BATCH / RATE
                is_over.wait(max(0, due - time.perf_counter()))

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield sent
    finally:
        is_over.set()
        thread.join()
    if sent.refused or not sent.count:
        raise RuntimeError(f"a batch was not taken: {sent.refused!r}")


def _check_taken(hub: Server, copy: Made, written: int) -> None:
    """Make sure that what was measured is writing, not refusing."""
    body = load.body_of(hub, asked(f"{LEADS}?page=1", copy.whole))
    total = json.loads(body)["pagination"]["total"]
    if total != copy.leads + written:
        raise RuntimeError(f"{written} leads were sent, but there are {total}")


@contextmanager
def _copied(given: Made, folder: Path) -> Iterator[Made]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        copy = Made(Path(name) / "leads.db", given.leads, given.whole, given.partner)
        for end in ("", "-wal", ".key"):
            if Path(f"{given.path}{end}").exists():
                shutil.copy(f"{given.path}{end}", f"{copy.path}{end}")
        settled()
        yield copy


def _batches(given: Made) -> Iterator[bytes]:
    bodies = list(_bodies())
    for start in range(0, len(bodies), BATCH):
        body = json.dumps({"leads": bodies[start : start + BATCH]}).encode()
        yield posted(f"{LEADS}/batch", given.whole, body)


def _bodies() -> Iterator[dict[str, Any]]:
    for lead in leads_of(WRITTEN, seed=2):
        del lead["created_at"]
        yield lead
