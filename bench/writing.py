"""Durable writes over HTTP, to a copy of the leads that are read."""

import json
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

from bench import load, serving
from bench.cases import LEADS
from bench.data import Made, leads_of
from bench.load import asked, posted

WRITTEN = 5_000
BATCH = 100
RATE = 1_000
"""Leads a second that come in while pages are read."""
MEANWHILE_S = 5.0


def measured(given: Made, folder: Path) -> dict[str, float]:
    """Return leads a second: one lead a request, and batches of 100."""
    rates: dict[str, float] = {}
    with _copied(given, folder) as copy, serving.hub(copy) as hub:
        one = [posted(LEADS, copy.whole, json.dumps(x).encode()) for x in _bodies()]
        many = list(_batches(copy))
        for clients in (1, 16):
            figures = load.measured(hub, lambda n: one[n], 1_000, clients, 201)
            rates[f"writes of one lead, {clients} clients"] = (
                figures.count / figures.wall_s
            )
        for clients in (1, 4):
            figures = load.measured(hub, lambda n: many[n], len(many), clients)
            rates[f"batches of 100, {clients} clients"] = WRITTEN / figures.wall_s
    return rates


def reads_meanwhile(given: Made, folder: Path) -> dict[str, float]:
    """Return what a page costs while leads come in, in microseconds of processor time.

    What the writes cost alone is measured first, and taken off.
    """
    with _copied(given, folder) as copy, serving.hub(copy) as hub:
        many = list(_batches(copy))
        raw = asked(f"{LEADS}?page=1", copy.whole)
        load.measured(hub, lambda _: raw, 500, 2)
        calm = load.measured(hub, lambda _: raw, 3_000, 2)
        with _coming_in(hub, many) as sent:
            before = hub.cpu_s
            time.sleep(MEANWHILE_S)
            idle_us = (hub.cpu_s - before) / sent.count * 1e6
        with _coming_in(hub, many) as sent:
            busy = load.measured(hub, lambda _: raw, 10**9, 2, most_s=MEANWHILE_S)
            written_us = sent.count * idle_us
    cpu_us = (busy.cpu_s * 1e6 - written_us) / busy.count
    return {
        "a page, CPU µs": calm.cpu_us,
        "a page while 1,000 leads/s come in, CPU µs": cpu_us,
        "leads/s that came in": sent.count * BATCH / MEANWHILE_S,
    }


@dataclass
class _Sent:
    count: int = 0


@contextmanager
def _coming_in(hub: serving.Server, many: list[bytes]) -> Iterator[_Sent]:
    sent, is_over = _Sent(), Event()

    def run() -> None:
        numbers = count()
        started = time.perf_counter()
        with socket.create_connection(("127.0.0.1", hub.port)) as opened:
            while not is_over.is_set():
                load.exchange(opened, many[next(numbers) % len(many)])
                sent.count += 1
                due = started + sent.count * BATCH / RATE
                is_over.wait(max(0, due - time.perf_counter()))

    thread = Thread(target=run)
    thread.start()
    try:
        yield sent
    finally:
        is_over.set()
        thread.join()


@contextmanager
def _copied(given: Made, folder: Path) -> Iterator[Made]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        copy = Made(Path(name) / "leads.db", given.leads, given.whole, given.partner)
        shutil.copy(given.path, copy.path)
        shutil.copy(f"{given.path}.key", f"{copy.path}.key")
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
