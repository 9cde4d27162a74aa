"""The figures of copies as tables."""

from bench.figures import Sizes
from bench.measures import syncing
from bench.table import Table, number


def syncs(sizes: Sizes) -> list[Table]:
    """Write out what each command took."""
    head = ["", "CPU µs a lead", "times DuckDB", "CPU s", "s", "peak MB", "runs"]
    return [
        Table(
            head,
            [
                [
                    name,
                    number(row["cpu_us_per_lead"], 1),
                    number(row["cpu_s"] / found[syncing.DUCKDB]["cpu_s"], 1),
                    number(row["cpu_s"], 2),
                    number(row["wall_s"], 1),
                    number(row["peak_mb"]),
                    number(row["rounds"]),
                ]
                for name, row in found.items()
            ],
            f"{leads:,} leads copied",
        )
        for leads, size in sizes.items()
        if (found := size.get("syncs"))
    ]


def services(sizes: Sizes) -> list[Table]:
    """Write out what reading a service takes that is no hub."""
    units = {
        "leads_per_s": ("leads/s", 1, 0),
        "cpu_us_per_lead": ("CPU µs a lead", 1, 1),
        "more_rows": ("more leads read, %", 100, 1),
        "more_requests": ("more requests, %", 100, 1),
        "cpu_ms": ("CPU ms", 1, 1),
        "requests": ("requests", 1, 0),
    }
    found = [
        [f"{leads:,} leads, {name}", unit, number(row[key] * times, digits)]
        for leads, size in sizes.items()
        for name, row in size.get("services", {}).items()
        for key, (unit, times, digits) in units.items()
        if key in row
    ]
    return [Table(["", "figure", "measured"], found)]
