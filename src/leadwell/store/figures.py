"""What this process did and how long it took, for whoever watches the hub.

The counters are Prometheus's: several processes share them through files when the
environment says where (`PROMETHEUS_MULTIPROC_DIR`, set before this is imported).
None is labelled by a campaign or a token: figures tell nothing of people.
"""

import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

from prometheus_client import Counter, Gauge, Histogram

LISTS = Counter(
    "leadwell_lists_total", "Pages of leads, by what found them: index or sql.", ["by"]
)
BY_INDEX, BY_SQL = LISTS.labels("index"), LISTS.labels("sql")
INDEXES_MADE = Counter(
    "leadwell_indexes_made_total", "Indexes made, from a snapshot or leads.", ["of"]
)
INDEX_CHANGES = Counter(
    "leadwell_index_changes_total", "Changes of leads that indexes have taken in."
)
INDEX_BYTES = Gauge(
    "leadwell_index_bytes", "Memory of the indexes.", multiprocess_mode="livesum"
)
READS = Counter(
    "leadwell_reads_total",
    "Reads where there are replicas, by what answered: primary or replica.",
    ["by"],
)
READ_BY_PRIMARY, READ_BY_REPLICA = READS.labels("primary"), READS.labels("replica")
REPLICAS = Gauge(
    "leadwell_replicas", "Replicas that are named.", multiprocess_mode="livemin"
)
REPLICAS_USED = Gauge(
    "leadwell_replicas_used",
    "Replicas that answer reads; of several processes, the one with the fewest.",
    multiprocess_mode="livemin",
)
HEARING = Gauge(
    "leadwell_hearing",
    "Processes that hear at this moment what PostgreSQL tells of commits.",
    multiprocess_mode="livesum",
)
WRITES = Counter("leadwell_writes_total", "Jobs that wrote, refused ones included.")
COMMIT_SECONDS = Histogram(
    "leadwell_commit_seconds",
    "From the first job of a transaction until all of it is durable.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
WRITES_WAITING = Gauge(
    "leadwell_writes_waiting", "Jobs that wait to write.", multiprocess_mode="livesum"
)

Spent = dict[str, float]
"""Seconds, by what they were spent on."""
_UNWATCHED = nullcontext()
_spent: ContextVar[Spent | None] = ContextVar("spent", default=None)


@contextmanager
def watched() -> Generator[Spent]:
    """Note what the time within is spent on, in its threads too."""
    found: Spent = {}
    token = _spent.set(found)
    try:
        yield found
    finally:
        _spent.reset(token)


def timed(name: str) -> AbstractContextManager[None]:
    """Note the time within under a name, if anybody watches."""
    found = _spent.get()
    return _UNWATCHED if found is None else _noted(found, name)


@contextmanager
def _noted(found: Spent, name: str) -> Generator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        found[name] = found.get(name, 0.0) + time.perf_counter() - started
