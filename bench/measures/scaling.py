"""Beyond one process: many writers on PostgreSQL, four workers, and a cold hub.

What is compared is asked in turn, so that what else the machine does hits both alike.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any

from bench import load, postgres, progress, serving
from bench.cases import LEADS
from bench.data import CAMPAIGN, Made, more_campaigns, settled
from bench.load import Figures, asked, posted
from bench.measures import write_path
from bench.measures.reading import Effort, warm
from bench.measures.write_path import (
    ALONE,
    BODIES,
    CAMPAIGNS,
    CLIENTS,
    SPREAD,
    TOGETHER,
    WRITTEN_S,
    written,
)
from bench.postgres import Postgres
from bench.serving import Server

WORKERS = 4
LOADED_S = 5.0
"""By then every worker has loaded its index, beside the first answers."""
ONE_WORKER, MORE_WORKERS = "1 worker", f"{WORKERS} workers"
COLD = "first page of a cold hub"
Row = dict[str, float]


def measured(given: Made, effort: Effort) -> dict[str, Any]:
    """Return leads a second by kind of writing, and what pages cost or take."""
    with postgres.running() as server:
        url = postgres.fill_hub(server, given)
        tokens = more_campaigns(url, CAMPAIGNS)
        settled()
        path = write_path.measured(url, effort.rounds)
        writes = _writes(given, server, (url, tokens), effort.rounds)
    return {
        "path": path,
        "writes": writes,
        "pages": _pages(given, effort),
        "cold": {COLD: _cold(given, effort.rounds)},
    }


def _writes(
    given: Made, server: Postgres, hub_of: tuple[str, dict[int, str]], rounds: int
) -> dict[str, Row]:
    """Write single leads durably over HTTP, in three ways in turn."""
    progress.stage("PostgreSQL: single writes over HTTP")
    found: dict[str, list[Figures]] = {ALONE: [], TOGETHER: [], SPREAD: []}
    url, tokens = hub_of
    bodies = [json.dumps(lead).encode() for lead in written()]

    def to_one(number: int) -> bytes:
        return posted(LEADS, given.whole, bodies[number % BODIES])

    ways: dict[str, tuple[Callable[[int], bytes], int]] = {
        ALONE: (to_one, 1),
        TOGETHER: (to_one, CLIENTS),
        SPREAD: (lambda n: _to_one_of(tokens, n, bodies[n % BODIES]), CAMPAIGNS),
    }
    with serving.hub(given, url, serving.HUB, [server.process.pid]) as hub:
        for number in range(-1, rounds):
            for name, (request, clients) in ways.items():
                progress.step(f"round {number + 1} of {rounds}: {name}")
                most_s = WRITTEN_S if number >= 0 else 1.0
                figures = load.measured(
                    hub, request, 10**9, clients, 201, most_s=most_s
                )
                # The first round is for the interpreter and the caches.
                found[name] += [figures] if number >= 0 else []
    return {
        name: {
            "per_s": median(each.count / each.wall_s for each in taken),
            "cpu_us": median(each.cpu_us for each in taken),
            "p50_ms": median(each.waited_ms(0.5) for each in taken),
            "p99_ms": median(each.waited_ms(0.99) for each in taken),
        }
        for name, taken in found.items()
    }


def _to_one_of(tokens: dict[int, str], number: int, body: bytes) -> bytes:
    campaign = CAMPAIGN + 1 + number % CAMPAIGNS
    return posted(f"/v2/campaigns/{campaign}/leads", tokens[campaign], body)


def _pages(given: Made, effort: Effort) -> dict[str, Row]:
    """Ask hubs of one worker and of some for the same page."""
    progress.stage("pages of several workers")
    raw = asked(f"{LEADS}?page=1", given.whole)
    taken: dict[str, list[float]] = {ONE_WORKER: [], MORE_WORKERS: []}
    with ExitStack() as stack:
        hubs: dict[str, Server] = {}
        for name, workers in ((ONE_WORKER, 1), (MORE_WORKERS, WORKERS)):
            hub = serving.hub(given, name=name, more=("--workers", str(workers)))
            hubs[name] = stack.enter_context(hub)
            warm(hubs[name], given)
            # Each connection meets a worker by chance: with so many all have the index.
            load.measured(hubs[name], lambda _: raw, 800, 8 * workers)
            time.sleep(LOADED_S)
        for number in range(effort.rounds):
            progress.step(f"round {number + 1} of {effort.rounds}")
            for name, hub in hubs.items():
                figures = load.measured(hub, lambda _: raw, effort.count, 2 * WORKERS)
                taken[name].append(figures.cpu_us)
    return {name: {"cpu_us": median(costs)} for name, costs in taken.items()}


def _cold(given: Made, rounds: int) -> Row:
    """Start a hub that has nothing in its memory, and ask it for the first page."""
    raw = asked(f"{LEADS}?page=1", given.whole)
    firsts: list[float] = []
    for _ in range(rounds):
        with serving.hub(given) as hub:
            warm(hub, given)
        # By now the snapshot of its index is written.
        with _begun(given) as (hub, started):
            load.body_of(hub, raw)
            firsts.append(time.perf_counter() - started)
    return {"first_s": median(firsts)}


@contextmanager
def _begun(given: Made) -> Iterator[tuple[Server, float]]:
    """Start a hub; the moment is that at which it takes connections."""
    with serving.hub(given) as hub:
        yield hub, time.perf_counter()
