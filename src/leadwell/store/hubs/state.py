"""What waits and what fails, of all campaigns together, for whoever watches the hub.

Counts alone: they tell nothing of a campaign, a token or a lead. Each is read of a
table that has a few rows for each campaign, and none is on the way to a lead.
"""

from dataclasses import dataclass

from leadwell.model.importing import BUSY
from leadwell.store.connection import Connection
from leadwell.store.hubs import instance

AWAY_US = 86_400_000_000
"""A reader that has not asked for so long is missed: most come every night at least."""


@dataclass(frozen=True, slots=True)
class State:
    """The hub at one moment of its database."""

    bytes: int
    """Of the database, with its indexes, without its log of writes."""
    backed_up_at: int
    """When the newest backup was noted, in microseconds; 0: none was."""
    webhooks: dict[str, int]
    """How many there are: on, failing or ended."""
    readers: int
    """Open tokens, rotations counted once, that have followed the change feed."""
    readers_away: int
    """How many of them have not asked for anything in a day."""
    jobs: dict[str, int]
    """What is not done yet: chores, imports, edits of many leads, retention rules."""


def find(connection: Connection, now: int) -> State:
    """Look at everything; `now` is in microseconds."""
    ((size,),) = connection.rows(connection.dialect.size)
    used = _used(connection, now)
    return State(
        bytes=int(size),
        backed_up_at=instance.noted_at(connection, instance.BACKUP),
        webhooks=_webhooks(connection),
        readers=len(used),
        readers_away=sum(at < now - AWAY_US for at in used.values()),
        jobs=_jobs(connection, now),
    )


def _webhooks(connection: Connection) -> dict[str, int]:
    found = connection.rows(
        """
        SELECT CASE WHEN ended_at IS NOT NULL THEN 'ended'
                    WHEN failing_since IS NOT NULL THEN 'failing'
                    ELSE 'on' END AS state, count(*)
          FROM hook
         GROUP BY 1
        """
    )
    return {"on": 0, "failing": 0, "ended": 0} | dict(found)


def _used(connection: Connection, now: int) -> dict[str, int]:
    """Return when each reader of a change feed asked for something last."""
    following = {row[0] for row in connection.rows("SELECT lineage FROM reader")}
    found = connection.rows(
        """
        SELECT lineage, coalesce(max(last_used_at), 0) FROM token
         WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
         GROUP BY lineage
        """,
        {"now": now},
    )
    return {lineage: at for lineage, at in found if lineage in following}


def _jobs(connection: Connection, now: int) -> dict[str, int]:
    ((chores,),) = connection.rows("SELECT count(*) FROM chore")
    states = connection.rows("SELECT state, count(*) FROM import_job GROUP BY state")
    ((edits,),) = connection.rows("SELECT count(*) FROM bulk_edit WHERE given <> ''")
    ((rules,),) = connection.rows(
        "SELECT count(*) FROM retention WHERE due_at <= :now", {"now": now}
    )
    busy = {each.value for each in BUSY}
    imports = sum(count for state, count in states if state in busy)
    return {"chore": chores, "import": imports, "edit": edits, "retention": rules}
