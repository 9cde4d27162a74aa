"""What the coordinator asks of the workers, as its log tells."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from leadwell.store.connection import Database

SHARD = re.compile(r"\bpublic\.(?P<table>\w+?)_(?P<shard>10\d{4})\b")
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b")
ISSUED = re.compile(
    r"NOTICE:  issuing (?P<sql>.*?)\n\S+ \S+ \S+ \[\d+\] DETAIL:  "
    r"on server \w+@\S+?:(?P<port>\d+) connectionId: (?P<connection>\d+)",
    re.DOTALL,
)


@dataclass
class Issued:
    """What a node asked of others for a request."""

    statements: list[tuple[str, int]]

    @property
    def writes(self) -> "Issued":
        """Those alone that change rows."""
        return Issued([each for each in self.statements if WRITES.match(each[0])])

    @property
    def shards(self) -> set[int]:
        """Which parts of the campaigns' tables were asked, as places beside another."""
        return {
            int(found["shard"])
            for sql, _ in self.statements
            for found in SHARD.finditer(sql)
        }

    @property
    def nodes(self) -> set[int]:
        return {port for _, port in self.statements}

    def places(self, database: Database) -> set[str]:
        """Where what was asked stands in each table: all of a campaign's are cut alike.

        A table that is copied to each machine has no such place.
        """
        with database.reading() as connection:
            rows = connection.rows("SELECT shardid, shardminvalue FROM pg_dist_shard")
        asked = self.shards
        return {place for shard, place in rows if shard in asked and place is not None}

    @property
    def is_two_phase(self) -> bool:
        return any("PREPARE TRANSACTION" in sql for sql, _ in self.statements)


def of_a_request(said: str) -> Iterator[tuple[str, int]]:
    """What was issued, but for the notes of how tokens fare.

    Those are written after the answer, to a table that each machine has a copy of.
    """
    transactions: dict[str, list[tuple[str, int]]] = {}
    for found in ISSUED.finditer(said):
        if found["sql"].startswith("BEGIN"):
            yield from _kept(transactions.pop(found["connection"], []))
        issued = (found["sql"], int(found["port"]))
        transactions.setdefault(found["connection"], []).append(issued)
    for rest in transactions.values():
        yield from _kept(rest)


def _kept(issued: list[tuple[str, int]]) -> list[tuple[str, int]]:
    asked = {found["table"] for sql, _ in issued for found in SHARD.finditer(sql)}
    # What names no table ends a transaction that began before the request.
    return issued if asked and "token_note" not in asked else []
