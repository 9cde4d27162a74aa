"""Webhooks, and what became of their messages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadwell.errors import NotFound
from leadwell.model.hook import Attempt, Hook
from leadwell.schema.times import from_microseconds, microseconds
from leadwell.store.connection import Connection, Row, one

_COLUMNS = """campaign_id, id, lineage, url, created_at, seq, cursor, message, attempts,
               next_at, failing_since, ended_at, is_test"""
ATTEMPTS_KEPT = 100
"""Of each webhook."""


def find(connection: Connection, campaign_id: int, hook_id: str) -> Hook:
    """Return a webhook of a campaign.

    Raises:
        NotFound: there is none.
    """
    row = one(
        connection.rows(
            f"""
            SELECT {_COLUMNS} FROM hook
             WHERE campaign_id = :campaign_id AND id = :id
            """,
            {"campaign_id": campaign_id, "id": hook_id},
        )
    )
    if row is None:
        raise NotFound("there is no such webhook", hint="see the list of webhooks")
    return _hook(row)


def find_all(connection: Connection, campaign_id: int) -> list[Hook]:
    """Return the webhooks of a campaign, oldest first."""
    rows = connection.rows(
        f"""
        SELECT {_COLUMNS} FROM hook
         WHERE campaign_id = :campaign_id
         ORDER BY created_at, id
        """,
        {"campaign_id": campaign_id},
    )
    return [_hook(row) for row in rows]


def campaigns_due(connection: Connection, now: int) -> list[int]:
    """Return the campaigns whose webhooks may be told something at this moment."""
    rows = connection.rows(
        """
        SELECT DISTINCT campaign_id FROM hook
         WHERE ended_at IS NULL AND next_at <= :now
         ORDER BY campaign_id
        """,
        {"now": now},
    )
    return [row[0] for row in rows]


def find_due(connection: Connection, campaign_id: int, now: int) -> list[Hook]:
    """Return those of a campaign that may be told something at this moment."""
    rows = connection.rows(
        f"""
        SELECT {_COLUMNS} FROM hook
         WHERE campaign_id = :campaign_id AND ended_at IS NULL AND next_at <= :now
        """,
        {"campaign_id": campaign_id, "now": now},
    )
    return [_hook(row) for row in rows]


def add(connection: Connection, hook: Hook) -> None:
    """Keep a webhook; one that is there already, after a form sent twice, stays."""
    connection.run(
        """
        INSERT INTO hook (campaign_id, id, lineage, url, created_at, seq, cursor,
                          attempts, next_at, is_test)
             VALUES (:campaign_id, :id, :lineage, :url, :created_at, :seq, :cursor,
                     0, 0, 0)
        ON CONFLICT (campaign_id, id) DO NOTHING
        """,
        {
            "campaign_id": hook.campaign_id,
            "id": hook.id,
            "lineage": hook.lineage,
            "url": hook.url,
            "created_at": microseconds(hook.created_at),
            "seq": hook.seq,
            "cursor": hook.cursor,
        },
    )


def remove(connection: Connection, hook: Hook) -> None:
    """Remove a webhook, and what is known of its messages."""
    named = _named(hook)
    connection.run(
        "DELETE FROM hook_attempt WHERE campaign_id = :campaign_id AND hook_id = :id",
        named,
    )
    connection.run(
        "DELETE FROM hook WHERE campaign_id = :campaign_id AND id = :id", named
    )


def claim(connection: Connection, hook: Hook, message: str, until: int) -> bool:
    """Take a message on, for this process alone until a moment; whether that worked.

    After that another process takes it on: this one has been stopped meanwhile.
    """
    rows = connection.rows(
        """
           UPDATE hook SET message = :message, next_at = :until
            WHERE campaign_id = :campaign_id AND id = :id
              AND next_at = :was AND ended_at IS NULL
        RETURNING id
        """,
        _named(hook) | {"message": message, "until": until, "was": hook.next_at},
    )
    return bool(rows)


@dataclass(frozen=True, slots=True)
class Told:
    """A message that arrived: where its receiver stands then."""

    seq: int
    cursor: str


def note(
    connection: Connection,
    hook: Hook,
    attempt: Attempt,
    told: Told | None,
    next_at: int | None,
) -> None:
    """Note what became of a message.

    Args:
        told: where the receiver stands now; `None`: the message did not arrive
        next_at: when to try again, in microseconds; `None`: it is given up
    """
    at = microseconds(attempt.at)
    connection.run(
        """
        UPDATE hook
           SET seq = :seq, cursor = :cursor, message = :message,
               attempts = :attempts, next_at = :next_at,
               failing_since = CASE WHEN :attempts > 0
                                    THEN coalesce(failing_since, :at) END,
               ended_at = coalesce(ended_at, :ended_at)
         WHERE campaign_id = :campaign_id AND id = :id AND message = :claimed
        """,
        _named(hook)
        | {
            # Who has switched it off and on again meanwhile begins anew.
            "claimed": attempt.message,
            "seq": told.seq if told else hook.seq,
            "cursor": told.cursor if told else hook.cursor,
            "message": None if told else attempt.message,
            "attempts": 0 if told else hook.attempts + 1,
            "next_at": next_at or 0,
            "at": at,
            "ended_at": at if next_at is None else None,
        },
    )
    _keep(connection, hook, attempt)


def note_test(connection: Connection, hook: Hook, attempt: Attempt) -> None:
    """Note what became of a message that somebody asked for; it is not repeated."""
    connection.run(
        """
        UPDATE hook SET is_test = 0, message = NULL, next_at = 0
         WHERE campaign_id = :campaign_id AND id = :id AND message = :claimed
        """,
        _named(hook) | {"claimed": attempt.message},
    )
    _keep(connection, hook, attempt)


def attempts(connection: Connection, hook: Hook) -> list[Attempt]:
    """Return the last messages, newest first."""
    rows = connection.rows(
        """
        SELECT at, message, kind, status, ms, said, cursor FROM hook_attempt
         WHERE campaign_id = :campaign_id AND hook_id = :id
         ORDER BY at DESC
        """,
        _named(hook),
    )
    return [Attempt(from_microseconds(row[0]), *row[1:]) for row in rows]


def restart(
    connection: Connection, hook: Hook, told: Told | None = None, *, test: bool = False
) -> None:
    """Switch a webhook on and have it told at once what is new, or something to try.

    Args:
        told: where its receiver stands, if that is not what is kept
        test: whether it is told something even if nothing is new
    """
    connection.run(
        """
        UPDATE hook
           SET seq = :seq, cursor = :cursor, message = NULL, attempts = 0, next_at = 0,
               failing_since = NULL, ended_at = NULL, is_test = :is_test
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        _named(hook)
        | {
            "seq": told.seq if told else hook.seq,
            "cursor": told.cursor if told else hook.cursor,
            "is_test": int(test),
        },
    )


