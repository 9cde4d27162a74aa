"""Leads as rows of a sheet: one column a field, in a stable order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from leadwell.model.campaign import Attribute, Campaign, Field
from leadwell.model.query import Shown
from leadwell.schema.fields.select import MULTI_SELECT, SELECT
from leadwell.schema.subjects import FIELD_PREFIX
from leadwell.sheets.table import Cell as TypedCell
from leadwell.sheets.table import Kind, Words
from leadwell.sheets.text import EXCEL, FEED, PLAIN, Flavour

_KINDS = {
    "id": Kind.WHOLE,
    "assigned_person": Kind.WHOLE,
    "created_at": Kind.MOMENT,
    "updated_at": Kind.MOMENT,
    "version": Kind.WHOLE,
}
_KIND_OF = {
    "number": Kind.NUMBER,
    "decimal": Kind.DECIMAL,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "datetime": Kind.MOMENT,
    MULTI_SELECT.name: Kind.CHOICES,
}
Rendered = Mapping[str, Any]
Cell = Callable[[Rendered], str]


FLAVOURS = {"csv": PLAIN, "csv-excel": EXCEL, "csv-feed": FEED}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, and how its cell is taken from a rendered lead."""

    name: str
    cell: Cell
    kind: Kind = Kind.TEXT
    """What its cells hold, where a file tells it."""


def columns(view: Campaign, shown: Shown | None = None) -> list[Column]:
    """Return what every lead has, and in its middle the fields in their order.

    A field whose slug is the name of another column gets the prefix that it has in a
    filter, as `field.version`.
    """
    attributes = view.attributes if shown is None else shown.attributes
    own: dict[str, Cell] = {
        "id": lambda lead: str(lead["id"]),
        "status": lambda lead: _choice(lead["status"]),
        "assigned_person": lambda lead: _person(lead["assigned_person"]),
        "created_at": lambda lead: lead["created_at"],
        "updated_at": lambda lead: lead["updated_at"],
        "version": lambda lead: str(lead["metadata"]["version"]),
        "external_id": lambda lead: _text(lead["metadata"]["external_id"]),
    }
    hidden = {attribute.value for attribute in Attribute} - attributes
    columns = [
        Column(name, cell, _KINDS.get(name, Kind.TEXT))
        for name, cell in own.items()
        if name not in hidden
    ]
    fields = [
        Column(
            FIELD_PREFIX * (field.slug in own) + field.slug,
            _cell_of(field),
            _KIND_OF.get(field.type, Kind.TEXT),
        )
        for field in view.fields
        if shown is None or field.slug in shown.fields
    ]
    after = 2 if "status" not in hidden else 1
    return columns[:after] + fields + columns[after:]


def header(columns: Sequence[Column], flavour: Flavour) -> bytes:
    """Write the first line."""
    return flavour.mark + flavour.line(column.name for column in columns)


def row(columns: Sequence[Column], lead: Rendered, flavour: Flavour) -> bytes:
    """Write one rendered lead as a line."""
    return flavour.line(column.cell(lead) for column in columns)


def typed(columns: Sequence[Column], lead: Rendered) -> list[TypedCell]:
    """Return the cells of one rendered lead, for a file that knows types.

    They are those of the row as text; an empty text is no value.
    """
    return [_READ.get(c.kind, str)(t) if (t := c.cell(lead)) else None for c in columns]


def words(view: Campaign, columns: Sequence[Column]) -> list[Words]:
    """Return what the slugs in these columns mean."""
    names = {column.name for column in columns}
    options = tuple(
        (name, option.slug, option.label)
        for field in view.fields
        if (name := FIELD_PREFIX * (field.slug in _OWN) + field.slug) in names
        for option in field.options
    )
    statuses = tuple((s.slug, s.label, s.type) for s in view.statuses)
    return [
        Words("options", ("field", "slug", "label"), options),
        Words(
            "statuses", ("slug", "label", "type"), statuses if "status" in names else ()
        ),
    ]


_OWN = (*_KINDS, "status", "external_id")
_READ: Mapping[Kind, Callable[[str], TypedCell]] = {
    Kind.WHOLE: int,
    Kind.NUMBER: lambda text: msgspec.json.decode(text, type=int | float),
    Kind.BOOLEAN: lambda text: text == "true",
    Kind.CHOICES: lambda text: text.split(","),
}


def _cell_of(field: Field) -> Cell:
    as_text: dict[str, Callable[[Any], str]] = {
        SELECT.name: _choice,
        MULTI_SELECT.name: _choices,
    }
    text = as_text.get(field.type, _text)
    return lambda lead: text(lead["fields"][field.slug])


def _choice(option: Mapping[str, str] | None) -> str:
    return option["slug"] if option else ""


def _choices(options: Sequence[Mapping[str, str]] | None) -> str:
    return ",".join(option["slug"] for option in options or ())


def _person(person: Mapping[str, Any] | None) -> str:
    return str(person["id"]) if person else ""


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
