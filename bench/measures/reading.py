"""Pages, polls and filters: what a request costs the hub, ceilings and peers."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from bench import load, progress, serving
from bench.cases import (
    CASES,
    FEED,
    LEADS,
    PER_PAGE,
    UNCHANGED,
    Asking,
    Case,
    of_datasette,
    of_framework,
    of_hub,
)
from bench.data import Made
from bench.load import Figures, Request, asked
from bench.serving import Server

CLIENTS = 4
PEER_S = 1.0
"""How long a peer is asked in each round; the hub answers `count` in less."""
HUB_S = 60.0
INDEX_S = 300
WARM = 200
"""Requests before any counts: the interpreter and the caches have settled by then."""

Row = dict[str, float]
"""The figures of one case and one server."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured."""

    count: int = 2_000
    """Requests of each case to the hub, in each round."""
    rounds: int = 3
    with_peers: bool = True


class Asked(NamedTuple):
    """A server, how it is asked, and for how long each time."""

    server: Server
    way: Asking
    most_s: float = HUB_S
    is_hub: bool = False
    """Whether it answers what only a hub is asked."""


def measured(given: Made, small: Made, peers: str, effort: Effort) -> dict[str, object]:
    """Return the figures by case and server, and what memory the servers take.

    Beside the hub with the leads that are `given` runs one with a `small` campaign, so
    that what the size costs is measured in the same run; `peers` is their database.
    """
    with _servers(given, small, peers, effort) as servers:
        cases = taken(servers, effort)
        memory = {each.server.name: each.server.private_mb for each in servers}
    return {"cases": cases, "memory_mb": memory}


def taken(servers: Sequence[Asked], effort: Effort) -> dict[str, dict[str, Row]]:
    """Return the medians of some rounds, in which every case is asked of every server.

    They are interleaved: what else the machine does hits all of them alike.
    """
    found: dict[str, dict[str, list[Figures]]] = {}
    for number in range(effort.rounds):
        progress.stage(f"round {number + 1} of {effort.rounds}")
        for name, status, requests in _questions(servers):
            for each, request in requests:
                progress.step(f"{name}: {each.server.name}")
                figures = _measured(each, request, effort.count, status)
                by_server = found.setdefault(name, {})
                by_server.setdefault(each.server.name, []).extend(figures)
    return {
        name: {server: _row(each) for server, each in by_server.items() if each}
        for name, by_server in found.items()
    }


def _measured(each: Asked, request: Request, count: int, status: int) -> list[Figures]:
    """Ask one server; a peer that gives up is left out, and that is said."""
    try:
        return [
            load.measured(each.server, request, count, CLIENTS, status, each.most_s)
        ]
    except load.Failed as error:
        if not each.server.is_peer:
            raise
        progress.stage(f"{error}: {str(error.__cause__)[-200:]}")
        return []


def page_of(hub: Server, token: str) -> bytes:
    """Return the first page of a hub."""
    return load.body_of(hub, asked(of_hub(CASES[0], 1), token))


def warm(hub: Server, given: Made) -> None:
    """Wait until the index is there: then no page is read by SQL any more."""
    last = given.leads // PER_PAGE
    raw = asked(f"{LEADS}?_snapshot=none&page={last}", given.whole)
    until = time.monotonic() + INDEX_S
    while not _found_by_index(hub):
        if time.monotonic() > until:
            raise RuntimeError(f"{hub.name} has made no index in {INDEX_S} seconds")
        time.sleep(0.05)
        load.body_of(hub, raw)
    load.measured(hub, lambda _: raw, WARM)


def _found_by_index(hub: Server) -> bool:
    raw = asked("/metrics", serving.METRICS_TOKEN)
    lines = load.body_of(hub, raw).decode().splitlines()
    counts = [x for x in lines if x.startswith('leadwell_lists_total{by="index"}')]
    return any(float(line.split()[1]) > 0 for line in counts)


@contextmanager
def _servers(
    given: Made, small: Made, peers: str, effort: Effort
) -> Iterator[list[Asked]]:
    with ExitStack() as stack:

        def started(made: Made, name: str) -> Asked:
            hub = stack.enter_context(serving.hub(made, name=name))
            warm(hub, made)
            return Asked(hub, Asking(of_hub, made.whole), is_hub=True)

        found = [started(given, serving.HUB)]
        if small.leads != given.leads:
            found.append(started(small, serving.SMALL_HUB))
        constant = stack.enter_context(serving.constant())
        found.append(Asked(constant, Asking(of_hub)))
        program = serving.nginx_program()
        if program is None:
            progress.stage("nginx is not installed, so it is left out")
        else:
            page = page_of(found[0].server, given.whole)
            static = stack.enter_context(serving.nginx(program, page))
            found.append(Asked(static, Asking(of_hub)))
        if effort.with_peers:
            for start, way in (
                (serving.with_fastapi, of_framework),
                (serving.with_django, of_framework),
                (serving.with_datasette, of_datasette(given.leads)),
            ):
                peer = stack.enter_context(start(peers))
                found.append(Asked(peer, Asking(way), PEER_S))
        yield found


def _questions(
    servers: Sequence[Asked],
) -> Iterator[tuple[str, int, list[tuple[Asked, Request]]]]:
    hubs = [each for each in servers if each.is_hub]
    for case in CASES:
        totals = {each: _total(each, case) for each in hubs}
        yield (
            case.name,
            200,
            [(x, x.way.of(case, totals.get(x, totals[hubs[0]]))) for x in servers],
        )
    heads = [load.head_of(x.server, _first(x)) for x in hubs]
    polls = [
        _always(f"{LEADS}/changes?_cursor={head['leadwell-cursor']}", each.way.token)
        for each, head in zip(hubs, heads, strict=True)
    ]
    yield FEED, 200, list(zip(hubs, polls, strict=True))
    known = [
        _always(f"{LEADS}?page=1", each.way.token, f"If-None-Match: {head['etag']}")
        for each, head in zip(hubs, heads, strict=True)
    ]
    yield UNCHANGED, 304, list(zip(hubs, known, strict=True))


def _first(hub: Asked) -> bytes:
    return asked(f"{LEADS}?page=1", hub.way.token)


def _always(path: str, token: str, *more: str) -> Request:
    raw = asked(path, token, *more)
    return lambda _: raw


def _total(hub: Asked, case: Case) -> int:
    body = load.body_of(hub.server, asked(of_hub(case, 1), hub.way.token))
    return int(json.loads(body)["pagination"]["total"])


def _row(figures: Sequence[Figures]) -> Row:
    def of(get: Callable[[Figures], float]) -> float:
        return median(get(each) for each in figures)

    return {
        "cpu_us": of(lambda each: each.cpu_us),
        "per_s": of(lambda each: each.count / each.wall_s),
        "p50_ms": of(lambda each: each.waited_ms(0.5)),
        "p99_ms": of(lambda each: each.waited_ms(0.99)),
        "bytes": of(lambda each: each.sizes / each.count),
        "least_cpu_us": min(each.cpu_us for each in figures),
        "most_cpu_us": max(each.cpu_us for each in figures),
    }
