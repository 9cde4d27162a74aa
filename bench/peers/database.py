"""The database of the peers: a column for everything that is filtered, and indexes.

That is more than fair: they look up no token, keep no labels and no history.
"""

import json
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench import progress
from bench.data import CHUNK, NOW, SELECTS, leads_of

COLUMNS = (
    "status",
    *(slug.replace("-", "_") for slug in SELECTS),
    "created_at",
    "updated_at",
)
SCHEMA = f"""
CREATE TABLE lead (id INTEGER PRIMARY KEY, campaign_id INTEGER NOT NULL,
    {", ".join(f"{name} TEXT" for name in COLUMNS)}, extra TEXT NOT NULL);
{"".join(f"CREATE INDEX lead_{x} ON lead (campaign_id, {x});" for x in COLUMNS)}
"""


def made(folder: Path, leads: int) -> Path:
    """Return a database with so many leads, making it if it is not there."""
    path = folder / f"peers-{leads}.db"
    if not path.exists():
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        progress.stage(f"making a database of {leads:,} leads for the peers")
        with sqlite3.connect(draft) as raw:
            raw.executescript(f"PRAGMA journal_mode = WAL; {SCHEMA}")
            marks = ", ".join("?" * (len(COLUMNS) + 3))
            raw.executemany(f"INSERT INTO lead VALUES ({marks})", _rows(leads))
            raw.execute("ANALYZE")
        raw.close()
        draft.rename(path)
    return path


def _rows(count: int) -> Iterator[tuple[Any, ...]]:
    for number, lead in enumerate(leads_of(count)):
        fields = dict(lead["fields"])
        selects = [fields.pop(slug, None) for slug in SELECTS]
        now = NOW - timedelta(seconds=(count - number // CHUNK * CHUNK) * 60 // CHUNK)
        stamps = (lead["created_at"], f"{now:%Y-%m-%dT%H:%M:%SZ}")
        extra = json.dumps(fields)
        yield (number + 1, 362, lead.get("status"), *selects, *stamps, extra)
        if number % 10_000 == 0:
            progress.step(f"{number:,} of {count:,} rows")
