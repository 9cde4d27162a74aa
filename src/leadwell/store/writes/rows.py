"""Rows of the table `lead`: written here, read in `leads`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from leadwell.model.campaign import Campaign
from leadwell.model.lead import Lead, Value
from leadwell.schema import rendering
from leadwell.schema.fields import type_named
from leadwell.schema.times import microseconds
from leadwell.store.connection import Connection, Params, one
from leadwell.store.leads import COLUMNS, lead_of

_INSERT = """
INSERT INTO lead (campaign_id, id, seq, version, status, assigned_to,
                  created_at, updated_at, source_updated_at, external_id,
                  fields, keys, body, schema_version)
     VALUES (:campaign_id, :id, :seq, :version, :status, :assigned_to,
             :created_at, :updated_at, :source_updated_at, :external_id,
             :fields, :keys, :body, :schema_version)
"""


def find(connection: Connection, campaign: Campaign, lead_id: int) -> Lead | None:
    """Return the lead as a write finds it, whoever may see it; `None`: there is none.

    Only writes may ask: what a token may see, it is told through a `LeadQuery`.
    """
    row = one(
        connection.rows(
            f"""
            SELECT {COLUMNS} FROM lead
             WHERE lead.campaign_id = :campaign_id AND lead.id = :id
            """,
            {"campaign_id": campaign.id, "id": lead_id},
        )
    )
    return None if row is None else lead_of(campaign, row)


def find_after(
    connection: Connection, campaign: Campaign, lead_id: int, count: int
) -> list[Lead]:
    """Return the next leads by id, for work on all of them."""
    rows = connection.rows(
        f"""
        SELECT {COLUMNS} FROM lead
         WHERE lead.campaign_id = :campaign_id AND lead.id > :id
         ORDER BY lead.id
         LIMIT :count
        """,
        {"campaign_id": campaign.id, "id": lead_id, "count": count},
    )
    return [lead_of(campaign, row) for row in rows]


def find_rendered(
    connection: Connection, campaign: Campaign, lead_id: int, count: int
) -> list[tuple[Lead, bytes, int]]:
    """Return the next leads by id as they are stored, with their rendered bodies.

    With each comes the version of the schema that its body shows.
    """
    found = connection.rows(
        f"""
        SELECT lead.body, lead.schema_version, {COLUMNS} FROM lead
         WHERE lead.campaign_id = :campaign_id AND lead.id > :id
         ORDER BY lead.id
         LIMIT :count
        """,
        {"campaign_id": campaign.id, "id": lead_id, "count": count},
    )
    return [(lead_of(campaign, row[2:]), bytes(row[0]), row[1]) for row in found]


def render(connection: Connection, campaign: Campaign, leads: Iterable[Lead]) -> None:
    """Store leads as today's schema shows them; to their readers nothing changes."""
    connection.run_many(
        """
        UPDATE lead SET body = :body, schema_version = :schema_version
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        [
            {
                "campaign_id": campaign.id,
                "id": lead.id,
                "body": rendering.body(campaign, lead),
                "schema_version": campaign.schema_version,
            }
            for lead in leads
        ],
    )


@dataclass(slots=True)
class Added:
    """The rows of new leads, which wait to be written together.

    Whoever reads leads in the same transaction has them written first.
    """

    connection: Connection
    campaign: Campaign
    _rows: list[Params] = field(default_factory=list[Params])

    def add(self, lead: Lead, seq: int) -> bytes:
        """Take a lead that is new; return it rendered."""
        row = _row(self.campaign, lead, seq)
        self._rows.append(row)
        body: bytes = row["body"]
        return body

    def write(self) -> None:
        """Write those that wait."""
        if self._rows:
            self.connection.run_many(_INSERT, self._rows)
            self._rows = []


def update(connection: Connection, campaign: Campaign, lead: Lead, seq: int) -> bytes:
    """Write a lead that has changed; return it rendered."""
    row = _row(campaign, lead, seq)
    connection.run(
        """
        UPDATE lead
           SET seq = :seq, version = :version, status = :status,
               assigned_to = :assigned_to, updated_at = :updated_at,
               source_updated_at = :source_updated_at, external_id = :external_id,
               fields = :fields, keys = :keys, body = :body,
               schema_version = :schema_version
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        row,
    )
    body: bytes = row["body"]
    return body


def delete(connection: Connection, campaign_id: int, lead_id: int) -> None:
    """Take a lead away, and the names that partners gave it."""
    params = {"campaign_id": campaign_id, "lead_id": lead_id}
    connection.run(
        "DELETE FROM lead WHERE campaign_id = :campaign_id AND id = :lead_id", params
    )
    connection.run(
        """
        DELETE FROM external_key
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
        """,
        params,
    )


def stored(campaign: Campaign, values: Mapping[int, Value]) -> dict[str, Any]:
    """Write values as the column `fields` keeps them, by the ids of their fields."""
    return {
        str(each.id): type_named(each.type).stored(values[each.id])
        for each in campaign.fields
        if each.id in values
    }


def _keys(campaign: Campaign, values: Mapping[int, Value]) -> dict[str, str]:
    pairs = (
        (str(each.id), type_named(each.type).key(values[each.id]))
        for each in campaign.fields
        if each.id in values
    )
    return {ref: key for ref, key in pairs if key is not None}


def _row(campaign: Campaign, lead: Lead, seq: int) -> dict[str, Any]:
    moved = lead.source_updated_at
    return {
        "campaign_id": campaign.id,
        "id": lead.id,
        "seq": seq,
        "version": lead.version,
        "status": lead.status,
        "assigned_to": lead.assigned_to,
        "created_at": microseconds(lead.created_at),
        "updated_at": microseconds(lead.updated_at),
        "source_updated_at": None if moved is None else microseconds(moved),
        "external_id": lead.external_id,
        "fields": _json(stored(campaign, lead.values)),
        "keys": _json(_keys(campaign, lead.values)),
        "body": rendering.body(campaign, lead),
        "schema_version": campaign.schema_version,
    }


def _json(content: object) -> str:
    return msgspec.json.encode(content).decode()
