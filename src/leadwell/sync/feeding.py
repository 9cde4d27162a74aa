"""The change feed as a pull reads it: leads go from their JSON straight into cells.

A lead is decoded into a type that is made from its table, which takes a third of what
dictionaries take. Whatever does not fit that type is read value by value instead, and
so finds out what is wrong with which of them.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta, Raw, Struct, defstruct
from msgspec.structs import astuple

from leadwell.client import UnexpectedAnswer
from leadwell.sync.cells import READERS, WHOLE_MAX, Cell, Fault, Row, Unfit, row_of
from leadwell.sync.table import Kind, Table

Read: TypeAlias = tuple[Row, list[Fault], "tuple[int, str] | None"]
"""A lead, what of it breaks the schema, and the person that it is assigned to."""


class Entry(Struct, frozen=True, gc=False):
    """One entry of the feed, its lead not read yet."""

    op: str
    id: int | None = None
    lead: Raw = Raw()
    reason: str | None = None


class Answer(Struct, frozen=True, rename={"entries": "data"}):
    """Some changes, to be applied in their order, and where the feed goes on."""

    entries: list[Entry]
    cursor: str
    has_more: bool
    up_to_date: bool
    count: int | None = None
    """How many leads the hub counts at the end, if it was asked to."""
    digest: str | None = None

    @property
    def is_settling(self) -> bool:
        """Whether the hub is carrying out an edit, and tells more when it has."""
        return not (self.entries or self.has_more or self.up_to_date)

    def plus(self, following: "Answer") -> "Answer":
        """Return what both say; the other one follows this one."""
        return msgspec.structs.replace(
            following, entries=[*self.entries, *following.entries]
        )


class _Choice(Struct, gc=False):
    slug: str


class _Person(Struct, gc=False):
    id: int
    name: str


class _Metadata(Struct, gc=False):
    version: int
    external_id: str | None = None
    source_updated_at: str | None = None


class _Lead(Struct, kw_only=True, gc=False):
    """What is a lead's own; `fields` is added for each table."""

    id: int
    metadata: _Metadata
    created_at: str
    updated_at: str
    status: _Choice | None = None
    assigned_person: _Person | None = None


_TEXTS = (Kind.TEXT, Kind.DECIMAL, Kind.DATE, Kind.MOMENT)
_TYPES: Mapping[Kind, Any] = dict.fromkeys(_TEXTS, str) | {
    Kind.NUMBER: Annotated[int, Meta(ge=-WHOLE_MAX, le=WHOLE_MAX)] | float,
    Kind.BOOLEAN: bool,
    Kind.CHOICE: _Choice,
    Kind.CHOICES: list[_Choice],
    Kind.DATA: Any,
}


def _slug(choice: _Choice) -> Cell:
    return choice.slug


def _slugs(choices: list[_Choice]) -> Cell:
    return [each.slug for each in choices]


_FITTING: Mapping[Kind, Callable[[Any], Cell]] = {
    Kind.CHOICE: _slug,
    Kind.CHOICES: _slugs,
    Kind.DECIMAL: READERS[Kind.DECIMAL],
    Kind.DATE: READERS[Kind.DATE],
    Kind.MOMENT: READERS[Kind.MOMENT],
    Kind.DATA: READERS[Kind.DATA],
}
"""What has to be done to a value that is of its column's type already."""
_NO_LEAD = (
    msgspec.MsgspecError,
    UnicodeDecodeError,
    KeyError,
    TypeError,
    AttributeError,
)


@lru_cache(maxsize=4)
def reader_of(table: Table) -> Callable[[bytes], Read]:
    """Return what reads leads into the cells of a table.

    It raises UnexpectedAnswer for what is no lead.
    """
    decode, fitting = _decoder(table), _fitting(table)

    def quick(text: bytes) -> Read:
        lead = decode(text)
        about, person = lead.metadata, lead.assigned_person
        cells: list[Cell] = [
            lead.id,
            lead.status,
            *astuple(lead.fields),
            person and person.id,
            lead.created_at,
            lead.updated_at,
            about.version,
            about.external_id,
            about.source_updated_at,
        ]
        for place, fit in fitting:
            if cells[place] is not None:
                cells[place] = fit(cells[place])
        known = (person.id, person.name) if person else None
        return Row(lead.id, about.version, tuple(cells)), [], known

    def read(text: bytes) -> Read:
        try:
            # No text may have a NUL, which stands so in JSON.
            if b"\\u0000" not in text:
                with suppress(msgspec.ValidationError, Unfit):
                    return quick(text)
            lead = msgspec.json.decode(text, type=dict[str, Any])
            row, faults = row_of(lead, table)
            person = lead.get("assigned_person")
            known = (person["id"], person["name"]) if person else None
        except _NO_LEAD:
            message = "a lead has another shape than the API's"
            raise UnexpectedAnswer(message) from None
        return row, faults, known

    return read


def _decoder(table: Table) -> Callable[[bytes], Any]:
    fields = [each for each in table.columns if each.field is not None]
    members = [(f"f{i}", _TYPES[x.kind] | None, None) for i, x in enumerate(fields)]
    names = {f"f{i}": each.field or "" for i, each in enumerate(fields)}
    values = defstruct("Values", members, rename=names, gc=False)
    lead = defstruct("Lead", [("fields", values)], bases=(_Lead,), gc=False)
    return msgspec.json.Decoder(lead).decode


def _fitting(table: Table) -> list[tuple[int, Callable[[Any], Cell]]]:
    """Return what is to be done to which cells."""
    kinds = [each.kind for each in table.columns]
    return [(i, _FITTING[kind]) for i, kind in enumerate(kinds) if kind in _FITTING]
