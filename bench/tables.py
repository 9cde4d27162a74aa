"""The figures as tables: printed when they are measured, and written into the docs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bench import bar, sync_tables
from bench.cases import CASES, CONTIGUOUS, FEED, FIRST_AND_DEEP, SCATTERED, UNCHANGED
from bench.data import SMALL
from bench.figures import PARTS, Size, Sizes
from bench.measures import (
    counting,
    on_citus,
    on_postgres,
    pulling,
    scaling,
    tabs,
    write_path,
    writing,
)
from bench.peers import FASTAPI, PEERS
from bench.serving import CONSTANT, HUB, NGINX, SMALL_HUB
from bench.table import NONE, Table, number

QUESTIONS = (*(case.name for case in CASES), FEED, UNCHANGED)
SERVERS = (HUB, CONSTANT, NGINX, *PEERS)


def _cpu(sizes: Sizes) -> list[Table]:
    def cell(size: Size, name: str) -> str:
        return number(_figure(size, name, HUB, "cpu_us"))

    return [_by_size(sizes, "reads", "", QUESTIONS, cell)]


def _share(sizes: Sizes) -> list[Table]:
    def cell(size: Size, name: str) -> str:
        found = bar.ratios(bar.cases_of(size), CONSTANT, HUB, [name])
        return f"{found.mean:.0%}".replace("%", " %") if found else NONE

    return [_by_size(sizes, "reads", "", (*CONTIGUOUS, *SCATTERED), cell)]


def _laws(sizes: Sizes) -> list[Table]:
    deep = [name for _, name in FIRST_AND_DEEP]

    def share(size: Size, name: str) -> str:
        return number(bar.deep_to_first(bar.cases_of(size)).get(name), 2)

    def growth(size: Size, name: str) -> str:
        found = bar.ratios(bar.cases_of(size), HUB, SMALL_HUB, [name])
        return f"{found.mean:.2f}" if found else NONE

    return [
        _by_size(sizes, "reads", "deep page / first page", deep, share),
        _by_size(sizes, "reads", f"as a share of {SMALL:,} leads", QUESTIONS, growth),
    ]


def _ratios(sizes: Sizes) -> list[Table]:
    def cell(size: Size, peer: str) -> str:
        found = bar.ratios(bar.cases_of(size), peer, HUB)
        return f"{found.mean:.0f}, least {found.worst:.0f}" if found else NONE

    return [_by_size(sizes, "reads", "", PEERS, cell)]


def _detail(sizes: Sizes) -> list[Table]:
    return [
        _servers(f"{leads:,} leads", size["reads"]["cases"], SERVERS)
        for leads, size in sizes.items()
        if "reads" in size
    ]


def _speed(sizes: Sizes) -> list[Table]:
    """Write out requests a second and waits, a column for each server."""

    def cell(row: Mapping[str, float] | None) -> str:
        if row is None:
            return NONE
        waits = f"{number(row['p50_ms'], 1)} / {number(row['p99_ms'], 1)}"
        return f"{number(row['cpu_us'])} µs, {number(row['per_s'])}/s, {waits} ms"

    def table(leads: int, size: Size) -> Table:
        cases = bar.cases_of(size)
        servers = [x for x in SERVERS if any(x in rows for rows in cases.values())]
        rows = [[name, *(cell(y.get(x)) for x in servers)] for name, y in cases.items()]
        return Table(["", *servers], rows, f"{leads:,} leads")

    return [table(leads, size) for leads, size in sizes.items() if "reads" in size]


def _servers(
    title: str,
    cases: Mapping[str, Mapping[str, Mapping[str, float]]],
    servers: Sequence[str],
) -> Table:
    """Write out case by case what each server took."""
    rows = [
        [
            f"{name}: {server}",
            number(row["cpu_us"]),
            number(row["cpu_us"] / by_server[HUB]["cpu_us"], 2),
            number(row["per_s"]),
            number(row["p50_ms"], 2),
            number(row["p99_ms"], 2),
            number(row["bytes"]),
        ]
        for name, by_server in cases.items()
        for server in servers
        if (row := by_server.get(server))
    ]
    head = ["", "CPU µs", "times hub", "a second", "p50 ms", "p99 ms", "bytes"]
    return Table(head, rows, title)


def _memory(sizes: Sizes) -> list[Table]:
    def cell(size: Size, server: str) -> str:
        return number(size["reads"]["memory_mb"].get(server))

    return [_by_size(sizes, "reads", "private memory, MB", (HUB, *PEERS), cell)]


def _index(sizes: Sizes) -> list[Table]:
    names = {
        "bytes a lead": "bytes_a_lead",
        "… as it is stored": "stored_bytes_a_lead",
        "loading what is stored, ms": "load_ms",
    }

    def cell(size: Size, name: str) -> str:
        return number(size["index"].get(names[name]), 1)

    return [_by_size(sizes, "index", "the index", list(names), cell)]


def _tabs(sizes: Sizes) -> list[Table]:
    def cell(size: Size, case: str) -> str:
        found = size["tabs"][case]
        grown = tabs.growth(size["tabs"])[case]
        return f"{number(found[HUB]['cpu_us'])} ({grown:.2f})"

    title = f"CPU µs of the Leads tab (times {tabs.FEW:,} leads)"
    return [_by_size(sizes, "tabs", title, list(tabs.CASES), cell)]


def _touch(sizes: Sizes) -> list[Table]:
    def rows(leads: int, size: Size) -> Iterator[list[str]]:
        for kind, by_hub in size["touch"].items():
            own, small = by_hub[HUB], by_hub.get(SMALL_HUB)
            more = own["first_us"] - small["first_us"] if small else None
            yield [
                f"{leads:,} leads, {kind}",
                number(own["first_us"]),
                number(own["again_us"]),
                number(more),
            ]

    found = [
        row
        for leads, size in sizes.items()
        if "touch" in size
        for row in rows(leads, size)
    ]
    head = ["CPU µs of first pages", "first", "again", f"more than with {SMALL:,}"]
    return [Table(head, found)]


def _counts(sizes: Sizes) -> list[Table]:
    found = [
        [f"{leads:,} leads, {name}", *(number(row[x]) for x in counting.COUNTS)]
        for leads, size in sizes.items()
        for name, row in size.get("counts", {}).items()
    ]
    return [Table(["", *counting.COUNTS], found)]


def _pulls(sizes: Sizes) -> list[Table]:
    def rows(
        leads: int, pulls: Mapping[str, Mapping[str, float]]
    ) -> Iterator[list[str]]:
        own = pulls[HUB]
        for name in (HUB, pulling.BY_100, pulling.FEED, pulling.EXPORT, *PEERS):
            if row := pulls.get(name):
                yield [
                    f"{leads:,} leads, {name}",
                    number(row["leads_per_s"]),
                    number(row["wall_s"], 2),
                    number(row["cpu_s"], 2),
                    number(row["wall_s"] / own["wall_s"], 1),
                    number(row["cpu_s"] / own["cpu_s"], 1),
                    number(row["pages"]),
                ]
        per_s = number(pulls[CONSTANT]["per_s"])
        yield [f"{leads:,} leads, {CONSTANT}, a second", per_s, *[NONE] * 5]

    found = [
        row
        for leads, size in sizes.items()
        if "pulls" in size
        for row in rows(leads, size["pulls"])
    ]
    head = [
        "",
        "leads/s",
        "s",
        "CPU s",
        "times hub's s",
        "times hub's CPU s",
        "pages read",
    ]
    return [Table(head, found)]


def _postgres(sizes: Sizes) -> list[Table]:
    own, peer = on_postgres.HUB, on_postgres.PEER

    def row(name: str, rows: Mapping[str, Mapping[str, float]]) -> list[str]:
        sqlite_us, own_us = rows[HUB]["cpu_us"], rows[own]["cpu_us"]
        peer_us = rows[peer]["cpu_us"] if peer in rows else None
        return [
            name,
            number(sqlite_us),
            number(own_us),
            number(own_us / sqlite_us, 1),
            number(peer_us),
            number(peer_us / own_us if peer_us else None, 1),
        ]

    head = ["CPU µs", "SQLite", "PostgreSQL", "times SQLite", FASTAPI, "times the hub"]
    return [
        Table(
            head,
            [row(name, rows) for name, rows in size["postgres"]["cases"].items()],
            f"{leads:,} leads, PostgreSQL {size['postgres']['version']}",
        )
        for leads, size in sizes.items()
        if "postgres" in size
    ]


def _citus(sizes: Sizes) -> list[Table]:
    plain, spread = on_postgres.HUB, on_citus.HUB

    def row(name: str, rows: Mapping[str, Mapping[str, float]]) -> list[str]:
        plain_us, spread_us = rows[plain]["cpu_us"], rows[spread]["cpu_us"]
        return [
            name,
            number(plain_us),
            number(spread_us),
            number(spread_us / plain_us, 1),
            number(rows[plain]["p50_ms"], 1),
            number(rows[spread]["p50_ms"], 1),
        ]

    head = ["CPU µs", "PostgreSQL", "Citus", "times", "p50 ms", "p50 ms, Citus"]
    return [
        Table(
            head,
            [row(name, rows) for name, rows in found["cases"].items()],
            f"{leads:,} leads, Citus {found['citus']} on PostgreSQL {found['version']}",
        )
        for leads, size in sizes.items()
        if (found := size.get("citus"))
    ]


def _postgres_detail(sizes: Sizes) -> list[Table]:
    servers = (HUB, on_postgres.HUB, on_postgres.PEER)
    return [
        _servers(f"{leads:,} leads", size["postgres"]["cases"], servers)
        for leads, size in sizes.items()
        if "postgres" in size
    ]


def _writes(sizes: Sizes) -> list[Table]:
    names = sorted({name for x in sizes.values() for name in x.get("writes", {})})

    def cell(size: Size, name: str) -> str:
        return number(size["writes"].get(name))

    return [_by_size(sizes, "writes", "leads/s", sorted(names, reverse=True), cell)]


def _meanwhile(sizes: Sizes) -> list[Table]:
    names = {
        "a page, CPU µs": writing.CALM,
        "a page while leads come in, CPU µs": writing.BUSY,
        "leads/s that came in": writing.COMING,
    }

    def cell(size: Size, name: str) -> str:
        return number(size["meanwhile"].get(names[name]))

    return [_by_size(sizes, "meanwhile", "", list(names), cell)]


def _scale(sizes: Sizes) -> list[Table]:
    def rows(leads: int, found: Mapping[str, Any]) -> Iterator[list[str]]:
        path = found["path"]
        for name, per_s in path.items():
            times = number(per_s / path[write_path.ALONE], 1)
            yield [f"{leads:,} leads, {name}", number(per_s), times, *[NONE] * 3]
        alone = found["writes"][write_path.ALONE]["per_s"]
        for name, row in found["writes"].items():
            yield [
                f"{leads:,} leads, over HTTP: {name}",
                number(row["per_s"]),
                number(row["per_s"] / alone, 1),
                number(row["cpu_us"]),
                number(row["p50_ms"], 1),
                number(row["p99_ms"], 1),
            ]

    def pages(size: Size) -> Mapping[str, Mapping[str, float]]:
        return {**size["scale"]["pages"], **size["scale"]["cold"]}

    names = [scaling.ONE_WORKER, scaling.MORE_WORKERS, scaling.COLD]

    def cell(size: Size, name: str) -> str:
        row = pages(size)[name]
        if "first_s" in row:
            return f"{number(row['first_s'] * 1_000)} ms"
        return f"{number(row['cpu_us'])} µs of CPU"

    head = ["single writes", "a second", "times", "CPU µs", "p50 ms", "p99 ms"]
    found = [
        row
        for leads, size in sizes.items()
        if "scale" in size
        for row in rows(leads, size["scale"])
    ]
    return [Table(head, found), _by_size(sizes, "scale", "a page", names, cell)]


def _bar(sizes: Sizes) -> list[Table]:
    rows = [
        [row.name, f"{row.leads:,}", row.asked, row.found, row.verdict]
        for row in bar.rows(sizes)
        if row.is_met is not None
    ]
    return [Table(["", "leads", "asked", "measured", ""], rows)]


def _about(sizes: Sizes) -> list[Table]:
    """Say where and when each part was measured, and with which versions."""
    parts: dict[tuple[str, ...], dict[int, list[str]]] = {}
    loads: dict[tuple[str, ...], list[float]] = {}
    for leads, size in sizes.items():
        for part, about in size["about"].items():
            place = _place(about)
            parts.setdefault(place, {}).setdefault(leads, []).append(part)
            loads.setdefault(place, []).extend(about["load"])
    given = [
        "; ".join(_named(leads, names) for leads, names in found.items())
        for found in parts.values()
    ]
    busy = [f"{min(found):.1f} to {max(found):.1f}" for found in loads.values()]
    rows = [
        [name, *values] for name, *values in zip(_ABOUT, *parts.keys(), strict=True)
    ]
    return [Table(["measured", *given], [*rows, ["load average", *busy]])]


def _named(leads: int, parts: Sequence[str]) -> str:
    if set(parts) == set(PARTS):
        return f"{leads:,} leads"
    missing = [each for each in PARTS if each not in parts]
    if len(missing) < len(parts):
        return f"{leads:,} leads, but for {', '.join(missing)}"
    return f"{leads:,} leads: {', '.join(x for x in PARTS if x in parts)}"


_ABOUT = ("day", "machine", "the hub", "the peers", "in each round")


def _place(about: Mapping[str, Any]) -> tuple[str, ...]:
    machine = (
        f"{about['processors']} processors, {about['processor']}, "
        f"{about['memory_gb']} GB, {about['system']}"
    )
    web = f", nginx {about['nginx']}" if about["nginx"] else ""
    effort = about["effort"]
    return (
        about["at"][:10],
        machine,
        _listed(about["versions"]),
        _listed(about["peers"]) + web,
        f"up to {effort['requests']:,} requests of a case; {effort['rounds']} rounds",
    )


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{x} {version}" for x, version in versions.items()) or NONE


Build = Callable[[Sizes], list[Table]]
TABLES: dict[str, tuple[str, Build]] = {
    "detail": ("reads", _detail),
    "speed": ("", _speed),
    "cpu": ("", _cpu),
    "share": ("reads", _share),
    "laws": ("reads", _laws),
    "ratios": ("reads", _ratios),
    "memory": ("reads", _memory),
    "index": ("index", _index),
    "touch": ("touch", _touch),
    "tabs": ("tabs", _tabs),
    "scale": ("scale", _scale),
    "counts": ("counts", _counts),
    "pulls": ("pulls", _pulls),
    "postgres": ("postgres", _postgres),
    "citus": ("citus", _citus),
    "postgres-detail": ("postgres", _postgres_detail),
    "syncs": ("syncs", sync_tables.syncs),
    "services": ("services", sync_tables.services),
    "writes": ("writes", _writes),
    "meanwhile": ("meanwhile", _meanwhile),
    "bar": ("", _bar),
    "about": ("", _about),
}
"""By name: the part that is measured when it is printed, and what makes it."""


def show(leads: int, part: str, found: object) -> None:
    """Print what was measured."""
    sizes: Sizes = {leads: {part: found}}
    for shown, build in TABLES.values():
        for table in build(sizes) if shown == part else []:
            if table.rows:
                print(f"\n{table.text()}", flush=True)


def _by_size(
    sizes: Sizes,
    part: str,
    name: str,
    names: Sequence[str],
    cell: Callable[[Size, str], str],
) -> Table:
    """Write a row for each name, and a column for each size that has the part."""
    known = {leads: size for leads, size in sizes.items() if part in size}
    head = [name, *(f"{leads:,}" for leads in known)]
    rows = [[x, *(cell(size, x) for size in known.values())] for x in names]
    return Table(head, [row for row in rows if set(row[1:]) - {NONE}])


def _figure(size: Size, case: str, server: str, name: str) -> float | None:
    return bar.cases_of(size).get(case, {}).get(server, {}).get(name)
