"""Where a PostgreSQL server stands, and what this process knows of its history.

Which part of it this process adds, and what was read while nothing happens (ADR 0016).
"""

import secrets
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple

import structlog

from leadwell.store.connection import EPOCH_BYTES, Row

SERVERS_MAX = 64
"""More than a cluster has; each one that is started anew counts as another."""
_log = structlog.get_logger("leadwell.database")
COLUMNS = """
    CASE WHEN NOT pg_is_in_recovery()
         THEN substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8) END,
    CAST(pg_postmaster_start_time() AS TEXT),
    CAST(pg_wal_lsn_diff(
      CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
           WHEN current_setting('synchronous_commit') = 'off'
           THEN pg_current_wal_insert_lsn()
           ELSE pg_current_wal_flush_lsn() END, '0/0') AS BIGINT)
"""
"""Columns that any user may read. What others can see is in the log up to there: a
commit is seen once it is flushed, or earlier where nobody waits for the disk."""

SNAPSHOT = """
    CAST(pg_current_snapshot() AS TEXT) || ' '
    || coalesce(CAST(pg_stat_get_bgwriter_stat_reset_time() AS TEXT), '')
"""
"""What a transaction sees. A server that crashes, of which one backend was killed, say,
does not start anew, and gives the numbers again that its log has not kept. But then its
statistics begin anew, and tell one such number from the other."""


class Place(NamedTuple):
    """Where one server stands at one moment."""

    history: str | None
    """The timeline that it writes, which a promotion begins anew; `None`: it is a
    standby, which writes none."""
    server: str
    """When it was started: that of no other server."""
    log_bytes: int
    """How far its log is written, or on a standby applied, in bytes since its birth."""


class Part(NamedTuple):
    """The part of a history that this process adds."""

    epoch: bytes
    memo: dict[Row, Any]
    """What is remembered of the database."""


@dataclass
class Chronicle:
    """Begins another part when the history has branched. Any thread may ask.

    A standby that was promoted lacks what it had not been sent, and will give the same
    numbers to other changes.
    """

    part: Part
    _history: str | None = None
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def begun(cls, epoch: bytes | None) -> "Chronicle":
        """Begin a part, under a random name unless one is given."""
        return cls(Part(epoch or secrets.token_bytes(EPOCH_BYTES), {}))

    def at(self, place: Place) -> Part:
        """Return the part that a transaction there belongs to."""
        if place.history is None or place.history == self._history:
            return self.part
        with self._lock:
            if self._history not in {None, place.history}:
                # What was read of the other one may be undone.
                self.part = Part(secrets.token_bytes(EPOCH_BYTES), {})
                _log.warning("database_promoted", timeline=place.history)
            self._history = place.history
            return self.part


class Moments:
    """What was read of the last moment of each server. Any thread may ask.

    Two transactions of one running server with the same snapshot see the same rows.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._of: dict[str, tuple[str, dict[Row, Any]]] = {}

    def at(self, server: str, snapshot: str | None) -> dict[Row, Any]:
        """Return what was read of a moment, in any connection, for all to add to.

        `server` is when it was started. Without a snapshot nothing of it is kept.
        """
        if snapshot is None:
            return {}
        known = self._of.get(server)
        if known is None or known[0] != snapshot:
            if len(self._of) >= SERVERS_MAX:
                self._of.clear()
            known = self._of[server] = (snapshot, {})
        return known[1]
