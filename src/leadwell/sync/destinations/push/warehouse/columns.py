"""The columns of leads in a warehouse: names that every engine takes, and their types.

dlt spells names its own way, and each engine folds, cuts or reserves some. These are of
small letters, digits and single underscores, which none of them changes, so that two
fields never become one column. A name is given once: what it holds is remembered.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, count
from typing import TypeAlias

from leadwell.model.slug import slug_of
from leadwell.sync.table import Column, Kind


class Type(StrEnum):
    """What a column of a warehouse holds, in dlt's words."""

    WHOLE = "bigint"
    TEXT = "text"
    NUMBER = "double"
    DECIMAL = "decimal"
    BOOLEAN = "bool"
    DATE = "date"
    MOMENT = "timestamp"


TYPES: Mapping[Kind, Type] = {
    Kind.WHOLE: Type.WHOLE,
    Kind.TEXT: Type.TEXT,
    Kind.NUMBER: Type.NUMBER,
    Kind.DECIMAL: Type.DECIMAL,
    Kind.BOOLEAN: Type.BOOLEAN,
    Kind.DATE: Type.DATE,
    Kind.MOMENT: Type.MOMENT,
    Kind.CHOICE: Type.TEXT,
    # Lists and JSON as JSON text: half of the engines have no lists, and some of the
    # others do not read JSON from Parquet.
    Kind.CHOICES: Type.TEXT,
    Kind.PERSON: Type.WHOLE,
    Kind.DATA: Type.TEXT,
}
REMOVED = "_removed"
"""Marks, on its way, a lead that goes; no column of a lead begins so."""
NAME_CHARACTERS_MAX = 48
"""With what may follow it, less than the 63 of PostgreSQL and Redshift's kin."""
Names: TypeAlias = dict[str, dict[str, str]]
"""The column of each name that was ever told, by the type that it had then."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One column of a table in a warehouse."""

    name: str
    type: Type
    of: str = ""
    """The name of what it holds in the ledger."""


def shapes_of(columns: Sequence[Column], names: Names) -> list[Shape]:
    """Return the columns that leads have there; what is new gets a name in `names`.

    A field that comes again with another type gets another column: no engine makes
    numbers of the texts that are there.
    """
    # What every lead has keeps its name, whatever the fields are called.
    for column in sorted(columns, key=lambda each: each.field is not None):
        known = names.setdefault(column.name, {})
        kind = TYPES[column.kind]
        if kind not in known:
            taken = {each for held in names.values() for each in held.values()}
            known[kind] = _free(_spelled(column.name), kind, taken)
    return [Shape(names[c.name][TYPES[c.kind]], TYPES[c.kind], c.name) for c in columns]


def _spelled(name: str) -> str:
    plain = re.sub(r"[-_]+", "_", slug_of(name)).strip("_")[:NAME_CHARACTERS_MAX]
    plain = plain.rstrip("_")
    return f"n{plain}" if plain[0].isdigit() else plain


def _free(plain: str, kind: Type, taken: Collection[str]) -> str:
    numbered = (f"{plain}_{number}" for number in count(2))
    candidates = chain([plain, f"{plain}_{kind}"], numbered)
    return next(each for each in candidates if each not in taken)
