"""Reading leads: only ever through a `LeadQuery`, which only a grant makes."""

from collections.abc import Container, Sequence
from typing import Any

import msgspec

from leadwell.model.campaign import Campaign
from leadwell.model.cursor import Walk
from leadwell.model.grant import LeadQuery
from leadwell.model.lead import Lead, Value
from leadwell.model.page import Page
from leadwell.schema import rendering
from leadwell.schema.fields import type_named
from leadwell.schema.times import from_microseconds
from leadwell.store import filtering
from leadwell.store.audit import seen
from leadwell.store.connection import Connection, Row

COLUMNS = """lead.id, lead.version, lead.status, lead.assigned_to, lead.created_at,
               lead.updated_at, lead.source_updated_at, lead.external_id, lead.fields"""


def find_page(
    connection: Connection, campaign: Campaign, query: LeadQuery
) -> Page[bytes]:
    """Return one page of rendered leads, in the order of the query, and the true total.

    Both are read at one moment. The order is total, so pages neither overlap nor
    skip while nothing is written. Without a filter it is served by the primary key.
    """
    clause = filtering.where(connection.dialect, campaign, query)
    ((total,),) = connection.rows(
        f"SELECT count(*) FROM lead WHERE {clause.sql}", clause.params
    )
    if query.offset >= total:
        seen.note(query, ())
        return Page((), query.page, query.per_page, int(total))
    rows = connection.rows(
        f"""
        SELECT lead.body, lead.schema_version, {COLUMNS}
          FROM lead
         WHERE {clause.sql}
         ORDER BY {filtering.order(connection.dialect, campaign, query)}
         LIMIT :limit OFFSET :offset
        """,
        clause.params | {"limit": query.per_page, "offset": query.offset},
    )
    seen.note(query, [row[2] for row in rows])
    bodies = [shown_of(body_of(campaign, row), query) for row in rows]
    return Page(bodies, query.page, query.per_page, int(total))


def find_ids(connection: Connection, campaign: Campaign, query: LeadQuery) -> list[int]:
    """Return the ids of all leads that match, in the order of the query."""
    clause = filtering.where(connection.dialect, campaign, query)
    rows = connection.rows(
        f"""
        SELECT lead.id FROM lead
         WHERE {clause.sql}
         ORDER BY {filtering.order(connection.dialect, campaign, query)}
        """,
        clause.params,
    )
    return [row[0] for row in rows]


def find_visible(
    connection: Connection, campaign: Campaign, query: LeadQuery, ids: Sequence[int]
) -> set[int]:
    """Return those of these leads that match."""
    clause = filtering.where(connection.dialect, campaign, query)
    rows = connection.rows(
        f"""
        SELECT lead.id FROM lead
         WHERE {clause.sql} AND {connection.dialect.among("lead.id", "ids")}
        """,
        clause.params | {"ids": connection.dialect.listed(ids)},
    )
    return {row[0] for row in rows}


def find_bodies(
    connection: Connection, campaign: Campaign, query: LeadQuery, ids: Sequence[int]
) -> list[bytes]:
    """Return these leads rendered, in this order; the query says what is shown of them.

    Who calls it has made sure that the query's grant covers them at this moment. Served
    by the primary key.
    """
    seen.note(query, ids)
    if not ids:
        return []
    params: dict[str, Any] = {"campaign_id": campaign.id}
    first, last = min(ids), max(ids)
    if last - first == len(ids) - 1:
        params |= {"first": first, "last": last}
        among = "lead.id >= :first AND lead.id <= :last"
    else:
        params["ids"] = connection.dialect.listed(ids)
        among = connection.dialect.among("lead.id", "ids")
    rows = connection.rows(
        f"""
        SELECT lead.id, lead.body, lead.schema_version FROM lead
         WHERE lead.campaign_id = :campaign_id AND {among}
        """,
        params,
    )
    current = campaign.schema_version
    bodies: dict[int, bytes] = {
        ref: body for ref, body, shown in rows if shown == current
    }
    if len(bodies) < len(ids):
        bodies |= _bodies_again(connection, campaign, ids, bodies)
    found = [bodies[lead_id] for lead_id in ids]
    return found if query.shown is None else [shown_of(each, query) for each in found]


def _bodies_again(
    connection: Connection,
    campaign: Campaign,
    ids: Sequence[int],
    known: Container[int],
) -> dict[int, bytes]:
    """Render the leads whose stored bodies show labels that have changed since."""
    stale = [lead_id for lead_id in ids if lead_id not in known]
    rows = connection.rows(
        f"""
        SELECT lead.body, lead.schema_version, {COLUMNS} FROM lead
         WHERE lead.campaign_id = :campaign_id
           AND {connection.dialect.among("lead.id", "ids")}
        """,
        {"campaign_id": campaign.id, "ids": connection.dialect.listed(stale)},
    )
    return {row[2]: body_of(campaign, row) for row in rows}


def find_after(
    connection: Connection, campaign: Campaign, query: LeadQuery, walk: Walk
) -> tuple[Page[bytes], int | None]:
    """Return the next page of a walk by id, and the last id on it if more follow.

    What matched throughout the walk is met once, however others write meanwhile.
    """
    clause = filtering.where(connection.dialect, campaign, query)
    ((total,),) = connection.rows(
        f"SELECT count(*) FROM lead WHERE {clause.sql}", clause.params
    )
    rows = connection.rows(
        f"""
        SELECT lead.body, lead.schema_version, {COLUMNS}
          FROM lead
         WHERE {clause.sql}
           AND lead.id > :last_id
         ORDER BY lead.id
         LIMIT :limit
        """,
        clause.params | {"limit": query.per_page + 1, "last_id": walk.last_id},
    )
    kept = rows[: query.per_page]
    seen.note(query, [row[2] for row in kept])
    bodies = [shown_of(body_of(campaign, row), query) for row in kept]
    last_id = kept[-1][2] if len(rows) > len(kept) else None
    return Page(bodies, walk.page, query.per_page, int(total)), last_id


def find_one(
    connection: Connection, campaign: Campaign, query: LeadQuery
) -> bytes | None:
    """Return the one rendered lead that the query names; `None` when there is none."""
    return next(iter(find_page(connection, campaign, query).items), None)


def values_of(campaign: Campaign, text: str) -> dict[int, Value]:
    """Read the values of a lead as its `fields` column keeps them."""
    stored: dict[str, Any] = msgspec.json.decode(text)
    return {
        field.id: type_named(field.type).restored(stored[str(field.id)])
        for field in campaign.fields
        if str(field.id) in stored
    }


def lead_of(campaign: Campaign, row: Row) -> Lead:
    """Read a lead from a row of `COLUMNS`."""
    moved = row[6]
    return Lead(
        campaign_id=campaign.id,
        id=row[0],
        version=row[1],
        status=row[2],
        assigned_to=row[3],
        created_at=from_microseconds(row[4]),
        updated_at=from_microseconds(row[5]),
        source_updated_at=None if moved is None else from_microseconds(moved),
        external_id=row[7],
        values=values_of(campaign, row[8]),
    )


def body_of(campaign: Campaign, row: Row) -> bytes:
    """Return the whole rendered lead from a row: body, schema version, `COLUMNS`."""
    # A label changed since the lead was written: its stored body shows the old one.
    if row[1] != campaign.schema_version:
        return rendering.body(campaign, lead_of(campaign, row[2:]))
    return bytes(row[0])


def shown_of(body: bytes, query: LeadQuery) -> bytes:
    """Cut a whole rendered lead down to what the query may show."""
    return body if query.shown is None else rendering.narrowed(body, query.shown)
