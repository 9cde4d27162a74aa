"""How long the audit log is kept: its oldest rows go, and the rest can be proved still.

What is left of the rows that went is a row of the log itself, with the number and the
hash of the last of them: the next one's hash was made behind it.
"""

from dataclasses import dataclass

import msgspec

from leadwell.schema.times import from_microseconds, show
from leadwell.store.audit import chain as chains
from leadwell.store.audit.chain import OPERATOR, Chain, Entry, Kind
from leadwell.store.connection import Connection, one

CUT = "cut"
CHUNK = 5_000
"""Rows that go in one transaction: others write in between."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a chain begins now."""

    to: int
    """The number of the last row that went; 0: none did."""
    hash: str


def find(connection: Connection, chain: Chain) -> Cut:
    """Return up to where rows were removed, as the log says."""
    row = one(
        connection.rows(
            """
            SELECT content FROM audit
             WHERE campaign_id = :campaign_id AND account_id = :account_id
               AND kind = :kind AND what = :what
             ORDER BY number DESC
             LIMIT 1
            """,
            {**chain._asdict(), "kind": Kind.LOG.value, "what": CUT},
        )
    )
    if row is None:
        return Cut(0, chains.BEGINNING)
    content = msgspec.json.decode(row[0])
    return Cut(content["to"], content["hash"])


def cut(connection: Connection, chain: Chain, before: int, now: int) -> bool:
    """Remove the oldest rows, and say so in the log; return whether there may be more.

    Rows go in the order of their numbers, up to the first that is not older than
    `before`; moments are in microseconds.
    """
    newest = chains.hold(connection, chain).number
    ((young,),) = connection.rows(
        """
        SELECT min(number) FROM audit
         WHERE campaign_id = :campaign_id AND account_id = :account_id AND at >= :before
        """,
        {**chain._asdict(), "before": before},
    )
    rows = connection.rows(
        """
        SELECT number, hash, kind, what FROM audit
         WHERE campaign_id = :campaign_id AND account_id = :account_id
           AND number < :young
         ORDER BY number
         LIMIT :most
        """,
        {
            **chain._asdict(),
            "young": newest + 1 if young is None else young,
            "most": CHUNK,
        },
    )
    # What tells of a removal is not removed for itself: another one would be added.
    if not rows or (len(rows) == 1 and rows[0][2:] == (Kind.LOG.value, CUT)):
        return False
    number, hash_, *_ = rows[-1]
    connection.run(
        """
        DELETE FROM audit
         WHERE campaign_id = :campaign_id AND account_id = :account_id
           AND number <= :number
        """,
        {**chain._asdict(), "number": number},
    )
    content = {
        "to": number,
        "hash": hash_,
        "rows": len(rows),
        "before": show(from_microseconds(before)),
    }
    chains.append(connection, chain, now, [Entry(Kind.LOG, CUT, OPERATOR, content)])
    return len(rows) == CHUNK


def is_due(connection: Connection, chain: Chain, before: int) -> bool:
    """Whether the oldest row of a chain is of before a moment. By the primary key."""
    row = one(
        connection.rows(
            """
            SELECT at FROM audit
             WHERE campaign_id = :campaign_id AND account_id = :account_id
             ORDER BY number
             LIMIT 1
            """,
            chain._asdict(),
        )
    )
    return row is not None and row[0] < before
