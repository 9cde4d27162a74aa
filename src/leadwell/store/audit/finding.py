"""Reading the audit log: by chain, kind, actor and time."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from leadwell.store.audit.chain import COLUMNS, HUB, Chain, Head, Told
from leadwell.store.connection import Connection, Database

CHUNK = 1_000
"""Rows that are read in one transaction."""
BEFORE_ALL = -(2**62)
"""A number before that of any row, also of one that somebody has put in."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows; what is not said does not matter."""

    since: int | None = None
    """Not before this moment, in microseconds."""
    before: int | None = None
    kind: str | None = None
    actor: str | None = None

    @property
    def params(self) -> dict[str, Any]:
        """What is said, as parameters of a statement."""
        said = {
            "since": self.since,
            "before": self.before,
            "kind": self.kind,
            "actor": self.actor,
        }
        return {name: value for name, value in said.items() if value is not None}


EVERYTHING = Asked()
_CONDITIONS = {
    "since": "at >= :since",
    "before": "at < :before",
    "kind": "kind = :kind",
    "actor": "actor = :actor",
}


def heads(
    connection: Connection,
    account_id: int | None = None,
    campaign_id: int | None = None,
) -> dict[Chain, Head]:
    """Return the newest row of each chain that has any, in the order of the chains."""
    named = {"account_id": account_id, "campaign_id": campaign_id}
    given = {name: value for name, value in named.items() if value is not None}
    rows = connection.rows(
        f"""
        SELECT campaign_id, account_id, number, hash FROM audit_head
         WHERE {" AND ".join(f"{name} = :{name}" for name in given) or "1 = 1"}
           AND number > 0
         ORDER BY campaign_id, account_id
        """,
        given,
    )
    return {Chain(row[0], row[1]): Head(row[2], row[3]) for row in rows}


def strays(connection: Connection) -> list[Chain]:
    """Return the chains that have rows, and no head: somebody has removed it.

    Every row is looked at.
    """
    rows = connection.rows(
        """
        SELECT DISTINCT audit.campaign_id, audit.account_id
          FROM audit
          LEFT JOIN audit_head ON audit_head.campaign_id = audit.campaign_id
                              AND audit_head.account_id = audit.account_id
         WHERE coalesce(audit_head.number, 0) = 0
        """
    )
    return sorted(Chain(*row) for row in rows)


class Place(NamedTuple):
    """Where a list from the newest to the oldest goes on: behind this row."""

    at: int
    chain: Chain
    number: int

    @classmethod
    def of(cls, told: Told) -> "Place":
        """Return the place of a row."""
        return cls(told.at, told.chain, told.number)

    def under(self, chain: Chain) -> int:
        """Return below which number a chain's rows of the same moment come behind."""
        if chain == self.chain:
            return self.number
        return BEFORE_ALL if chain < self.chain else -BEFORE_ALL


def newest(
    connection: Connection,
    chains: Iterable[Chain],
    asked: Asked,
    most: int,
    behind: Place | None = None,
) -> list[Told]:
    """Return the newest rows of these chains, newest first, or those behind a place.

    Of one moment those of the lower chain come first.
    """
    place = behind or Place(-BEFORE_ALL, HUB, 0)
    found = [_newest(connection, chain, asked, most, place) for chain in sorted(chains)]
    merged = heapq.merge(*found, key=lambda told: told.at, reverse=True)
    return list(islice(merged, most))


def _newest(
    connection: Connection, chain: Chain, asked: Asked, most: int, behind: Place
) -> list[Told]:
    """Served by `audit_by_actor` or `audit_by_at`."""
    conditions = [_CONDITIONS[name] for name in asked.params]
    rows = connection.rows(
        f"""
        SELECT {COLUMNS} FROM audit
         WHERE campaign_id = :campaign_id AND account_id = :account_id
           AND at <= :behind AND (at < :behind OR number < :under)
           AND {" AND ".join(conditions) or "1 = 1"}
         ORDER BY at DESC, number DESC
         LIMIT :most
        """,
        {
            **chain._asdict(),
            **asked.params,
            "behind": behind.at,
            "under": behind.under(chain),
            "most": most,
        },
    )
    return [Told.read(row) for row in rows]


def walk(database: Database, chain: Chain, asked: Asked = EVERYTHING) -> Iterator[Told]:
    """Yield rows in the order of their numbers, in short transactions."""
    after = BEFORE_ALL
    while True:
        with database.reading() as connection:
            found = after_number(connection, chain, after, asked)
        yield from found
        if len(found) < CHUNK:
            return
        after = found[-1].number


def after_number(
    connection: Connection, chain: Chain, number: int, asked: Asked = EVERYTHING
) -> list[Told]:
    """Return the next rows behind a number. Served by the primary key."""
    conditions = [_CONDITIONS[name] for name in asked.params]
    rows = connection.rows(
        f"""
        SELECT {COLUMNS} FROM audit
         WHERE campaign_id = :campaign_id AND account_id = :account_id
           AND number > :number AND {" AND ".join(conditions) or "1 = 1"}
         ORDER BY number
         LIMIT :most
        """,
        {**chain._asdict(), **asked.params, "number": number, "most": CHUNK},
    )
    return [Told.read(row) for row in rows]
