"""Pins of page numbers in the database, for hubs that share no folder (ADR 0026)."""

from collections.abc import Sequence
from typing import NamedTuple

from leadwell.store.connection import Connection, one


class Old(NamedTuple):
    """A pin that may go."""

    campaign_id: int
    name: str
    used_at: int


def find(
    connection: Connection, campaign_id: int, name: str
) -> tuple[int, bytes] | None:
    """Return when a pin was used last, and its bytes; `None`: there is none."""
    row = one(
        connection.rows(
            """
            SELECT used_at, data FROM pin
             WHERE campaign_id = :campaign_id AND name = :name
            """,
            {"campaign_id": campaign_id, "name": name},
        )
    )
    return None if row is None else (int(row[0]), bytes(row[1]))


def keep(connection: Connection, campaign_id: int, name: str, data: bytes) -> None:
    """Keep a pin, or put it in the place of one of its name."""
    connection.run(
        """
        INSERT INTO pin (campaign_id, name, used_at, data)
             VALUES (:campaign_id, :name, :used_at, :data)
        ON CONFLICT (campaign_id, name)
          DO UPDATE SET used_at = excluded.used_at, data = excluded.data
        """,
        {
            "campaign_id": campaign_id,
            "name": name,
            "used_at": connection.clock(),
            "data": data,
        },
    )


def touch(connection: Connection, campaign_id: int, names: Sequence[str]) -> None:
    """Note that pins are used."""
    now = connection.clock()
    connection.run_many(
        """
        UPDATE pin SET used_at = :used_at
         WHERE campaign_id = :campaign_id AND name = :name
        """,
        [{"campaign_id": campaign_id, "name": each, "used_at": now} for each in names],
    )


def too_old(connection: Connection, until: int, bytes_max: int) -> list[Old]:
    """Return what was not used since a moment, and the oldest beyond the bound."""
    rows = connection.rows(
        """
        SELECT campaign_id, name, used_at, length(data) FROM pin
         ORDER BY used_at DESC, campaign_id, name
        """
    )
    found: list[Old] = []
    total = 0
    for campaign_id, name, last, size in rows:
        total += size
        if total > bytes_max or last < until:
            found.append(Old(campaign_id, name, last))
    return found


def let_go(connection: Connection, old: Old) -> None:
    """Let go of a pin, unless somebody has used it since."""
    connection.run(
        """
        DELETE FROM pin
         WHERE campaign_id = :campaign_id AND name = :name AND used_at = :used_at
        """,
        old._asdict(),
    )
