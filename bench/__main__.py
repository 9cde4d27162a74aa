"""Measure: `make bench`, or `python -m bench --leads 10000 --without-peers`."""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from bench import bar, machine, progress, tables
from bench.data import SMALL, Made, in_memory, made, settled
from bench.figures import FILE, PARTS, Book
from bench.measures import (
    counting,
    indexing,
    on_citus,
    on_postgres,
    pulling,
    reading,
    scaling,
    services,
    syncing,
    tabs,
    touching,
    writing,
)
from bench.measures.reading import Effort
from bench.peers import database as peers

FOLDER = Path("build/bench")
INTERRUPTED = 130


class Given(NamedTuple):
    """What is measured on."""

    whole: Made
    small: Made
    peers: str
    """The path of the peers' database."""
    effort: Effort


MEASURES: dict[str, Callable[[Given], Any]] = {
    "counts": lambda x: counting.measured(x.whole),
    "index": lambda x: indexing.measured(x.whole),
    "reads": lambda x: reading.measured(x.whole, x.small, x.peers, x.effort),
    "touch": lambda x: touching.measured(x.whole, x.small, x.effort.rounds),
    "tabs": lambda x: tabs.measured(x.whole, FOLDER, x.effort),
    "pulls": lambda x: pulling.measured(x.whole, x.peers, x.effort),
    "postgres": lambda x: on_postgres.measured(x.whole, x.peers, x.effort),
    "citus": lambda x: on_citus.measured(x.whole, x.effort),
    "syncs": lambda x: syncing.measured(x.whole, x.effort),
    "services": lambda x: services.measured(x.whole, x.effort),
    "writes": lambda x: writing.measured(x.whole, FOLDER),
    "scale": lambda x: scaling.measured(x.whole, x.effort),
    "meanwhile": lambda x: writing.reads_meanwhile(x.whole, FOLDER, x.effort.rounds),
}


def main() -> int:
    """Measure what was asked for, print it, and keep it in a file."""
    options = _options()
    # Told to end, it ends its servers first, as it does on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    book = Book(options.json, {"requests": options.requests, "rounds": options.rounds})
    try:
        _measure(options, book)
    except KeyboardInterrupt:
        progress.stage(f"interrupted; what was finished is in {book.path}")
        return INTERRUPTED
    progress.stage(f"the figures are in {book.path}; python -m bench.report tells them")
    return bar.show(book.measured) if options.check else 0


def _measure(options: argparse.Namespace, book: Book) -> None:
    effort = Effort(options.requests, options.rounds, not options.without_peers)
    if effort.with_peers:
        book.name_peers(options.only)
    for leads in options.leads:
        for part in options.only:
            progress.stage(f"{leads:,} leads: {part}")
            load = machine.load()
            found = MEASURES[part](_given(leads, effort))
            book.keep(leads, part, found, load)
            tables.show(leads, part, found)


def _given(leads: int, effort: Effort) -> Given:
    given = Given(
        made(FOLDER, leads),
        made(FOLDER, SMALL),
        str(peers.made(FOLDER, leads)) if effort.with_peers else "",
        effort,
    )
    for path in filter(None, (given.whole.path, given.small.path, given.peers)):
        in_memory(Path(path))
    settled()
    return given


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--leads", type=_sizes, default="10000,100000", help="sizes, with commas"
    )
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-peers", action="store_true")
    usual = [each for each in PARTS if each != "citus" or on_citus.programs()]
    parser.add_argument(
        "--only", type=_parts, default=",".join(usual), help=f"of {', '.join(PARTS)}"
    )
    parser.add_argument("--check", action="store_true", help="compare with the bar")
    parser.add_argument("--json", type=Path, default=FILE, help="where the figures go")
    return parser.parse_args()


def _sizes(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def _parts(text: str) -> list[str]:
    found = text.split(",")
    if wrong := set(found) - set(PARTS):
        raise argparse.ArgumentTypeError(f"there is no part {', '.join(wrong)}")
    if "citus" in found and not on_citus.programs():
        raise argparse.ArgumentTypeError(f"citus needs {on_citus.NAMED_BY}")
    return found


if __name__ == "__main__":
    sys.exit(main())