def end(connection: Connection, hook: Hook, now: datetime) -> None:
    """Switch a webhook off."""
    connection.run(
        """
        UPDATE hook SET ended_at = coalesce(ended_at, :now)
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        _named(hook) | {"now": microseconds(now)},
    )


def _keep(connection: Connection, hook: Hook, attempt: Attempt) -> None:
    connection.run(
        """
        INSERT INTO hook_attempt (campaign_id, hook_id, at, message, kind, status, ms,
                                  said, cursor)
             VALUES (:campaign_id, :id, :at, :message, :kind, :status, :ms, :said,
                     :cursor)
        """,
        _named(hook)
        | {
            "at": microseconds(attempt.at),
            "message": attempt.message,
            "kind": attempt.kind,
            "status": attempt.status,
            "ms": attempt.ms,
            "said": attempt.said,
            "cursor": attempt.cursor,
        },
    )
    too_old = connection.rows(
        """
        SELECT at FROM hook_attempt
         WHERE campaign_id = :campaign_id AND hook_id = :id
         ORDER BY at DESC
         LIMIT 1 OFFSET :kept
        """,
        _named(hook) | {"kept": ATTEMPTS_KEPT},
    )
    for (at,) in too_old:
        connection.run(
            """
            DELETE FROM hook_attempt
             WHERE campaign_id = :campaign_id AND hook_id = :id AND at <= :at
            """,
            _named(hook) | {"at": at},
        )


def _named(hook: Hook) -> dict[str, Any]:
    return {"campaign_id": hook.campaign_id, "id": hook.id}


def _hook(row: Row) -> Hook:
    created, failing, ended = (
        stamp and from_microseconds(stamp) for stamp in (row[4], row[10], row[11])
    )
    return Hook(
        campaign_id=row[0],
        id=row[1],
        lineage=row[2],
        url=row[3],
        created_at=created,
        seq=row[5],
        cursor=row[6],
        message=row[7],
        attempts=row[8],
        next_at=row[9],
        failing_since=failing,
        ended_at=ended,
        is_test=bool(row[12]),
    )
