"""The bar: what a request may cost, and whether the figures keep to it.

`python -m bench --check` compares what it has measured, `python -m bench.bar FILE` what
a file of figures has. Where the bar says "any case", it is the worst case that counts.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import geometric_mean
from typing import Any, NamedTuple

from bench.cases import CASES, CONTIGUOUS, FIRST_AND_DEEP, SCATTERED
from bench.data import SMALL
from bench.figures import FILE, Size, Sizes, read
from bench.measures import (
    on_citus,
    on_postgres,
    scaling,
    services,
    syncing,
    tabs,
    touching,
    write_path,
    writing,
)
from bench.peers import DATASETTE, DJANGO, FASTAPI, PEERS
from bench.serving import CONSTANT, HUB, SMALL_HUB

LARGE = 1_000_000
PULLED = 100_000
CONSTANT_PER_S = 5_000
"""Pages a second of the constant body for which the bar on a full pull is written."""
MEANS = {SMALL: 30, PULLED: 70, LARGE: 200}
MISSED = 6
"""The exit code when a row is missed."""
Cases = Mapping[str, Mapping[str, Mapping[str, float]]]


class Bound(NamedTuple):
    """What is good enough."""

    figure: float
    unit: str
    is_least: bool
    """Whether it is the least that is, and not the most."""


def _least(figure: float, unit: str = "") -> Bound:
    return Bound(figure, unit, is_least=True)


def _most(figure: float, unit: str = "") -> Bound:
    return Bound(figure, unit, is_least=False)


class Row(NamedTuple):
    """One promise, and how it was kept."""

    name: str
    leads: int
    figure: float | None
    """`None`: it was not measured."""
    bound: Bound
    beside: str = ""
    """What else there is to know: which case it was."""

    @property
    def is_met(self) -> bool | None:
        """Whether the promise is kept; `None`: not known."""
        if self.figure is None:
            return None
        over = self.figure - self.bound.figure
        return over >= 0 if self.bound.is_least else over <= 0

    @property
    def verdict(self) -> str:
        """Say it in a word."""
        return {True: "met", False: "missed", None: "not measured"}[self.is_met]

    @property
    def asked(self) -> str:
        """Write the bound."""
        bound = self.bound
        sign = "≥" if bound.is_least else "≤"
        return f"{sign} {_written(bound.figure)}{bound.unit}"

    @property
    def found(self) -> str:
        """Write the figure."""
        if self.figure is None:
            return ""
        beside = f" ({self.beside})" if self.beside else ""
        return f"{_written(self.figure)}{self.bound.unit}{beside}"


class Ratios(NamedTuple):
    """Ratios of some cases: their mean, and the one that is worst for the hub."""

    mean: float
    worst: float
    case: str


def rows(sizes: Sizes) -> Iterator[Row]:
    """Compare figures with the bar."""
    for leads in sorted({*sizes, SMALL, PULLED, LARGE}):
        size = sizes.get(leads, {})
        yield from _peers(leads, size)
        if leads == PULLED:
            yield from _pulls(size)
            yield from _syncs(size.get("syncs", {}))
            yield from _services(size.get("services", {}))
        yield from _pages(leads, size)
        yield from _writes(leads, size)
        yield from _index(leads, size)
        if leads == LARGE:
            yield from _large(size)
            yield from _large_syncs(sizes)
        yield from _postgres(leads, size)
        yield from _citus(leads, size)
        yield from _scale(leads, size.get("scale", {}))


def cases_of(size: Size) -> Cases:
    """Return what was read with so many leads, by case and server."""
    found: Cases = size.get("reads", {}).get("cases", {})
    return found


def ratios(
    cases: Cases, server: str, to: str, names: Sequence[str] = (), *, low: bool = True
) -> Ratios | None:
    """Return how many times the processor time of `to` a server takes.

    `low`: the lowest is the worst, as with a peer; else the highest. `None`: there are
    no figures of both.
    """
    found = {
        name: rows[server]["cpu_us"] / rows[to]["cpu_us"]
        for name, rows in cases.items()
        if server in rows and to in rows and (name in names or not names)
    }
    if not found:
        return None
    case = (min if low else max)(found, key=lambda name: found[name])
    return Ratios(geometric_mean(found.values()), found[case], case)


def deep_to_first(cases: Cases) -> dict[str, float]:
    """Return what a deep page costs, as a share of the first one, by its case."""
    return {
        deep: cases[deep][HUB]["cpu_us"] / cases[first][HUB]["cpu_us"]
        for first, deep in FIRST_AND_DEEP
        if first in cases and deep in cases
    }


def pull_rate_wanted(size: Size) -> float:
    """Return leads a second that this machine has to reach in a full pull."""
    per_s = size.get("pulls", {}).get(CONSTANT, {}).get("per_s", CONSTANT_PER_S)
    return 150_000 * float(per_s) / CONSTANT_PER_S


def _peers(leads: int, size: Size) -> Iterator[Row]:
    cases = cases_of(size)
    for peer, least in ((FASTAPI, 20), (DJANGO, 25), (DATASETTE, 20)):
        found = ratios(cases, peer, HUB)
        if peer == FASTAPI and leads in MEANS:
            mean = found.mean if found else None
            yield Row(f"{peer}, mean", leads, mean, _least(MEANS[leads], " times"))
        worst = found.worst if found else None
        case = found.case if found else ""
        yield Row(f"{peer}, any case", leads, worst, _least(least, " times"), case)


def _pulls(size: Size) -> Iterator[Row]:
    pulls = size.get("pulls", {})
    own = pulls.get(HUB)
    for peer in PEERS:
        cpu = pulls[peer]["cpu_s"] / own["cpu_s"] if own and peer in pulls else None
        time = (
            f"{pulls[peer]['wall_s'] / own['wall_s']:.0f} times the time" if cpu else ""
        )
        yield Row(f"full pull, {peer}", PULLED, cpu, _least(30, " times"), time)
    rate = own["leads_per_s"] if own else None
    beside = f"{pulls[CONSTANT]['per_s']:,.0f} constant bodies/s" if own else ""
    wanted = _least(pull_rate_wanted(size), " leads/s")
    yield Row("full pull, for this machine", PULLED, rate, wanted, beside)


def _pages(leads: int, size: Size) -> Iterator[Row]:
    cases = cases_of(size)
    for name, among, least in (
        ("share of the constant body, contiguous", CONTIGUOUS, 40),
        ("share of the constant body, scattered", SCATTERED, 25),
    ):
        found = ratios(cases, CONSTANT, HUB, among)
        share = found.worst * 100 if found else None
        case = found.case if found else ""
        yield Row(name, leads, share, _least(least, " %"), case)
    deep = deep_to_first(cases)
    case = max(deep, key=lambda name: deep[name], default="")
    yield Row("deep page / first page", leads, deep.get(case), _most(1.25), case)


def _writes(leads: int, size: Size) -> Iterator[Row]:
    rates = size.get("writes", {})
    batches = {name: x for name, x in rates.items() if name.startswith(writing.MANY)}
    slowest = min(batches, key=lambda name: batches[name], default="")
    rate = batches.get(slowest)
    yield Row("durable writes", leads, rate, _least(5_000, " leads/s"), slowest)
    busy = size.get("meanwhile")
    more, beside = None, ""
    if busy:
        more = (busy[writing.BUSY] / busy[writing.CALM] - 1) * 100
        beside = f"{busy[writing.COMING]:,.0f} leads/s came in"
    yield Row(
        "a page while 1,000 leads/s come in", leads, more, _most(50, " %"), beside
    )


def _index(leads: int, size: Size) -> Iterator[Row]:
    found = size.get("index", {}).get("bytes_a_lead")
    yield Row("index, bytes a lead", leads, found, _most(16))


def _large(size: Size) -> Iterator[Row]:
    """Yield what is promised of a million leads alone."""
    found = ratios(cases_of(size), HUB, SMALL_HUB, low=False)
    worst = found.worst if found else None
    case = found.case if found else ""
    yield Row(f"size: 1M / {SMALL:,}", LARGE, worst, _most(1.5), case)
    touched = size.get("touch", {}).get(touching.THREE, {})
    more, beside = None, ""
    if touched:
        more = touched[HUB]["first_us"] - touched[SMALL_HUB]["first_us"]
        beside = f"{touched[HUB]['first_us']:.0f} in all"
    name = f"first touch of three filters, more than with {SMALL:,}"
    yield Row(name, LARGE, more, _most(250, " µs"), beside)
    grown = tabs.growth(size.get("tabs", {}))
    slowest = max(grown, key=lambda case: grown[case], default="")
    name = f"the Leads tab: 1M / {tabs.FEW:,}"
    yield Row(name, LARGE, grown.get(slowest), _most(1.5), slowest)
    load_ms = size.get("index", {}).get("load_ms")
    yield Row("index loaded from its snapshot", LARGE, load_ms, _most(50, " ms"))
    memory = size.get("reads", {}).get("memory_mb", {}).get(HUB)
    yield Row("private memory of a worker", LARGE, memory, _most(150, " MB"))


def _syncs(found: Mapping[str, Mapping[str, float]]) -> Iterator[Row]:
    """Yield what is promised of copies."""

    def of(name: str, figure: str) -> float | None:
        return found.get(name, {}).get(figure)

    def times(name: str, to: str) -> float | None:
        one, other = of(name, "cpu_s"), of(to, "cpu_s")
        return one / other if one and other else None

    own, hand = syncing.DUCKDB, syncing.BY_HAND
    for name, most in ((own, 40), (syncing.POSTGRES, 35)):
        figure = of(name, "cpu_us_per_lead")
        yield Row(f"copy into {name}, CPU a lead", PULLED, figure, _most(most, " µs"))
    yield Row(f"copy into {own} / by hand", PULLED, times(own, hand), _most(1.5))
    for name, least in (
        (syncing.DLT_TUNED, 3.5),
        (syncing.DLT, 10),
        (syncing.SINGER, 5),
    ):
        loaded = of(name, "leads")
        beside = f"{loaded:,.0f} leads arrived" if loaded else ""
        yield Row(name, PULLED, times(name, own), _least(least, " times"), beside)
    memory = of(own, "peak_mb")
    yield Row(f"copy into {own}, peak memory", PULLED, memory, _most(300, " MB"))
    again = of(syncing.RESUMED, "answers_again")
    yield Row("answers read twice after a kill", PULLED, again, _most(5))
    for name, figure, most, unit in (
        (syncing.NO_NEWS, "requests", 1, " requests"),
        (syncing.NO_NEWS, "cpu_s", 0.4, " s of CPU"),
        (syncing.HELP, "cpu_s", 0.15, " s of CPU"),
    ):
        yield Row(name, PULLED, of(name, figure), _most(most, unit))


def _services(found: Mapping[str, Mapping[str, float]]) -> Iterator[Row]:
    """Yield what is promised of services that are no hub."""
    late = found.get(services.LATE, {}).get("leads_per_s")
    yield Row(services.LATE, PULLED, late, _least(15_000, " leads/s"))
    for size, most in ((100, 12), (1_000, 4)):
        name = services.QUIET.format(size)
        rows = found.get(name, {}).get("more_rows")
        share = None if rows is None else rows * 100
        yield Row(f"{name}, more leads", PULLED, share, _most(most, " %"))
    look_ms = found.get(services.LOOK, {}).get("cpu_ms")
    yield Row(services.LOOK, PULLED, look_ms, _most(20, " ms of CPU"))


def _large_syncs(sizes: Sizes) -> Iterator[Row]:
    small, large = (sizes.get(x, {}).get("syncs", {}) for x in (PULLED, LARGE))
    growth = None
    if syncing.DUCKDB in small and syncing.DUCKDB in large:
        growth = large[syncing.DUCKDB]["peak_mb"] / small[syncing.DUCKDB]["peak_mb"]
    name = f"copy into {syncing.DUCKDB}, memory, 1M / {PULLED:,}"
    yield Row(name, LARGE, growth, _most(1.2))
    wall_s = large.get(syncing.VERIFY, {}).get("wall_s")
    yield Row("verify an exact copy", LARGE, wall_s, _most(3, " s"))


def _postgres(leads: int, size: Size) -> Iterator[Row]:
    cases = size.get("postgres", {}).get("cases", {})
    asked = [case.name for case in CASES]
    found = ratios(cases, on_postgres.HUB, HUB, asked, low=False)
    mean = found.mean if found else None
    beside = f"at most {found.worst:.1f}, {found.case}" if found else ""
    yield Row("PostgreSQL / SQLite, mean", leads, mean, _most(4), beside)
    if leads == LARGE:
        found = ratios(cases, on_postgres.PEER, on_postgres.HUB)
        mean = found.mean if found else None
        beside = f"at least {found.worst:.1f}, {found.case}" if found else ""
        yield Row(
            f"{on_postgres.PEER}, mean", leads, mean, _least(30, " times"), beside
        )


def _citus(leads: int, size: Size) -> Iterator[Row]:
    cases = size.get("citus", {}).get("cases", {})
    asked = [case.name for case in CASES]
    found = ratios(cases, on_citus.HUB, on_postgres.HUB, asked, low=False)
    mean = found.mean if found else None
    beside = f"at most {found.worst:.1f}, {found.case}" if found else ""
    yield Row("Citus / PostgreSQL, mean", leads, mean, _most(3), beside)


def _scale(leads: int, found: Mapping[str, Any]) -> Iterator[Row]:
    """Yield what is promised of many writers, and of many workers."""
    path, pages = found.get("path", {}), found.get("pages", {})
    for name, least in ((write_path.TOGETHER, 5), (write_path.SPREAD, 2)):
        times = path[name] / path[write_path.ALONE] if path else None
        what = f"PostgreSQL, the write path: {name} / {write_path.ALONE}"
        yield Row(what, leads, times, _least(least, " times"))
    one = pages.get(scaling.ONE_WORKER)
    more = pages[scaling.MORE_WORKERS]["cpu_us"] / one["cpu_us"] if one else None
    yield Row(f"a page of {scaling.MORE_WORKERS} / 1", leads, more, _most(1.2))
    if leads == LARGE:
        first_s = found.get("cold", {}).get(scaling.COLD, {}).get("first_s")
        yield Row(scaling.COLD, leads, first_s, _most(1, " s"))


def show(sizes: Sizes) -> int:
    """Print each row as met or missed; return the exit code."""
    found = list(rows(sizes))
    known = [row for row in found if row.is_met is not None]
    print()
    for row in known:
        where = f"{row.leads:,}"
        print(f"{row.verdict:6} {where:>9}  {row.name:52} {row.asked:18} {row.found}")
    missed = sum(not row.is_met for row in known)
    unknown = len(found) - len(known)
    print(f"{len(known) - missed} met, {missed} missed, {unknown} not measured")
    return MISSED if missed else 0


def _written(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


def main(arguments: Sequence[Any]) -> int:
    """Compare a file of figures with the bar."""
    return show(read(Path(arguments[0]) if arguments else FILE))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
