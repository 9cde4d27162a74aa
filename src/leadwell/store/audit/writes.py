"""Sums of what was written to leads, from the history that each write leaves itself.

The history is written in the transaction of the write, so nothing is missing here
whatever happens to a process, and writers wait for nothing of the audit log.
"""

from dataclasses import dataclass, replace

from leadwell.schema.times import from_microseconds, show
from leadwell.store.audit import chain as chains
from leadwell.store.audit.chain import OPERATOR, TOKEN, Chain, Entry, Kind
from leadwell.store.connection import Connection, one

CHUNK = 10_000
"""Revisions that are summed up at once: others read and write in between."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A campaign with writes that were not summed up yet."""

    chain: Chain
    summed_to: int
    """The moment of the last one that was, in microseconds."""
    stamped_at: int
    """The moment of the last write."""

    def from_(self, moment: int) -> "Waiting":
        """Return what is left when all up to a moment is summed up."""
        return replace(self, summed_to=moment)


@dataclass(frozen=True, slots=True)
class Sums:
    """Who has written what up to a moment."""

    waiting: Waiting
    to: int
    entries: tuple[Entry, ...]
    is_all: bool


def find_waiting(connection: Connection) -> list[Waiting]:
    """Return the campaigns that were written to since their writes were summed up."""
    rows = connection.rows(
        """
        SELECT campaign.campaign_id, campaign.account_id,
               coalesce(audit_head.written_to, 0), counter.stamped_at
          FROM campaign
          JOIN counter ON counter.campaign_id = campaign.campaign_id
          LEFT JOIN audit_head ON audit_head.campaign_id = campaign.campaign_id
                              AND audit_head.account_id = campaign.account_id
         WHERE counter.stamped_at > coalesce(audit_head.written_to, 0)
        """
    )
    return [Waiting(Chain(row[0], row[1]), row[2], row[3]) for row in rows]


def summed(connection: Connection, waiting: Waiting) -> Sums:
    """Sum up the writes of a campaign, or the first of them where there are many.

    Moments rise in the order of commits, so all up to the last that is seen are seen.
    Served by `lead_history_by_at`.
    """
    params = {
        "campaign_id": waiting.chain.campaign_id,
        "since": waiting.summed_to,
        "to": waiting.stamped_at,
    }
    row = one(
        connection.rows(
            """
            SELECT at FROM lead_history
             WHERE campaign_id = :campaign_id AND at > :since AND at <= :to
             ORDER BY at
             LIMIT 1 OFFSET :most
            """,
            {**params, "most": CHUNK},
        )
    )
    to = waiting.stamped_at if row is None else int(row[0])
    rows = connection.rows(
        """
        SELECT author, op, count(*), count(DISTINCT lead_id), min(lead_id),
               max(lead_id), min(at), max(at)
          FROM lead_history
         WHERE campaign_id = :campaign_id AND at > :since AND at <= :to
         GROUP BY author, op
         ORDER BY author, op
        """,
        {**params, "to": to},
    )
    entries = tuple(_entry(*row) for row in rows)
    return Sums(waiting, to, entries, row is None)


def keep(connection: Connection, sums: Sums, now: int) -> bool:
    """Add the sums to the campaign's chain; `False`: somebody else has done it."""
    waiting = sums.waiting
    chains.hold(connection, waiting.chain)
    rows = connection.rows(
        """
        UPDATE audit_head SET written_to = :to
         WHERE campaign_id = :campaign_id AND account_id = :account_id
           AND written_to = :since
        RETURNING written_to
        """,
        {**waiting.chain._asdict(), "to": sums.to, "since": waiting.summed_to},
    )
    if rows and sums.entries:
        chains.append(connection, waiting.chain, now, sums.entries)
    return bool(rows)


def actor_of(author: str) -> str:
    """Return what the audit log calls the author of a revision."""
    if not author:
        return OPERATOR
    # `person:`, `import:` and `retention` say what they are.
    is_said = ":" in author or author == "retention"
    return author if is_said else f"{TOKEN}{author}"


def _entry(author: str, op: str, revisions: int, leads: int, *between: int) -> Entry:
    lowest, highest, first, last = between
    content = {
        "revisions": revisions,
        "leads": leads,
        "lowest_id": lowest,
        "highest_id": highest,
        "from": show(from_microseconds(first)),
        "to": show(from_microseconds(last)),
    }
    return Entry(Kind.WRITE, op, actor_of(author), content)
