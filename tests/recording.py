"""What a proof has counted, kept for the page of figures.

`python -m bench.reliability` names a file in LEADWELL_TEST_RECORD, runs the proofs, and
writes docs/reference/reliability.md of the lines in it. Without it nothing is kept.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = os.environ.get("LEADWELL_TEST_RECORD", "")


@contextmanager
def recorded(proof: str, *, on: str = "") -> Iterator[Counter[str]]:
    """Keep the counts of a proof that holds: one line, with the seconds it took.

    A proof that does not hold leaves none. `on` tells its figures apart: a database, or
    what was tried.
    """
    counts: Counter[str] = Counter()
    started = time.monotonic()
    yield counts
    if not FILE:
        return
    line = {"proof": proof, "on": on, "seconds": round(time.monotonic() - started, 3)}
    # Several processes write: a line goes out whole.
    with Path(FILE).open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(line | {'counts': counts})}\n")
