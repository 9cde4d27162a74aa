"""Run the proofs that count, and write their figures: `make reliability`.

Each proof is some tests that note what they have counted (tests.recording). Once they
hold, the counts go into docs/reference/reliability.json, in place of the last ones, and
the page beside it is written of that file. `PROOFS="scope fuzz"` names some of them,
`--page` runs none and only writes the page. How long they run is said as for the tests.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bench import machine, report
from bench.table import Table, number

RECORD = Path("docs/reference/reliability.json")
PAGE = Path("docs/reference/reliability.md")
NOTED = Path("build/reliability")
"""The lines of the last run of each proof."""
Record = dict[str, Any]


class Proof(NamedTuple):
    """Tests that count, and what they count."""

    name: str
    title: str
    tests: tuple[str, ...]
    counted: Mapping[str, str]
    longer: str = ""
    """What makes it run longer than in CI."""
    measured: Mapping[str, str] = {}
    """What its figures are that are no counts, by their keys; each with its unit."""
    is_alone: bool = False
    """Whether it measures, and nothing else may run beside it."""


TWINS = "tests/api/test_twins.py"
INDEXES = "tests/store/test_indexes.py"
KILLS = "tests/end_to_end/test_kills.py"
CUTS = "tests/store/test_power_cuts.py"
CROWDS = "tests/end_to_end/test_crowds.py"
TIMING = "tests/attacks/test_timing.py"
OPENAPI = "tests/contract/test_what_others_make_of_it.py"
ATTACKS = tuple(
    f"tests/attacks/{module.name}"
    for module in sorted(Path("tests/attacks").glob("test_api*.py"))
)
"""One module for each risk of OWASP's list."""
PROOFS = (
    Proof(
        "scope",
        "what a token may not see changes no byte of an answer",
        (f"{TWINS}::test_it_changes_no_byte_of_many_answers",),
        {"cases": "requests to two hubs"},
        "LEADWELL_TEST_SCOPE=1000000",
    ),
    Proof(
        "leaks",
        "a planted leak is found by it",
        (f"{TWINS}::test_a_planted_leak_is_found",),
        {"found": "planted and found"},
    ),
    Proof(
        "attacks",
        "no attack of OWASP's API top ten works, and each would be found",
        ATTACKS,
        {"tests": "tests of attacks", "planted": "planted weaknesses found"},
    ),
    Proof(
        "bad input",
        "bad input is refused, tells nothing and breaks nothing",
        (
            "tests/api/test_bad_everywhere.py",
            "tests/end_to_end/test_bad_input_served.py",
        ),
        {"requests": "requests"},
    ),
    Proof(
        "fuzz",
        "no input breaks a parser, or takes 50 ms of a processor",
        ("tests/fuzz/test_fuzz.py::test_no_input_breaks_a_parser",),
        {"executions": "executions"},
        "LEADWELL_TEST_FUZZ_S=6000",
    ),
    Proof(
        "contract",
        "every answer is as OpenAPI describes it",
        (f"{OPENAPI}::test_no_request_that_is_allowed_or_not_is_answered_otherwise",),
        {"cases": "requests drawn of the description"},
        "LEADWELL_TEST_CASES=11000",
    ),
    Proof(
        "power",
        "a power cut loses no write that was answered",
        (f"{CUTS}::test_many_power_cuts_lose_nothing_that_was_answered",),
        {"cuts": "cuts", "answered": "answered writes"},
        "LEADWELL_TEST_CUTS=1000000",
    ),
    Proof(
        "kills",
        "kill -9 in a storm loses nothing and does nothing twice",
        (f"{KILLS}::test_many_kills_lose_nothing_and_do_nothing_twice",),
        {"kills": "kills", "answered": "answered writes"},
        "LEADWELL_TEST_KILLS=1000",
    ),
    Proof(
        "faults",
        "a fault of the disk is told, and loses nothing",
        (
            "tests/api/test_disk_faults.py",
            f"{INDEXES}::test_a_stored_index_that_is_damaged_is_made_again",
        ),
        {"faults": "faults"},
    ),
    Proof(
        "timing",
        "no time tells what there is, and who signs in",
        (
            f"{TIMING}::test_no_time_tells_what_there_is",
            f"{TIMING}::test_no_time_tells_who_signs_in",
        ),
        {"pairs": "pairs of requests"},
        "LEADWELL_TEST_EFFORT=50",
    ),
    Proof(
        "time",
        "clocks, calendars and zones at their edges",
        ("tests/api/test_calendars.py",),
        {"moments": "moments"},
    ),
    Proof(
        "load",
        "ten times the rated load is refused with 429 and 503 alone, and forgotten",
        ("tests/end_to_end/test_overload.py",),
        {"sent": "requests", "answered": "answered", "refused": "refused"},
        "LEADWELL_TEST_LOAD_S=300",
        {
            "capacity": "reads a second that are answered at most; half is rated",
            "wanted": "requests a second that are asked for: ten times the rated",
            "capacity_after": "reads a second that are answered at most, afterwards",
            "polite": "requests of a polite reader beside it",
            "polite_answered": "of them answered with 200",
            "polite_ms": "ms, the median of them",
            "polite_slow_ms": "ms, nineteen of twenty of them at most",
            "normal_after_ms": "ms until its answers are as they were before",
            "started_mb": "MB of a hub that has just started",
            "steady_mb": "MB of a hub at work",
            "peak_mb": "MB at most beside the crowd",
        },
        is_alone=True,
    ),
    Proof(
        "crowds",
        "who waits or trickles holds up nobody",
        (
            f"{CROWDS}::test_two_thousand_idle_polls_cost_next_to_nothing",
            f"{CROWDS}::test_those_who_trickle_are_cut_off_and_hold_up_nobody",
        ),
        {"held": "connections held"},
        "",
        {
            "cpu_percent": "% of a processor, of all of them while they wait",
            "grown_mb": "MB, of all of them",
            "beside_ms": "ms, the median of a reader beside them",
            "woken_ms": "ms until all were told of a change",
            "cut_off_ms": "ms until the last was cut off; 3,000 were allowed",
        },
        is_alone=True,
    ),
    Proof(
        "soak",
        "a long day of mixed use leaves nothing behind in memory",
        ("tests/end_to_end/test_soak.py",),
        {"requests": "requests"},
        "LEADWELL_TEST_SOAK_S=7200",
        {
            "half_mb": "MB at half of the time",
            "end_mb": "MB at the end",
            "peak_mb": "MB at most",
            "files": "files and connections open at the end",
            "threads": "threads at the end",
        },
        is_alone=True,
    ),
)


