"""What `/metrics` says of the database and its disk: looked at when it is asked for.

The other figures are of this process, or of all of a hub; these are the same whoever
asks, so they are read anew each time and kept nowhere.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from leadwell.api.hub import Hub
from leadwell.errors import LeadwellError
from leadwell.store.hubs import state
from leadwell.store.hubs.state import State

_log = structlog.get_logger("leadwell.figures")
PATIENCE_S = 3.0
"""How long the database may take; Prometheus itself waits for ten seconds."""


async def figures(hub: Hub) -> bytes:
    """Write what there is to see; of a database that is away, that it is."""
    now = hub.moment
    found: State | None = None
    try:
        found = await hub.watch(lambda c: state.find(c, now), PATIENCE_S)
    except LeadwellError:
        pass
    except Exception:
        # A file that is damaged: the other figures are wanted all the more.
        _log.exception("figures_failed")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Found(tuple(_told(found, hub.disk))))
    return generate_latest(registry)


@dataclass(frozen=True, slots=True, eq=False)
class _Found(Collector):
    families: tuple[Metric, ...]

    def collect(self) -> tuple[Metric, ...]:
        return self.families


def _told(found: State | None, disk: Path | None) -> Iterator[Metric]:
    yield _one(
        "database_up", "Whether the database answers: 1, or 0.", found is not None
    )
    if found is not None:
        yield from _state(found)
    if disk is not None:
        room = shutil.disk_usage(disk)
        yield _one("disk_bytes", "The disk of the database's folder.", room.total)
        yield _one("disk_free_bytes", "How much of it is free.", room.free)


def _state(found: State) -> Iterator[Metric]:
    yield _one("database_bytes", "The database with its indexes.", found.bytes)
    yield _one(
        "backup_timestamp_seconds",
        "When the newest backup was noted, since 1970; 0: never.",
        found.backed_up_at / 1e6,
    )
    yield _one("readers", "Open tokens that follow the change feed.", found.readers)
    yield _one(
        "readers_away",
        "Those of them that have not asked for anything in a day.",
        found.readers_away,
    )
    yield _each("webhooks", "Webhooks: on, failing or ended.", "state", found.webhooks)
    yield _each("jobs_waiting", "Work that is not done yet.", "kind", found.jobs)


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"leadwell_{name}", text, value=float(value))


def _each(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"leadwell_{name}", text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
