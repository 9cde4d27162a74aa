"""Answered writes by their `Idempotency-Key`, so that a repeated one is done once."""

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

from leadwell.errors import KeyReused
from leadwell.store.connection import Connection, one

KEPT_US = 48 * 3_600 * 1_000_000
"""How long a key is remembered."""


@dataclass(frozen=True, slots=True)
class Key:
    """An `Idempotency-Key`, where it was sent, and what was asked with it."""

    campaign_id: int
    lineage: str
    route: str
    key: str
    request: bytes
    """SHA-256 of the request."""


def find(connection: Connection, key: Key, now: int) -> dict[str, Any] | None:
    """Return what the same request was answered before; `None`: it is new.

    Raises:
        KeyReused: the key was used with another request.
    """
    row = one(
        connection.rows(
            """
            SELECT request, outcome FROM replay
             WHERE campaign_id = :campaign_id AND lineage = :lineage
               AND route = :route AND key IN (:key, :plain) AND at > :since
            """,
            # Releases before kept the key as it was sent.
            _params(key) | {"plain": key.key, "since": now - KEPT_US},
        )
    )
    if row is None:
        return None
    if bytes(row[0]) != key.request:
        raise KeyReused(
            "this Idempotency-Key was used before, with another request",
            hint="make a new key for every new request",
        )
    found: dict[str, Any] = msgspec.json.decode(row[1])
    return found


def keep(connection: Connection, key: Key, outcome: dict[str, Any], now: int) -> None:
    """Remember an outcome in the transaction that made it, and forget old ones.

    Served by `replay_by_at`.
    """
    connection.run(
        "DELETE FROM replay WHERE campaign_id = :campaign_id AND at <= :since",
        {"campaign_id": key.campaign_id, "since": now - KEPT_US},
    )
    connection.run(
        """
        INSERT INTO replay (campaign_id, lineage, route, key, request, outcome, at)
             VALUES (:campaign_id, :lineage, :route, :key, :request, :outcome, :now)
        """,
        _params(key)
        | {
            "request": key.request,
            "outcome": msgspec.json.encode(outcome).decode(),
            "now": now,
        },
    )


def _params(key: Key) -> dict[str, Any]:
    return {
        "campaign_id": key.campaign_id,
        "lineage": key.lineage,
        "route": key.route,
        # A sender may have made it of somebody's address.
        "key": hashlib.sha256(key.key.encode()).hexdigest(),
    }
