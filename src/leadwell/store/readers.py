"""How far the readers of the change feed have come: the evidence of what they know."""

from dataclasses import dataclass
from datetime import datetime

from leadwell.schema.times import from_microseconds
from leadwell.store.connection import Connection, Database, one

NOTE_EVERY_US = 60_000_000
"""How often a reader's place is written, unless an erasure waits to be confirmed."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A token that may have received a lead, and whether it knows of its erasure."""

    lineage: str
    since: datetime
    """When the token was given a scope that held the lead."""
    confirmed_at: datetime | None
    """When it sent a cursor from behind the erasure."""


def note(
    database: Database, campaign_id: int, lineage: str, seq: int, now: int
) -> None:
    """Note that a reader has stored all up to `seq`; `now` is in microseconds."""
    with database.reading() as connection:
        if not _is_worth_it(connection, campaign_id, lineage, seq, now):
            return

    def job(connection: Connection) -> None:
        connection.run(
            """
            INSERT INTO reader (campaign_id, lineage, seq, at)
                 VALUES (:campaign_id, :lineage, :seq, :now)
            ON CONFLICT (campaign_id, lineage)
              DO UPDATE SET seq = excluded.seq, at = excluded.at
            """,
            {"campaign_id": campaign_id, "lineage": lineage, "seq": seq, "now": now},
        )

    database.write(job)


def receipts(connection: Connection, campaign_id: int, lead_id: int) -> list[Receipt]:
    """Return the tokens that may have received a lead which is erased now."""
    rows = connection.rows(
        """
        SELECT token_scope.lineage, min(token_scope.since), max(reader.seq),
               max(reader.at), max(erasure.seq)
          FROM scope_member
          JOIN token_scope
            ON token_scope.campaign_id = :campaign_id
           AND token_scope.scope_id = scope_member.scope_id
          JOIN erasure
            ON erasure.campaign_id = :campaign_id
           AND erasure.lead_id = scope_member.lead_id
          LEFT JOIN reader
            ON reader.campaign_id = :campaign_id
           AND reader.lineage = token_scope.lineage
         WHERE scope_member.campaign_id = :campaign_id
           AND scope_member.lead_id = :lead_id
           AND token_scope.since < erasure.at
         GROUP BY token_scope.lineage
         ORDER BY token_scope.lineage
        """,
        {"campaign_id": campaign_id, "lead_id": lead_id},
    )
    return [
        Receipt(
            row[0],
            from_microseconds(row[1]),
            from_microseconds(row[3]) if row[2] and row[2] >= row[4] else None,
        )
        for row in rows
    ]


def _is_worth_it(
    connection: Connection, campaign_id: int, lineage: str, seq: int, now: int
) -> bool:
    row = one(
        connection.rows(
            """
            SELECT seq, at FROM reader
             WHERE campaign_id = :campaign_id AND lineage = :lineage
            """,
            {"campaign_id": campaign_id, "lineage": lineage},
        )
    )
    if row is None or (seq > row[0] and now - row[1] >= NOTE_EVERY_US):
        return True
    erased = connection.rows(
        """
        SELECT 1 FROM erasure
         WHERE campaign_id = :campaign_id AND seq > :noted AND seq <= :seq
         LIMIT 1
        """,
        {"campaign_id": campaign_id, "noted": row[0], "seq": seq},
    )
    return bool(erased)
