"""Measure: `make bench`, or `python -m bench --leads 10000 --without-peers`."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

from bench import counting, load, serving, writing
from bench.cases import CASES, LEADS, Asking, of_datasette, of_framework, of_hub
from bench.data import Made, made
from bench.load import Figures, Request, asked
from bench.peers import database as peers
from bench.serving import Server

FOLDER = Path("build/bench")
CLIENTS = 4
PEER_S = 1.5
"""How long a peer is asked in each round; the hub answers `--requests` in less."""
Row = dict[str, float]


def main() -> None:
    """Measure what was asked for, and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--leads", default="10000,100000", help="sizes, with commas")
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--json", type=Path, help="where the figures go, too")
    options = parser.parse_args()
    found: dict[str, Any] = {}
    for size in map(int, options.leads.split(",")):
        given = made(FOLDER, size)
        print(f"\n{size:,} leads")
        found[f"{size}"] = {
            "counts": _counts(given),
            "reads": _reads(given, options),
            "pulls": _pulls(given),
            "writes": _printed(writing.measured(given, FOLDER), "leads/s"),
            "meanwhile": _printed(writing.reads_meanwhile(given, FOLDER), ""),
        }
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def _counts(given: Made) -> dict[str, tuple[float, float]]:
    found = counting.counted(given)
    print(f"{'':34} statements  steps")
    for name, (statements, steps) in found.items():
        print(f"{name:34} {statements:10.1f} {steps:6.0f}")
    return found


def _reads(given: Made, options: argparse.Namespace) -> dict[str, dict[str, Row]]:
    with _servers(given, with_peers=not options.without_peers) as servers:
        taken: dict[str, dict[str, list[Figures]]] = {}
        for _ in range(options.rounds):
            # Interleaved: what else the machine does hits all of them alike.
            for name, status, requests in _questions(given, servers):
                for server, request in requests.items():
                    most_s = PEER_S if server.is_peer else 60
                    figures = load.measured(
                        server, request, options.requests, CLIENTS, status, most_s
                    )
                    taken.setdefault(name, {}).setdefault(server.name, []).append(
                        figures
                    )
        memory = {server.name: round(server.private_mb) for server in servers}
    found = {
        name: {server: _row(each) for server, each in by_server.items()}
        for name, by_server in taken.items()
    }
    _print_reads(found)
    print(f"private memory, MB: {memory}")
    return found


@contextmanager
def _servers(given: Made, *, with_peers: bool) -> Iterator[dict[Server, Asking]]:
    with ExitStack() as stack:
        hub = stack.enter_context(serving.hub(given))
        warm(hub, given)
        found = {hub: Asking(of_hub, given.whole)}
        found[stack.enter_context(serving.constant())] = Asking(of_hub)
        if with_peers:
            path = peers.made(FOLDER, given.leads)
            for start, way in (
                (serving.with_fastapi, of_framework),
                (serving.with_django, of_framework),
                (serving.with_datasette, of_datasette(given.leads)),
            ):
                found[stack.enter_context(start(path))] = Asking(way)
        yield found


def _questions(
    given: Made, servers: dict[Server, Asking]
) -> Iterator[tuple[str, int, dict[Server, Request]]]:
    hub = next(iter(servers))
    for case in CASES:
        first = load.body_of(hub, asked(of_hub(case, 1), given.whole))
        total = json.loads(first)["pagination"]["total"]
        yield case.name, 200, {x: way.of(case, total) for x, way in servers.items()}
    head = load.head_of(hub, asked(f"{LEADS}?page=1", given.whole))
    cursor = asked(f"{LEADS}/changes?_cursor={head['leadwell-cursor']}", given.whole)
    known = asked(f"{LEADS}?page=1", given.whole, f"If-None-Match: {head['etag']}")
    yield "feed, nothing new", 200, {hub: lambda _: cursor}
    yield "304", 304, {hub: lambda _: known}


def _row(figures: Sequence[Figures]) -> Row:
    def of(get: Callable[[Figures], float]) -> float:
        return median(get(each) for each in figures)

    return {
        "cpu_us": of(lambda each: each.cpu_us),
        "per_s": of(lambda each: each.count / each.wall_s),
        "p50_ms": of(lambda each: each.waited_ms(0.5)),
        "p99_ms": of(lambda each: each.waited_ms(0.99)),
    }


def _print_reads(found: dict[str, dict[str, Row]]) -> None:
    print(f"\n{'':34} CPU µs  per s  p50 ms  p99 ms  times the hub's CPU")
    ratios: dict[str, list[float]] = {}
    for name, rows in found.items():
        own = next(iter(rows))
        for server, row in rows.items():
            ratio = row["cpu_us"] / max(rows[own]["cpu_us"], 1)
            ratios.setdefault(server, []).append(ratio)
            label = name if server == own else f"  {server}"
            print(
                f"{label:34} {row['cpu_us']:6.0f} {row['per_s']:6.0f}"
                f" {row['p50_ms']:7.2f} {row['p99_ms']:7.2f} {ratio:8.1f}"
            )
    for server, found_ratios in ratios.items():
        mean, least = geometric_mean(found_ratios), min(found_ratios)
        print(f"{server:34} {mean:.1f} times in the mean, at least {least:.1f} times")


def _pulls(given: Made) -> Row:
    """Read everything once: by page numbers, and by the feed."""
    with serving.hub(given) as hub:
        warm(hub, given)
        raw = [
            asked(f"{LEADS}?per_page=100&page={page + 1}", given.whole)
            for page in range(-(-given.leads // 100))
        ]
        by_page = load.measured(hub, lambda number: raw[number], len(raw))
        by_feed = _feed(hub, given)
    return _printed(
        {
            "full pull, per_page=100": given.leads / by_page.wall_s,
            "change feed, _limit=1000": given.leads / by_feed,
        },
        "leads/s",
    )


def _printed(found: Row, unit: str) -> Row:
    for name, value in found.items():
        print(f"{name:44} {value:10,.0f} {unit}")
    return found


def _feed(hub: Server, given: Made) -> float:
    cursor, started = "", time.perf_counter()
    while True:
        query = "_limit=1000" + (f"&_cursor={cursor}" if cursor else "")
        body = json.loads(
            load.body_of(hub, asked(f"{LEADS}/changes?{query}", given.whole))
        )
        if body["up_to_date"]:
            return time.perf_counter() - started
        cursor = body["cursor"]


def warm(hub: Server, given: Made) -> None:
    """Wait until the index is there: then no page is read by SQL any more."""
    raw = asked(f"{LEADS}?_snapshot=none&page={given.leads // 50}", given.whole)
    fast = 0
    while fast < 20:
        figures = load.measured(hub, lambda _: raw, 5)
        fast = fast + 1 if figures.waited_ms(0.5) < 5 else 0


if __name__ == "__main__":
    sys.exit(main())
