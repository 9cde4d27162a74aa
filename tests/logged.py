"""What stands in a hub's audit log by now."""

from typing import Any

from leadwell.api.hub import Hub
from leadwell.server.auditing import Auditor
from leadwell.store.audit import checking, finding, telling


def logged(hub: Hub, **wanted: Any) -> list[dict[str, Any]]:
    """Have the log written, and return its rows; those with these values alone."""
    Auditor(hub).finish()
    with hub.database.reading() as connection:
        chains = finding.heads(connection)
    found: list[dict[str, Any]] = []
    for chain in chains:
        assert not checking.check(hub.database, chain).faults
        found += map(telling.told, finding.walk(hub.database, chain))
    return [row for row in found if wanted.items() <= row.items()]


def one(hub: Hub, **wanted: Any) -> dict[str, Any]:
    """The same, where there is one such row."""
    (row,) = logged(hub, **wanted)
    return row
