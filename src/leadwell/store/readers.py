"""How far the readers of the change feed have come: the evidence of what they know."""

from dataclasses import asdict, dataclass
from datetime import datetime

from leadwell.model.campaign import Campaign
from leadwell.schema.times import from_microseconds, microseconds
from leadwell.store import tokens
from leadwell.store.connection import Connection, one

NOTE_EVERY_US = 60_000_000
"""How often a reader's place is written, unless an erasure waits to be confirmed."""
EVER_US = 10**17
"""A moment after all others."""
NEVER = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """A token that may have received a lead, and whether it knows of its erasure."""

    lineage: str
    name: str
    since: datetime
    """When the token was given a scope that held the lead."""
    confirmed_at: datetime | None
    """When it sent a cursor from behind the erasure."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reader has come: it has stored all up to `seq`."""

    campaign_id: int
    lineage: str
    seq: int
    at: int
    """When it said so, in microseconds."""

    def is_worth_it(self, connection: Connection) -> bool:
        """Whether to note it: a while after the last time, or for an erasure.

        Served by the primary key and `erasure_by_seq`.
        """
        # In one statement: a second one that is asked for only at times would let a
        # token measure that leads change which it does not see.
        row = one(
            connection.rows(
                """
                SELECT reader.seq, reader.at,
                       (SELECT count(*) FROM erasure
                         WHERE erasure.campaign_id = :campaign_id
                           AND erasure.seq > reader.seq AND erasure.seq <= :seq)
                  FROM reader
                 WHERE reader.campaign_id = :campaign_id
                   AND reader.lineage = :lineage
                """,
                {
                    "campaign_id": self.campaign_id,
                    "lineage": self.lineage,
                    "seq": self.seq,
                },
            )
        )
        if row is None:
            return True
        noted, at, erasures = row
        is_due = self.seq > noted and self.at - at >= NOTE_EVERY_US
        return bool(erasures) or is_due

    def note(self, connection: Connection) -> None:
        """Write it down."""
        connection.run(
            """
            INSERT INTO reader (campaign_id, lineage, seq, at)
                 VALUES (:campaign_id, :lineage, :seq, :at)
            ON CONFLICT (campaign_id, lineage)
              DO UPDATE SET seq = excluded.seq, at = excluded.at
            """,
            asdict(self),
        )


def receipts(connection: Connection, campaign: Campaign, lead_id: int) -> list[Receipt]:
    """Return the tokens that may have received a lead which is erased now.

    They had a scope that held the lead, while it was not erased yet.
    """
    rows = connection.rows(
        """
        SELECT token_scope.lineage, min(token_scope.since)
          FROM scope_member
          JOIN token_scope
            ON token_scope.campaign_id = :campaign_id
           AND token_scope.scope_id = scope_member.scope_id
         WHERE scope_member.campaign_id = :campaign_id
           AND scope_member.lead_id = :lead_id
           AND token_scope.since < scope_member.at
         GROUP BY token_scope.lineage
         ORDER BY token_scope.lineage
        """,
        {"campaign_id": campaign.id, "lead_id": lead_id},
    )
    erased_at, told = _told(connection, campaign.id, lead_id)
    return _named(
        connection,
        campaign,
        {row[0]: int(row[1]) for row in rows},
        told,
        before=erased_at,
    )


def recipients(
    connection: Connection, campaign: Campaign, lead_id: int
) -> list[Receipt]:
    """Return the tokens that may have received a lead which is not erased.

    Confirmed is that a token has stored it, or a later change: by a cursor from behind
    the moment at which it could see the lead first.
    """
    rows = connection.rows(
        """
        SELECT token_scope.lineage, min(token_scope.since), max(reader.at)
          FROM scope_member
          JOIN token_scope
            ON token_scope.campaign_id = :campaign_id
           AND token_scope.scope_id = scope_member.scope_id
          LEFT JOIN reader
            ON reader.campaign_id = :campaign_id
           AND reader.lineage = token_scope.lineage
           AND reader.seq >= scope_member.first_seq
         WHERE scope_member.campaign_id = :campaign_id
           AND scope_member.lead_id = :lead_id
           AND (scope_member.in_scope = 1 OR token_scope.since < scope_member.at)
         GROUP BY token_scope.lineage
         ORDER BY token_scope.lineage
        """,
        {"campaign_id": campaign.id, "lead_id": lead_id},
    )
    ((first_seq, ended_at),) = connection.rows(
        """
        SELECT first_seq, CASE WHEN in_scope = 1 THEN :ever ELSE at END
          FROM scope_member
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id AND scope_id = 0
        """,
        {"campaign_id": campaign.id, "lead_id": lead_id, "ever": EVER_US},
    )
    readers = connection.rows(
        """
        SELECT lineage, at FROM reader
         WHERE campaign_id = :campaign_id AND seq >= :first_seq
        """,
        {"campaign_id": campaign.id, "first_seq": first_seq},
    )
    told = {row[0]: int(row[1]) for row in readers}
    # A scope's own moment is later than the campaign's: what it says goes before.
    told |= dict.fromkeys((row[0] for row in rows if row[2] is None), NEVER)
    return _named(
        connection,
        campaign,
        {row[0]: int(row[1]) for row in rows},
        told,
        before=int(ended_at),
    )


def _named(
    connection: Connection,
    campaign: Campaign,
    found: dict[str, int],
    told: dict[str, int],
    before: int,
) -> list[Receipt]:
    """Name tokens, and add those of the account that were made before a moment.

    One of an account sees every lead of its campaigns.
    """
    names: dict[str, str] = {}
    for token in tokens.find_all(connection, campaign.account_id):
        names.setdefault(token.lineage, token.name)
        made_at = microseconds(token.created_at)
        if token.campaign_id is None and made_at < before:
            found.setdefault(token.lineage, made_at)
    return [
        Receipt(
            lineage,
            names.get(lineage, ""),
            from_microseconds(since),
            from_microseconds(told[lineage]) if told.get(lineage) else None,
        )
        for lineage, since in sorted(found.items())
    ]


def _told(
    connection: Connection, campaign_id: int, lead_id: int
) -> tuple[int, dict[str, int]]:
    """Return when the lead was erased, and since when which readers know of it."""
    rows = connection.rows(
        """
        SELECT erasure.at, reader.lineage, reader.at
          FROM erasure
          LEFT JOIN reader ON reader.campaign_id = :campaign_id
                          AND reader.seq >= erasure.seq
         WHERE erasure.campaign_id = :campaign_id AND erasure.lead_id = :lead_id
        """,
        {"campaign_id": campaign_id, "lead_id": lead_id},
    )
    erased_at = rows[0][0] if rows else 0
    return erased_at, {row[1]: int(row[2]) for row in rows if row[1] is not None}
