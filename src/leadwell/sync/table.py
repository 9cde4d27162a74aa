"""The table that a campaign's leads are kept in: its columns, as the schema says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a column holds; each destination says what its own type for it is."""

    WHOLE = "whole"
    TEXT = "text"
    NUMBER = "number"
    """A whole number or a double."""
    DECIMAL = "decimal"
    """Exact: up to 24 digits before the point and 12 after it."""
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"
    """In UTC, to the microsecond."""
    CHOICE = "choice"
    """The slug of an option or a status."""
    CHOICES = "choices"
    """Slugs in the order of the options: a list where there are lists, else JSON."""
    PERSON = "person"
    """The id of a person."""
    DATA = "data"
    """Any JSON, as text."""

    # Kinds are looked up for each value, and an enumeration's own hash is slow.
    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table of leads."""

    name: str
    kind: Kind
    field: str | None = None
    """The slug of its field; `None`: every lead has it."""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a field: the wire's word and people's word."""

    field: str
    slug: str
    label: str
    position: int


@dataclass(frozen=True, slots=True)
class Status:
    """One status of the campaign."""

    slug: str
    label: str
    type: str
    position: int


REMOVED_AT, REMOVED_REASON = "_removed_at", "_removed_reason"
"""Columns of a copy that keeps removed leads; no slug begins so."""
MARKS = (Column(REMOVED_AT, Kind.MOMENT), Column(REMOVED_REASON, Kind.TEXT))
_BEFORE = (Column("id", Kind.WHOLE), Column("status", Kind.CHOICE))
_AFTER = (
    Column("assigned_person", Kind.PERSON),
    Column("created_at", Kind.MOMENT),
    Column("updated_at", Kind.MOMENT),
    Column("version", Kind.WHOLE),
    Column("external_id", Kind.TEXT),
    Column("source_updated_at", Kind.MOMENT),
)
_OWN = frozenset(column.name for column in (*_BEFORE, *_AFTER))
_KIND_OF = {
    "text": Kind.TEXT,
    "long_text": Kind.TEXT,
    "number": Kind.NUMBER,
    "decimal": Kind.DECIMAL,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "datetime": Kind.MOMENT,
    "email": Kind.TEXT,
    "phone": Kind.TEXT,
    "url": Kind.TEXT,
    "select": Kind.CHOICE,
    "multi_select": Kind.CHOICES,
    "json": Kind.DATA,
}


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a campaign's leads, in their order, and what its slugs mean."""

    columns: tuple[Column, ...]
    options: tuple[Option, ...]
    statuses: tuple[Status, ...]

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kind of each column, by its name."""
        return {column.name: column.kind for column in self.columns}


def table_of(schema: Mapping[str, Any]) -> Table:
    """Read the table from a schema as the hub answers it.

    A field whose slug is the name of a column that every lead has gets the prefix
    that it has in a filter: `field.version`. A field of a type that is not known here
    keeps its JSON.
    """
    fields: Sequence[Mapping[str, Any]] = schema["fields"]
    return Table(
        (*_BEFORE, *map(_column, fields), *_AFTER),
        tuple(
            Option(name_of(each["slug"]), option["slug"], option["label"], position)
            for each in fields
            for position, option in enumerate(each.get("options", ()))
        ),
        tuple(
            Status(each["slug"], each["label"], each["type"], position)
            for position, each in enumerate(schema["statuses"])
        ),
    )


def name_of(slug: str) -> str:
    """Return the name of a field's column."""
    return f"field.{slug}" if slug in _OWN else slug


def _column(field: Mapping[str, Any]) -> Column:
    slug = field["slug"]
    return Column(name_of(slug), _KIND_OF.get(field["type"], Kind.DATA), slug)


@dataclass(frozen=True, slots=True)
class Alteration:
    """What makes the columns that a copy has into those that it needs.

    Nothing is taken from a destination: a column whose field is gone stays, empty, as
    somebody's own view may name it.
    """

    added: tuple[Column, ...]
    renamed: tuple[tuple[str, str], ...]
    """Columns whose field has another type now, and what the old ones are called."""
    emptied: tuple[str, ...]
    """Columns whose field is gone."""
    columns: Mapping[str, Kind]
    """All columns of the copy afterwards."""


def alteration(held: Mapping[str, Kind], wanted: Table) -> Alteration:
    """Compare the columns that a copy has with those that it needs."""
    kinds, columns = wanted.kinds, dict(held)
    renamed: list[tuple[str, str]] = []
    for name, kind in held.items():
        if kinds.get(name, kind) is not kind:
            # No slug has a dot, so this is the name of no field.
            former = _free(f"{name}.{kind}", columns)
            columns[former] = columns.pop(name)
            renamed.append((name, former))
    added = tuple(each for each in wanted.columns if each.name not in columns)
    emptied = tuple(name for name in columns if name not in kinds)
    columns |= {column.name: column.kind for column in added}
    return Alteration(added, tuple(renamed), emptied, columns)


def _free(name: str, taken: Mapping[str, Kind]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}.{number}", number + 1
    return found
