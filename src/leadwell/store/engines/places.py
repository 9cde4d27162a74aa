"""Where a PostgreSQL server stands: whose history, which run of it, how far."""

from typing import NamedTuple

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


class Place(NamedTuple):
    """Where one server stands at one moment."""

    history: str | None
    """The timeline that it writes, which a promotion begins anew; `None`: it is a
    standby, which writes none."""
    server: str
    """When it was started: that of no other server."""
    log_bytes: int
    """How far its log is written, or on a standby applied, in bytes since its birth."""
