"""Which lead a new one duplicates, among those that its author may see."""

from collections.abc import Mapping, Set
from typing import Any

from leadwell.model.campaign import Attribute, Campaign, Field, Policy
from leadwell.model.lead import Lead, Value
from leadwell.model.query import Condition
from leadwell.schema import identity
from leadwell.schema.fields import type_named
from leadwell.store import filtering
from leadwell.store.connection import Connection, one

Readable = Set[int | Attribute] | None
"""The fields and attributes that somebody may see; `None`: all."""
ACTING = (Policy.MERGE, Policy.REJECT)


def find(
    connection: Connection,
    campaign: Campaign,
    lead: Lead,
    forced: tuple[Condition, ...],
    readable: Readable,
) -> tuple[int, Field] | None:
    """Return the lead that a new one duplicates where the campaign acts on it."""
    if campaign.duplicates.policy not in ACTING:
        return None
    return oldest(connection, campaign, lead.values, forced, readable)


def oldest(
    connection: Connection,
    campaign: Campaign,
    values: Mapping[int, Value],
    forced: tuple[Condition, ...] = (),
    readable: Readable = None,
) -> tuple[int, Field] | None:
    """Return the oldest lead that holds the same, and the field that tells.

    Only what the author may see counts: a lead outside their filter, or a value in a
    field that they cannot read, is as if it was not there. How many statements it
    takes depends on the values and on the fields they can read.
    """
    if campaign.duplicates.policy is Policy.OFF:
        return None
    for field, key in identity.held(campaign, values):
        for other in identity.fields(campaign):
            is_seen = readable is None or {field.id, other.id} <= readable
            if not is_seen or other.type != field.type:
                continue
            text = type_named(field.type).key(values[field.id])
            same = {"key": key, "text": text}
            found = _oldest(connection, campaign, forced, other, same)
            if found is not None:
                return found, field
    return None


def _oldest(
    connection: Connection,
    campaign: Campaign,
    forced: tuple[Condition, ...],
    field: Field,
    same: dict[str, Any],
) -> int | None:
    """Return the oldest lead in sight whose field has the text.

    Served by `lead_key_by_key`. The text is compared too: the key may be there for a
    field that is hidden.
    """
    clause = filtering.every(connection.dialect, campaign, forced)
    row = one(
        connection.rows(
            f"""
            SELECT lead.id FROM lead
             WHERE {clause.sql}
               AND {connection.dialect.held("keys", field.id, is_number=False)} = :text
               AND lead.id IN (SELECT other.lead_id FROM lead_key AS other
                                WHERE other.campaign_id = :campaign_id
                                  AND other.key = :key)
             ORDER BY lead.id
             LIMIT 1
            """,
            clause.params | same,
        )
    )
    return None if row is None else int(row[0])