def main() -> int:
    """Run proofs, and write the page."""
    names = [proof.name.replace(" ", "-") for proof in PROOFS]
    parser = argparse.ArgumentParser(prog="python -m bench.reliability")
    parser.add_argument("proofs", nargs="*", metavar="proof", help=", ".join(names))
    parser.add_argument("--page", action="store_true", help="run none")
    options = parser.parse_args()
    if unknown := set(options.proofs) - set(names):
        parser.error(f"no proof is called {', '.join(sorted(unknown))}")
    for proof, name in zip(PROOFS, names, strict=True):
        if not options.page and (not options.proofs or name in options.proofs):
            keep(proof, run(proof, NOTED / f"{name}.jsonl"))
    PAGE.write_text(filled(PAGE.read_text("utf-8"), kept()), "utf-8")
    return 0


def kept() -> Record:
    """Return what is kept of all proofs."""
    record: Record = json.loads(RECORD.read_text("utf-8"))
    return record


def keep(proof: Proof, found: Record) -> None:
    """Put what was counted in place of the last count; others may have run beside."""
    RECORD.write_text(written(kept() | {proof.name: found}), "utf-8")


def run(proof: Proof, noted: Path) -> Record:
    """Run one proof, and return what it has counted; one that fails ends it all."""
    print(f"== {proof.name}: {proof.title}", flush=True)
    noted.parent.mkdir(parents=True, exist_ok=True)
    noted.write_text("", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-m", "proof or not citus"]
    count = 0 if proof.is_alone else os.cpu_count() or 1
    workers = ["-n", str(count), "--dist", "worksteal"]
    known = os.environ | {"LEADWELL_TEST_RECORD": str(noted.resolve())}
    subprocess.run([*command, *workers, *proof.tests], env=known, check=True)
    about = machine.described()
    lines = map(json.loads, noted.read_text("utf-8").splitlines())
    return {
        "at": about["at"],
        "commit": _commit(),
        "machine": f"{about['processors']} processors, {about['processor']}",
        "on": _added(lines),
    }


def _added(lines: Iterable[Record]) -> dict[str, Record]:
    """Add up the lines of what stands on the same."""
    found: dict[str, Counter[str]] = {}
    for line in lines:
        counts = found.setdefault(line["on"], Counter())
        counts.update(line["counts"])
        counts["seconds"] += round(line["seconds"])
    return {on: dict(found[on]) for on in sorted(found)}


def _commit() -> str:
    """Name what was proved; `+`: with changes that are not committed."""
    changed = [each for each in _git("status", "--short") if PAGE.stem not in each]
    (name,) = _git("rev-parse", "--short", "HEAD")
    return f"{name}+" if changed else name


def _git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def written(record: Record) -> str:
    """Write the record as it is kept."""
    return json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def filled(page: str, record: Record) -> str:
    """Return the page with its tables written anew."""
    made = {
        "proofs": proofs(record),
        "parts": parts(record),
        "measured": measured(record),
    }

    def table(found: Any) -> str:
        begin, name, end = found.groups()
        return f"{begin}\n{made[name].markdown()}\n\n{end}"

    return report.MARKED.sub(table, page)


def proofs(record: Record) -> Table:
    """Each proof in a line."""
    rows: list[list[str]] = []
    for proof in PROOFS:
        if proof.name not in record:
            continue
        found = record[proof.name]
        totals: Counter[str] = Counter()
        for counts in found["on"].values():
            totals.update(counts)
        counted = ", ".join(
            f"{number(totals[key])} {words}" for key, words in proof.counted.items()
        )
        when = f"{found['at'][:10]}, {found['commit']}"
        longer = f"`{proof.longer}`" if proof.longer else "-"
        rows.append([proof.title, counted, number(totals["seconds"]), when, longer])
    return Table(["proved", "counted", "seconds", "day, commit", "for longer"], rows)


def parts(record: Record) -> Table:
    """What the figures of a proof are made of, where they are of several things."""
    rows: list[list[str]] = []
    for proof in PROOFS:
        on = record.get(proof.name, {"on": {}})["on"]
        for name, counts in on.items() if len(on) > 1 else ():
            told = [f"{number(counts[k])} {w}" for k, w in proof.counted.items()]
            rows.append([proof.name, name, ", ".join(told), number(counts["seconds"])])
    return Table(["proof", "on", "counted", "seconds"], rows)


def measured(record: Record) -> Table:
    """What was measured beside the counts."""
    rows = [
        [proof.name, on, words, number(counts[key])]
        for proof in PROOFS
        for on, counts in record.get(proof.name, {"on": {}})["on"].items()
        for key, words in proof.measured.items()
        if key in counts
    ]
    return Table(["proof", "on", "measured", "figure"], rows)


if __name__ == "__main__":
    sys.exit(main())
