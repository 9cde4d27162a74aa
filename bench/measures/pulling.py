"""Everything once, by one reader: what a first copy of all leads costs.

The hub is read to the end. The peers are asked for some pages, evenly spread over the
whole depth, because a page deep in an offset costs more than the first ones; what all
pages would take is their mean times the number of pages.
"""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from bench import load, progress, serving
from bench.cases import LEADS
from bench.data import Made
from bench.load import asked
from bench.measures.reading import Effort, warm
from bench.peers import DATASETTE, DJANGO, FASTAPI
from bench.serving import Server

PER_PAGE = 1_000
"""The largest page that the hub and the peers give."""
SAMPLE = 12
"""How many pages a peer is asked for in each round; fewer if there are fewer."""
CONSTANTS = 2_000
BY_100, FEED, EXPORT = "per_page=100", "change feed, _limit=1000", "export, NDJSON"
Row = dict[str, float]
Path = Callable[[int], str]
"""Writes the path of a page, counted from 1."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a whole pull takes, in seconds of the clock and of processors."""

    wall_s: float
    cpu_s: float
    pages: int
    """How many of them were read."""


def measured(given: Made, peers: str, effort: Effort) -> dict[str, Row]:
    """Return the figures of each way to read everything, by its name."""
    taken: dict[str, list[Taken]] = {}
    per_s: list[float] = []
    with ExitStack() as stack:
        hub = stack.enter_context(serving.hub(given))
        warm(hub, given)
        constant = stack.enter_context(serving.constant())
        others = _peers(stack, peers) if effort.with_peers else {}
        for number in range(effort.rounds):
            progress.stage(f"full pull, round {number + 1} of {effort.rounds}")
            raw = asked("/", "none")
            ceiling = load.measured(constant, lambda _, raw=raw: raw, CONSTANTS)
            per_s.append(ceiling.count / ceiling.wall_s)
            for name, pull in _of_hub(hub, given).items():
                progress.step(f"full pull: {name}")
                taken.setdefault(name, []).append(pull())
            for server, path in others.items():
                progress.step(f"full pull: {server.name}")
                pages = sample(-(-given.leads // PER_PAGE), number, effort.rounds)
                found = _some(server, path, pages, given.leads)
                taken.setdefault(server.name, []).append(found)
    rows = {name: _row(given.leads, found) for name, found in taken.items()}
    return rows | {serving.CONSTANT: {"per_s": median(per_s)}}


def _row(leads: int, found: Sequence[Taken]) -> Row:
    return {
        "wall_s": median(each.wall_s for each in found),
        "cpu_s": median(each.cpu_s for each in found),
        "leads_per_s": leads / median(each.wall_s for each in found),
        "pages": sum(each.pages for each in found) / len(found),
    }


def _of_hub(hub: Server, given: Made) -> dict[str, Callable[[], Taken]]:
    return {
        serving.HUB: lambda: _pages(hub, given, PER_PAGE),
        BY_100: lambda: _pages(hub, given, 100),
        FEED: lambda: _timed(hub, lambda: _feed(hub, given)),
        EXPORT: lambda: _timed(hub, lambda: _export(hub, given)),
    }


def _pages(hub: Server, given: Made, per_page: int) -> Taken:
    raw = [
        asked(f"{LEADS}?per_page={per_page}&page={page + 1}", given.whole)
        for page in range(-(-given.leads // per_page))
    ]
    figures = load.measured(hub, lambda number: raw[number], len(raw))
    return Taken(figures.wall_s, figures.cpu_s, len(raw))


def _timed(hub: Server, read: Callable[[], int]) -> Taken:
    cpu_s, started = hub.cpu_s, time.perf_counter()
    pages = read()
    return Taken(time.perf_counter() - started, hub.cpu_s - cpu_s, pages)


def _feed(hub: Server, given: Made) -> int:
    """Read the feed to its end over one connection; its entries are not looked at."""
    cursor, pages = "", 0
    with load.connected(hub) as opened:
        while True:
            query = f"_limit={PER_PAGE}" + (f"&_cursor={cursor}" if cursor else "")
            raw = asked(f"{LEADS}/changes?{query}", given.whole)
            _, body = load.exchange(opened, raw)
            pages += 1
            # The entries come first and are large: only what follows them is read.
            rest = json.loads(b"{" + body[body.rindex(b'"cursor"') :])
            if rest["up_to_date"]:
                return pages
            cursor = rest["cursor"]


def _export(hub: Server, given: Made) -> int:
    raw = asked(f"{LEADS}/export?_format=ndjson", given.whole)
    lines = load.body_of(hub, raw).count(b'"metadata":{')
    if lines != given.leads:
        raise RuntimeError(f"the export had {lines} of {given.leads} leads")
    return 1


def _peers(stack: ExitStack, database: str) -> dict[Server, Path]:
    started = [
        stack.enter_context(start(database))
        for start in (
            serving.with_fastapi,
            serving.with_django,
            serving.with_datasette,
        )
    ]
    stem = database.rpartition("/")[2].removesuffix(".db")
    by_number = f"/leads?per_page={PER_PAGE}&page="
    by_name: dict[str, Path] = {
        FASTAPI: lambda page: f"{by_number}{page}",
        DJANGO: lambda page: f"{by_number}{page}",
        # Its users follow `next`, which says behind which id the page begins.
        DATASETTE: lambda page: (
            f"/{stem}/lead.json?_size={PER_PAGE}&_shape=objects"
            f"&_next={(page - 1) * PER_PAGE}"
        ),
    }
    return {server: by_name[server.name] for server in started}


def _some(server: Server, path: Path, pages: Sequence[int], leads: int) -> Taken:
    raw = [asked(path(page), "none") for page in pages]
    if load.body_of(server, raw[0]).count(b'"created_at"') < PER_PAGE:
        raise RuntimeError(f"{server.name} gives smaller pages")
    figures = load.measured(server, lambda number: raw[number], len(raw))
    share = len(pages) * PER_PAGE / leads
    return Taken(figures.wall_s / share, figures.cpu_s / share, len(pages))


def sample(pages: int, turn: int, turns: int) -> list[int]:
    """Return pages that stand in the middle of equal parts; others in each turn."""
    count = min(SAMPLE, pages)
    place = (turn + 0.5) / turns
    return [1 + int((part + place) * pages / count) for part in range(count)]
