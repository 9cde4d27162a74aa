"""Rows of the audit log: only added, each with the hash of the one before it.

Each campaign has a chain of its own, and so have each account and the hub as a whole:
who writes one waits for nobody who writes another (decision 0030).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.store.connection import Connection, Row, one

COLUMNS = "campaign_id, account_id, number, at, kind, what, actor, content, hash"
BEGINNING = ""
"""What stands for the hash before the first row."""
OPERATOR = "operator"
"""Who runs commands on the database; and what the hub does by itself."""
TOKEN = "token:"  # noqa: S105 - a prefix


class Kind(StrEnum):
    """What a row tells of."""

    READ = "read"
    """Leads were answered: requests that are alike, summed up."""
    USE = "use"
    """A token was used, or a page opened, that shows no lead; summed up."""
    REFUSED = "refused"
    """Requests were refused; summed up."""
    WRITE = "write"
    """Leads were written: the history of leads, summed up; or they were erased."""
    ACTION = "action"
    """Something was decided: on the pages, by a command, or by a rule."""
    SIGN_IN = "sign-in"
    """Somebody signed in, or tried to."""
    LOG = "log"
    """Something was done to the log itself."""


class Chain(NamedTuple):
    """Which chain: a campaign's, an account's own (0, id), or the hub's (0, 0)."""

    campaign_id: int
    account_id: int

    @classmethod
    def of(cls, owner: Campaign | Account) -> "Chain":
        """Return the chain of what happens in a campaign, or to an account."""
        if isinstance(owner, Account):
            return cls(0, owner.id)
        return cls(owner.id, owner.account_id)


HUB = Chain(0, 0)
"""What belongs to no account: tries with tokens and addresses that nobody has."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be told; ids and counts, and nothing that is in a lead."""

    kind: Kind
    what: str
    actor: str = ""
    """`token:<lineage>`, `person:<id>`, `import:<id>`, operator, …; empty: unknown."""
    content: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Told:
    """A row, as it is kept."""

    chain: Chain
    number: int
    """From 1, without gaps."""
    at: int
    """In microseconds since 1970."""
    kind: str
    what: str
    actor: str
    content: str
    """JSON, byte for byte as it was hashed."""
    hash: str

    @classmethod
    def read(cls, row: Row) -> "Told":
        """Read a row of `COLUMNS`."""
        return cls(Chain(row[0], row[1]), *row[2:])

    def hash_after(self, before: str) -> str:
        """Return what its hash has to be behind a row with this one."""
        told = (*self.chain, self.number, self.at, self.kind, self.what, self.actor)
        text = "\n".join([before, *map(str, told), self.content])
        return hashlib.sha256(text.encode()).hexdigest()


class Head(NamedTuple):
    """The newest row of a chain."""

    number: int
    """0: there is none yet."""
    hash: str


def append(
    connection: Connection, chain: Chain, at: int, entries: Sequence[Entry]
) -> None:
    """Add rows in this transaction; another one of the chain waits for its end.

    `at` is in microseconds.
    """
    before = hold(connection, chain)
    rows: list[Row] = []
    number, last = before
    for entry in entries:
        number += 1
        content = msgspec.json.encode(entry.content, order="deterministic").decode()
        told = Told(
            chain, number, at, entry.kind.value, entry.what, entry.actor, content, ""
        )
        last = told.hash_after(last)
        rows.append(
            (*chain, number, at, told.kind, told.what, told.actor, content, last)
        )
    connection.run_many(
        """
        INSERT INTO audit (campaign_id, account_id, number, at, kind, what, actor,
                           content, hash)
             VALUES (:campaign_id, :account_id, :number, :at, :kind, :what, :actor,
                     :content, :hash)
        """,
        [dict(zip(COLUMNS.split(", "), row, strict=True)) for row in rows],
    )
    connection.run(
        """
        UPDATE audit_head SET number = :number, hash = :hash
         WHERE campaign_id = :campaign_id AND account_id = :account_id
        """,
        {**chain._asdict(), "number": number, "hash": last},
    )


def hold(connection: Connection, chain: Chain) -> Head:
    """Return the newest row's number and hash, and keep others waiting to the commit.

    A chain that is not there yet begins.
    """
    (row,) = connection.rows(
        """
        INSERT INTO audit_head (campaign_id, account_id, number, hash, written_to)
             VALUES (:campaign_id, :account_id, 0, :hash, 0)
        ON CONFLICT (campaign_id, account_id)
          DO UPDATE SET number = audit_head.number
          RETURNING number, hash
        """,
        {**chain._asdict(), "hash": BEGINNING},
    )
    return Head(*row)


def head(connection: Connection, chain: Chain) -> Head:
    """Return the newest row's number and hash."""
    row = one(
        connection.rows(
            """
            SELECT number, hash FROM audit_head
             WHERE campaign_id = :campaign_id AND account_id = :account_id
            """,
            chain._asdict(),
        )
    )
    return Head(0, BEGINNING) if row is None else Head(*row)
