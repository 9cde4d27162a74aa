"""Exports: which leads belong to one, fixed at its start, and then read in chunks."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from pyroaring import BitMap

from leadwell.index.index import LEAD_ID_MAX
from leadwell.model.campaign import Campaign
from leadwell.model.grant import LeadQuery
from leadwell.store import filtering
from leadwell.store.audit import seen
from leadwell.store.connection import Connection
from leadwell.store.indexes import Indexes
from leadwell.store.leads import COLUMNS, body_of, shown_of

__all__ = ["CHUNK", "LEAD_ID_MAX", "Exported", "chunks", "members", "read"]

CHUNK = 500
"""Leads read in one transaction: some milliseconds, so that nobody waits for them."""


class Exported(NamedTuple):
    """One lead of an export."""

    id: int
    version: int
    body: bytes


def members(
    connection: Connection, indexes: Indexes, campaign: Campaign, query: LeadQuery
) -> BitMap:
    """Return the ids of the leads that match now.

    A million ids that lie close together take some hundred kilobytes.
    """
    indexes.scan(connection, campaign, query)
    found = indexes.matching(connection, campaign, query)
    if found is not None:
        return found.copy()
    clause = filtering.where(connection.dialect, campaign, query)
    rows = connection.rows(
        f"SELECT lead.id FROM lead WHERE {clause.sql}", clause.params
    )
    return BitMap([row[0] for row in rows])


def chunks(found: BitMap) -> Iterator[list[int]]:
    """Yield the ids in their order, a chunk at a time."""
    ids = iter(found)
    while chunk := list(islice(ids, CHUNK)):
        yield chunk


def read(
    connection: Connection, campaign: Campaign, query: LeadQuery, ids: Sequence[int]
) -> list[Exported]:
    """Return these leads as they are now, those that the token still may see.

    Those that no longer match are left out: the change feed says so after the export.
    """
    clause = filtering.where(connection.dialect, campaign, query)
    rows = connection.rows(
        f"""
        SELECT lead.body, lead.schema_version, {COLUMNS}
          FROM lead
         WHERE {clause.sql}
           AND {connection.dialect.among("lead.id", "ids")}
         ORDER BY lead.id
        """,
        clause.params | {"ids": connection.dialect.listed(ids)},
    )
    seen.note(query, [row[2] for row in rows])
    bodies = ((row, shown_of(body_of(campaign, row), query)) for row in rows)
    return [Exported(row[2], row[3], body) for row, body in bodies]
