"""What a copy costs: the whole command, from its start to its end, as a user runs it.

Processor time and memory are those of the command alone: neither the hub's nor those
of the PostgreSQL that it writes into. What others take is that of their processes.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import duckdb

from bench import postgres, progress, serving
from bench.data import CAMPAIGN, SELECTS, TEXTS, Made, settled
from bench.measures.reading import Effort, warm

COMMAND = (sys.executable, "-m", "leadwell.cli")
DUCKDB, POSTGRES = "DuckDB", "PostgreSQL"
BY_HAND = "a loader by hand, DuckDB"
DLT_TUNED, DLT = "dlt rest_api, tuned, DuckDB", "dlt rest_api, DuckDB"
SINGER = "Singer tap and target-duckdb"
NO_NEWS = "no news, SQLite"
RESUMED = "killed half-way and run again, SQLite"
VERIFY = "verify, SQLite"
HELP = "leadwell --help"
SLOW = (DLT, SINGER)
"""What takes minutes is run in the first round alone."""
LARGE = 1_000_000
"""From here on what grows is looked at, and nothing that takes a quarter of an hour."""
AT_LARGE = ("SQLite", DUCKDB, NO_NEWS, VERIFY)
Row = dict[str, float]


class Taken(NamedTuple):
    """What one run took, and what it said."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    more: Row


Run = Callable[[], Taken]


class Place(NamedTuple):
    """What is copied, and where to."""

    given: Made
    url: str
    folder: Path
    postgres: str


def measured(given: Made, effort: Effort) -> dict[str, Row]:
    """Return the figures of each command, the median of all rounds."""
    taken: dict[str, list[Taken]] = {}
    with ExitStack() as stack:
        hub = stack.enter_context(serving.hub(given))
        warm(hub, given)
        server = stack.enter_context(postgres.running())
        url = f"http://127.0.0.1:{hub.port}/v2/campaigns/{CAMPAIGN}"
        for number in range(effort.rounds):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            database = server.url("postgres")
            database += f"{'&' if '?' in database else '?'}schema=round{number}"
            place = Place(given, url, folder, database)
            runs = _own(place)
            if given.leads >= LARGE:
                runs = {name: runs[name] for name in AT_LARGE}
            elif effort.with_peers:
                runs |= _peers(place)
            for name, run in runs.items():
                if number and name in SLOW:
                    continue
                settled()
                progress.stage(f"sync, round {number + 1}: {name}")
                taken.setdefault(name, []).append(run())
    return {name: _row(given.leads, found) for name, found in taken.items()}


def _own(place: Place) -> dict[str, Run]:
    folder = place.folder

    def to(text: str) -> Run:
        return lambda: _synced(place, text)

    command = [*COMMAND, "verify", place.url, "--to", f"sqlite:{folder}/l.db"]
    return {
        "SQLite": to(f"sqlite:{folder}/l.db"),
        DUCKDB: to(f"duckdb:{folder}/l.duckdb"),
        POSTGRES: to(place.postgres),
        "CSV": to(f"csv:{folder}/l.csv"),
        "Parquet": to(f"parquet:{folder}/parquet"),
        "XLSX": to(f"xlsx:{folder}/l.xlsx"),
        NO_NEWS: to(f"sqlite:{folder}/l.db"),
        RESUMED: lambda: _resumed(place),
        VERIFY: lambda: run(command, place),
        HELP: lambda: run([*COMMAND, "--help"], place),
    }


def _peers(place: Place) -> dict[str, Run]:
    dlt = [str(serving.peers_python("dlt")), "-m", "bench.peers.with_dlt", place.url]

    def into(command: Sequence[str], table: str = "leads") -> Run:
        return lambda: _loaded(command, place, table)

    return {
        BY_HAND: into([sys.executable, "-m", "bench.peers.by_hand", place.url]),
        DLT_TUNED: into([*dlt, "tuned"], "copy.leads"),
        DLT: into([*dlt, "plain"], "copy.leads"),
        SINGER: lambda: _piped(place),
    }


def _synced(place: Place, text: str) -> Taken:
    found = run([*COMMAND, "sync", place.url, "--to", text, "--json"], place)
    said = json.loads((place.folder / "said").read_text("utf-8"))
    return found._replace(more={"requests": said["requests"]})


def _resumed(place: Place) -> Taken:
    """Kill a run half-way, run it again, and see how much of that was read twice."""
    path = place.folder / "killed.db"
    command = [*COMMAND, "sync", place.url, "--to", f"sqlite:{path}"]
    process = _started(command, place)
    while _held(path) < place.given.leads / 2 and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.wait()
    kept = _held(path)
    taken = _synced(place, f"sqlite:{path}")
    needed = -(-(place.given.leads - kept) // 1_000)
    again = {"kept": kept, "answers_again": taken.more["requests"] - needed}
    return taken._replace(more=taken.more | again)


def _held(path: Path) -> int:
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        try:
            count: int = connection.execute("SELECT count(*) FROM leads").fetchone()[0]
        except sqlite3.OperationalError:
            # The table is not made yet.
            return 0
    return count


def _loaded(command: Sequence[str], place: Place, table: str) -> Taken:
    """Run a loader, and count what it has loaded."""
    path = place.folder / f"peer-{time.monotonic_ns()}.duckdb"
    program, module, name, url, *how = command
    return _counted(
        run([program, module, name, url, str(path), *how], place), path, table
    )


def _piped(place: Place) -> Taken:
    python, path = serving.peers_python("singer"), place.folder / "singer.duckdb"
    fields = dict.fromkeys((*SELECTS, *TEXTS, "email", "phone"), "text")
    tap = {
        "url": place.url,
        "token": place.given.whole,
        "fields": fields | {"budget": "number"},
    }
    target = {"filepath": str(path), "default_target_schema": "copy"}
    for name, config in (("tap", tap), ("target", target)):
        (place.folder / f"{name}.json").write_text(json.dumps(config))
    pipe = (
        f"{python} -m bench.peers.tap --config {place.folder}/tap.json"
        f" | {python.parent}/target-duckdb --config {place.folder}/target.json"
    )
    return _counted(run(["sh", "-c", pipe], place), path, "copy.leads")


def _counted(taken: Taken, path: Path, table: str) -> Taken:
    with duckdb.connect(str(path), read_only=True) as database:
        found: Any = database.execute(f"SELECT count(*) FROM {table}").fetchone()
    return taken._replace(more={"leads": found[0]})


def _started(command: Sequence[str], place: Place) -> subprocess.Popen[bytes]:
    with (
        (place.folder / "said").open("wb") as said,
        (place.folder / "errors").open("wb") as errors,
    ):
        return subprocess.Popen(
            command,
            env=os.environ | {"LEADWELL_TOKEN": place.given.whole, "PYTHONPATH": "."},
            stdout=said,
            stderr=errors,
        )


def run(command: Sequence[str], place: Place) -> Taken:
    started = time.monotonic()
    process = _started(command, place)
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = (place.folder / "errors").read_text("utf-8")[-4_000:]
        raise RuntimeError(f"{command[:3]} ended with {process.returncode}: {said}")
    return Taken(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, {})


def _row(leads: int, found: Sequence[Taken]) -> Row:
    cpu_s = median(each.cpu_s for each in found)
    return {
        "wall_s": median(each.wall_s for each in found),
        "cpu_s": cpu_s,
        "cpu_us_per_lead": cpu_s / leads * 1e6,
        "peak_mb": max(each.peak_mb for each in found),
        "rounds": len(found),
    } | {name: max(each.more[name] for each in found) for name in found[0].more}
