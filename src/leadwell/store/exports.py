"""Exports: which leads belong to one, fixed at its start, and then read in chunks."""

from collections.abc import Iterator, Sequence
from itertools import islice

from pyroaring import BitMap64

from leadwell.model.campaign import Campaign
from leadwell.model.grant import LeadQuery
from leadwell.model.lead import Lead
from leadwell.store import filtering
from leadwell.store.connection import Connection
from leadwell.store.leads import COLUMNS, body_of, lead_of, shown_of

CHUNK = 500
"""Leads read in one transaction: some milliseconds, so that nobody waits for them."""

Exported = tuple[Lead, bytes]


def members(
    connection: Connection, campaign: Campaign, query: LeadQuery, after: int
) -> BitMap64:
    """Return the ids of the leads that match now, above `after`.

    A million ids that lie close together take some hundred kilobytes.
    """
    clause = filtering.where(connection.dialect, campaign, query)
    rows = connection.rows(
        f"SELECT lead.id FROM lead WHERE {clause.sql} AND lead.id > :after",
        clause.params | {"after": after},
    )
    return BitMap64(row[0] for row in rows)


def chunks(found: BitMap64) -> Iterator[list[int]]:
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
    wanted = set(ids)
    rows = connection.rows(
        f"""
        SELECT lead.body, lead.schema_version, {COLUMNS}
          FROM lead
         WHERE {clause.sql}
           AND lead.id >= :first AND lead.id <= :last
         ORDER BY lead.id
        """,
        clause.params | {"first": ids[0], "last": ids[-1]},
    )
    return [
        (lead_of(campaign, row[2:]), shown_of(body_of(campaign, row), query))
        for row in rows
        if row[2] in wanted
    ]
