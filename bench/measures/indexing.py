"""The index by itself: its size, and how long it takes to load what is stored of it."""

import time
from statistics import median

from bench import progress, serving
from bench.data import CAMPAIGN, Made
from bench.measures.reading import warm
from leadwell.index import snapshot
from leadwell.index.index import Index
from leadwell.store.engines.sqlite import SQLiteDatabase
from leadwell.store.indexes import making

LOADS = 7


def measured(given: Made) -> dict[str, float]:
    """Return bytes a lead, and milliseconds from the stored bytes to an index.

    Each load opens the file anew and reads the bytes through SQLite; the file itself is
    in the system's cache.
    """
    progress.stage("the index")
    if _load(given)[1] is None:
        # A hub that has made an index stores it.
        with serving.hub(given) as hub:
            warm(hub, given)
    loads = [_load(given) for _ in range(LOADS)]
    index = loads[0][1]
    if index is None:
        raise RuntimeError("no index is stored")
    return {
        "bytes_a_lead": index.size_bytes / given.leads,
        "stored_bytes_a_lead": len(snapshot.write(index)) / given.leads,
        "load_ms": median(ms for ms, _ in loads),
        "longest_load_ms": max(ms for ms, _ in loads),
    }


def _load(given: Made) -> tuple[float, Index | None]:
    database = SQLiteDatabase(given.path)
    try:
        with database.reading() as connection:
            started = time.perf_counter()
            index = making.load(connection, CAMPAIGN)
            return (time.perf_counter() - started) * 1e3, index
    finally:
        database.close()
