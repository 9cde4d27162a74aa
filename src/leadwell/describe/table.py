"""A lead as one row in another program: the columns, and where each is in the JSON.

The names are those of a CSV export (`sheet`). Beside a choice stands a column with its
label, as `source.label`; no slug has a dot, so no two columns share a name.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from leadwell.model.campaign import ALL_ATTRIBUTES, Attribute, Campaign, Field
from leadwell.schema.fields.select import MULTI_SELECT, SELECT
from leadwell.schema.subjects import FIELD_PREFIX


class Kind(StrEnum):
    """What a column holds, as far as other programs tell things apart."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    DECIMAL = "decimal"
    """Digits as text, exact."""
    YES_NO = "yes_no"
    DATE = "date"
    MOMENT = "moment"
    CHOICES = "choices"
    """Objects of slug and label; one of the two is taken of each."""
    DATA = "data"
    """Any JSON."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a lead's row."""

    name: str
    path: tuple[str, ...]
    """The keys that lead to the value; it is empty where one of them is."""
    kind: Kind
    part: str = "slug"
    """What is taken of each choice."""
    is_label: bool = False
    """Whether it holds words for people, which may be changed at any time."""


_KIND_OF = {
    "number": Kind.NUMBER,
    "decimal": Kind.DECIMAL,
    "boolean": Kind.YES_NO,
    "date": Kind.DATE,
    "datetime": Kind.MOMENT,
    "json": Kind.DATA,
}
_UNFIT = re.compile(r"[^a-z0-9]+")


def _choice(name: str, path: tuple[str, ...]) -> Iterator[Column]:
    yield Column(name, (*path, "slug"), Kind.TEXT)
    yield Column(f"{name}.label", (*path, "label"), Kind.TEXT, is_label=True)


_BEFORE = (Column("id", ("id",), Kind.WHOLE), *_choice("status", ("status",)))
_AFTER = (
    Column("assigned_person", ("assigned_person", "id"), Kind.WHOLE),
    Column(
        "assigned_person.name", ("assigned_person", "name"), Kind.TEXT, is_label=True
    ),
    Column("created_at", ("created_at",), Kind.MOMENT),
    Column("updated_at", ("updated_at",), Kind.MOMENT),
    Column("version", ("metadata", "version"), Kind.WHOLE),
    Column("external_id", ("metadata", "external_id"), Kind.TEXT),
)
_OWN = frozenset(column.name for column in (*_BEFORE, *_AFTER))
_PLACE_OF = {
    Attribute.STATUS: ("status",),
    Attribute.ASSIGNED_PERSON: ("assigned_person",),
    Attribute.EXTERNAL_ID: ("metadata", "external_id"),
}


def columns(view: Campaign | None) -> tuple[Column, ...]:
    """Return the columns of a campaign's leads, in the order of a CSV export.

    Without a campaign all fields stand in one column of JSON, as it suits any.
    """
    fields = (Column("fields", ("fields",), Kind.DATA),) if view is None else _of(view)
    seen = ALL_ATTRIBUTES if view is None else view.attributes
    hidden = {_PLACE_OF[attribute] for attribute in ALL_ATTRIBUTES - seen}
    found = (*_BEFORE, *fields, *_AFTER)
    return tuple(c for c in found if not any(c.path[: len(p)] == p for p in hidden))


def without_labels(found: Iterable[Column]) -> tuple[Column, ...]:
    """Leave out what may change without any change of a lead."""
    return tuple(column for column in found if not column.is_label)


def identifiers(found: Iterable[Column]) -> dict[str, str]:
    """Give each column a name that every database takes, no two of them alike."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    # What every lead has keeps its name, whatever the fields are called.
    for column in sorted(found, key=lambda each: each.path[0] == "fields"):
        plain = _UNFIT.sub("_", column.name).strip("_")
        plain = f"n{plain}" if plain[:1].isdigit() else plain
        free = plain
        number = 2
        while free in taken:
            free, number = f"{plain}_{number}", number + 1
        taken.add(free)
        names[column.name] = free
    return names


def _of(view: Campaign) -> tuple[Column, ...]:
    return tuple(column for field in view.fields for column in _columns(field))


def _columns(field: Field) -> Iterator[Column]:
    # As in a CSV export: a test compares them.
    name = FIELD_PREFIX * (field.slug in _OWN) + field.slug
    path = ("fields", field.slug)
    if field.type == SELECT.name:
        yield from _choice(name, path)
    elif field.type == MULTI_SELECT.name:
        yield Column(name, path, Kind.CHOICES)
        yield Column(f"{name}.label", path, Kind.CHOICES, "label", is_label=True)
    else:
        yield Column(name, path, _KIND_OF.get(field.type, Kind.TEXT))
