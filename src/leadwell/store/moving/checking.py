"""Whether two databases hold the same: every row, and what the leads add up to."""

from collections.abc import Iterator
from dataclasses import dataclass

from leadwell.model.digest import Digest, words
from leadwell.store.connection import Connection, Row
from leadwell.store.moving.tables import Stride, Table, everything, find_after

CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Compared:
    """One table in both databases."""

    table: Table
    rows: int
    """How many were the same, in the order of keys."""
    is_same: bool


def compare(source: Connection, target: Connection, table: Table) -> Compared:
    """Read a table on both sides, range by range, to the first difference."""
    after: Row | None = None
    stride = Stride(table)
    count = 0
    while True:
        rows = find_after(source, table, after, stride.rows)
        if rows != find_after(target, table, after, stride.rows):
            return Compared(table, count, is_same=False)
        if not rows:
            return Compared(table, count, is_same=True)
        count += len(rows)
        after = table.key_of(rows[-1])
        stride.follow(rows)


@dataclass(frozen=True, slots=True)
class Summed:
    """What a scope's leads add up to (CONTRACT §6), and whether its row says so."""

    campaign_id: int
    scope_id: int
    digest: Digest
    is_kept: bool


def digests(connection: Connection) -> Iterator[Summed]:
    """Add up the digest of every scope of every campaign from its members."""
    for campaign_id, scope_id, kept in _scopes(connection):
        found = Digest()
        for pairs in _members(connection, campaign_id, scope_id):
            found = found.plus(words(*pair) for pair in pairs)
        yield Summed(campaign_id, scope_id, found, found == kept)


def _scopes(connection: Connection) -> Iterator[tuple[int, int, Digest]]:
    (table,) = (each for each in everything() if each.name == "scope")
    after: Row | None = None
    while found := find_after(connection, table, after, CHUNK):
        for row in found:
            of = dict(zip(table.columns, row, strict=True))
            sums = (of["sum_0"], of["sum_1"], of["sum_2"], of["sum_3"])
            yield of["campaign_id"], of["scope_id"], Digest(of["leads"], sums)
        after = table.key_of(found[-1])


def _members(
    connection: Connection, campaign_id: int, scope_id: int
) -> Iterator[list[tuple[int, int]]]:
    """Served by the index `scope_member_by_seq`; no two members share a number."""
    seq = -1
    while True:
        found = connection.rows(
            """
            SELECT lead_id, version, in_scope, seq FROM scope_member
             WHERE campaign_id = :campaign_id AND scope_id = :scope_id AND seq > :seq
             ORDER BY seq
             LIMIT :limit
            """,
            {
                "campaign_id": campaign_id,
                "scope_id": scope_id,
                "seq": seq,
                "limit": CHUNK,
            },
        )
        if not found:
            return
        seq = found[-1][3]
        yield [(lead_id, version) for lead_id, version, is_in, _ in found if is_in]
