"""The same pages on a Citus cluster and on PostgreSQL: hub and databases together.

Both are of the same programs, on this machine: a plain server, and a coordinator with
two workers, to which the hub's campaign is one of many parts. What the way over a real
network takes is not in it.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import postgres, progress, serving
from bench.cases import Asking, of_hub
from bench.data import Made, settled
from bench.measures import on_postgres
from bench.measures.reading import Asked, Effort, taken, warm

# The cluster is the one that the suite runs on.
from tests.citus.cluster import Cluster, named

HUB = "Leadwell on Citus"
HUB_PART_S = 3.0
SHARDS = 32
NAMED_BY = "CITUS_BIN, the folder of the programs of a PostgreSQL with Citus"
_SETTINGS = """
shared_buffers = 1GB
max_wal_size = 8GB
fsync = on
full_page_writes = on
synchronous_commit = on
"""
"""As the other server has them, and safe, as a hub asks for."""


def programs() -> Path | None:
    """Return where the programs are; `None`: nobody says."""
    named = os.environ.get("CITUS_BIN")
    return Path(named) if named else None


def measured(given: Made, effort: Effort) -> dict[str, object]:
    """Return the figures by case and server, and the versions."""
    where = programs()
    assert where is not None, f"name {NAMED_BY}"
    progress.stage("Citus: starting a cluster, and copying the leads")
    with ExitStack() as stack:
        cluster = stack.enter_context(_running(where))
        server = stack.enter_context(postgres.running(where))
        plain = postgres.fill_hub(server, given)
        cluster.made(Path("bench"))
        spread = cluster.coordinator.url_here(named(Path("bench")))
        postgres.pour(given, spread)
        version = _version(cluster)
        hubs = [
            (plain, on_postgres.HUB, [server.process.pid]),
            (spread, HUB, [node.pid for node in cluster.nodes]),
        ]
        servers = [
            Asked(
                stack.enter_context(serving.hub(given, url, name, beside)),
                Asking(of_hub, given.whole),
                HUB_PART_S,
                is_hub=True,
            )
            for url, name, beside in hubs
        ]
        for each in servers:
            warm(each.server, given)
        settled()
        progress.stage("Citus: pages")
        cases = taken(servers, effort)
    return {"version": server.version, "citus": version, "cases": cases}


@contextmanager
def _running(where: Path) -> Iterator[Cluster]:
    cluster = Cluster(where, SHARDS, _SETTINGS)
    try:
        yield cluster
    finally:
        cluster.stop()


def _version(cluster: Cluster) -> str:
    ((version,),) = cluster.coordinator.run(
        "SELECT default_version FROM pg_available_extensions WHERE name = 'citus'"
    )
    return str(version)
