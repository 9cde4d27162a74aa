"""A lead of the ledger as the hub shows it, with people's words beside each slug."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from leadwell.sync.destinations.push.ledger import Entry, Ledger
from leadwell.sync.state import State
from leadwell.sync.table import Column, Kind, Table, table_of

Lead: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """What is sent: an entry of the ledger, and the lead that it is about."""

    entry: Entry
    lead: Lead | None
    """`None`: it is gone."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads leads from a ledger."""

    ledger: Ledger
    state: State
    table: Table
    labels: Mapping[tuple[str, str], str]
    names: Mapping[int, str]

    @classmethod
    def of(cls, ledger: Ledger, state: State) -> "Reader":
        """Take the words from the ledger, once for many leads."""
        table = table_of(state.schema)
        labels = {(each.field, each.slug): each.label for each in table.options}
        labels |= {("status", each.slug): each.label for each in table.statuses}
        return cls(ledger, state, table, labels, ledger.names())

    def leads(self, lead_ids: Iterable[int]) -> dict[int, Lead]:
        """Read leads by their ids; those that are not there are left out."""
        columns = self.table.columns
        rows = self.ledger.rows_of(lead_ids, [column.name for column in columns])
        return {row[0]: self._lead(columns, row) for row in rows}

    def _lead(self, columns: Sequence[Column], row: Sequence[Any]) -> Lead:
        cells = {c.name: self._value(c, v) for c, v in zip(columns, row, strict=True)}
        fields = {c.field: cells[c.name] for c in columns if c.field is not None}
        return {
            "id": cells["id"],
            "status": cells["status"],
            "fields": fields,
            "assigned_person": cells["assigned_person"],
            "created_at": cells["created_at"],
            "updated_at": cells["updated_at"],
            "metadata": {
                "campaign_id": self.state.campaign_id,
                "version": cells["version"],
                "external_id": cells["external_id"],
                "source_updated_at": cells["source_updated_at"],
            },
        }

    def _value(self, column: Column, cell: Any) -> Any:
        return None if cell is None else self._filled(column, cell)

    def _filled(self, column: Column, cell: Any) -> Any:
        match column.kind:
            case Kind.BOOLEAN:
                return bool(cell)
            case Kind.CHOICE:
                return self._choice(column, cell)
            case Kind.CHOICES:
                slugs = msgspec.json.decode(cell, type=list[str])
                return [self._choice(column, slug) for slug in slugs]
            case Kind.PERSON:
                return {"id": cell, "name": self.names.get(cell, "")}
            case Kind.DATA:
                return msgspec.json.decode(cell)
            case _:
                return cell

    def _choice(self, column: Column, slug: str) -> dict[str, str]:
        return {"slug": slug, "label": self.labels.get((column.name, slug), slug)}
