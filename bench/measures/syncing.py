"""What a copy costs: the whole command, from its start to its end, as a user runs it.

Processor time and memory are those of the command alone: neither the hub's nor those
of the PostgreSQL that it writes into.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import postgres, progress, serving
from bench.data import CAMPAIGN, Made, settled
from bench.measures.reading import Effort, warm

COMMAND = (sys.executable, "-m", "leadwell.cli")
BY_HAND = "by hand, into DuckDB"
NO_NEWS = "no news, SQLite"
VERIFY = "verify, SQLite"
HELP = "leadwell --help"
Row = dict[str, float]


class Taken(NamedTuple):
    """What one run took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def measured(given: Made, effort: Effort) -> dict[str, Row]:
    """Return the figures of each command, the median of all rounds."""
    taken: dict[str, list[Taken]] = {}
    with ExitStack() as stack:
        hub = stack.enter_context(serving.hub(given))
        warm(hub, given)
        server = stack.enter_context(postgres.running())
        url = f"http://127.0.0.1:{hub.port}/v2/campaigns/{CAMPAIGN}"
        for number in range(effort.rounds):
            settled()
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            place = server.url("postgres")
            place += f"{'&' if '?' in place else '?'}schema=round{number}"
            for name, run in _runs(given, url, folder, place).items():
                progress.step(f"sync: {name}")
                taken.setdefault(name, []).append(run())
    return {name: _row(given.leads, found) for name, found in taken.items()}


def _runs(
    given: Made, url: str, folder: Path, place: str
) -> dict[str, Callable[[], Taken]]:
    def of(*command: str) -> Callable[[], Taken]:
        return lambda: _taken(command, folder, given.whole)

    def to(place: str) -> Callable[[], Taken]:
        return of(*COMMAND, "sync", url, "--to", place)

    by_hand = (sys.executable, "-m", "bench.peers.by_hand", url)
    return {
        "SQLite": to(f"sqlite:{folder}/l.db"),
        "DuckDB": to(f"duckdb:{folder}/l.duckdb"),
        "PostgreSQL": to(place),
        "CSV": to(f"csv:{folder}/l.csv"),
        "Parquet": to(f"parquet:{folder}/parquet"),
        "XLSX": to(f"xlsx:{folder}/l.xlsx"),
        BY_HAND: of(*by_hand, f"{folder}/by-hand.duckdb"),
        NO_NEWS: to(f"sqlite:{folder}/l.db"),
        VERIFY: of(*COMMAND, "verify", url, "--to", f"sqlite:{folder}/l.db"),
        HELP: of(*COMMAND, "--help"),
    }


def _taken(command: Sequence[str], folder: Path, token: str) -> Taken:
    started = time.monotonic()
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command,
            env=os.environ | {"LEADWELL_TOKEN": token},
            stdout=said,
            stderr=said,
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError((folder / "said").read_text("utf-8"))
    wall_s = time.monotonic() - started
    return Taken(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _row(leads: int, found: Sequence[Taken]) -> Row:
    cpu_s = median(each.cpu_s for each in found)
    return {
        "wall_s": median(each.wall_s for each in found),
        "cpu_s": cpu_s,
        "cpu_us_per_lead": cpu_s / leads * 1e6,
        "peak_mb": max(each.peak_mb for each in found),
    }
