"""A lead of the wire as a row of cells, and the values that break the schema."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias, cast

import msgspec

from leadwell.sync.table import Column, Kind, Table

Cell: TypeAlias = "str | int | float | bool | list[str] | None"
"""What a destination is given: text for dates, moments, decimals and JSON."""

WHOLE_MAX = 2**53
"""Above it a double, and so most databases and sheets, mixes up neighbours."""
FAULT_CHARACTERS_MAX = 10_000
"""Of a value that is put aside: enough to see what it is."""
_DECIMAL = re.compile(r"-?\d{1,24}(\.\d{1,12})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


class Row(msgspec.Struct, frozen=True, gc=False):
    """One lead, in the columns of its table."""

    id: int
    version: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that its column cannot hold; the lead is kept without it."""

    lead_id: int
    version: int
    field: str
    """The name of the column."""
    value: str
    """As JSON, cut at 10,000 characters."""
    reason: str


class Unfit(ValueError):
    """The value is none of the column's kind; says what was expected."""


def row_of(lead: Mapping[str, Any], table: Table) -> tuple[Row, list[Fault]]:
    """Read a lead; what a token may not see of it is empty.

    Raises:
        KeyError, TypeError: it is no lead at all.
    """
    own, fields = _own(lead), lead["fields"]
    lead_id, version = own["id"], own["version"]
    cells: list[Cell] = []
    faults: list[Fault] = []
    for column in table.columns:
        given = own[column.name] if column.field is None else fields.get(column.field)
        try:
            cells.append(None if given is None else READERS[column.kind](given))
        except Unfit as unfit:
            cells.append(None)
            faults.append(_fault(lead_id, version, column, given, str(unfit)))
    return Row(lead_id, version, tuple(cells)), faults


def _own(lead: Mapping[str, Any]) -> dict[str, Any]:
    metadata = lead["metadata"]
    person = lead.get("assigned_person")
    return {
        "id": lead["id"],
        "status": lead.get("status"),
        "assigned_person": person and person["id"],
        "created_at": lead["created_at"],
        "updated_at": lead["updated_at"],
        "version": metadata["version"],
        "external_id": metadata.get("external_id"),
        "source_updated_at": metadata.get("source_updated_at"),
    }


def _fault(
    lead_id: int, version: int, column: Column, given: object, reason: str
) -> Fault:
    text = msgspec.json.encode(given).decode()[:FAULT_CHARACTERS_MAX]
    return Fault(lead_id, version, column.name, text, reason)


def _whole(given: Any) -> Cell:
    if type(given) is not int:
        raise Unfit("a whole number was expected")
    return given


def _text(given: Any) -> Cell:
    if not isinstance(given, str):
        raise Unfit("a text was expected")
    if "\0" in given:
        raise Unfit("the text has a NUL, which no database keeps")
    return given


def _number(given: Any) -> Cell:
    if type(given) not in (int, float) or not math.isfinite(given):
        raise Unfit("a number was expected")
    if isinstance(given, int) and abs(given) > WHOLE_MAX:
        raise Unfit("the number is too large to be exact")
    number: int | float = given
    return number


def _decimal(given: Any) -> Cell:
    if not isinstance(given, str) or not _DECIMAL.fullmatch(given):
        raise Unfit("a decimal as text was expected")
    return given


def _boolean(given: Any) -> Cell:
    if not isinstance(given, bool):
        raise Unfit("true or false was expected")
    return given


def _date(given: Any) -> Cell:
    try:
        if isinstance(given, str) and _DATE.fullmatch(given):
            date.fromisoformat(given)
            return given
    except ValueError:
        pass
    raise Unfit("a date was expected, YYYY-MM-DD")


def _moment(given: Any) -> Cell:
    try:
        if isinstance(given, str) and _MOMENT.fullmatch(given):
            datetime.fromisoformat(given)
            return given
    except ValueError:
        pass
    raise Unfit("a moment in UTC was expected")


def _choice(given: Any) -> Cell:
    if isinstance(given, dict):
        slug: Any = cast("dict[str, Any]", given).get("slug")
        if isinstance(slug, str):
            return slug
    raise Unfit("an option with a slug was expected")


def _choices(given: Any) -> Cell:
    if not isinstance(given, list):
        raise Unfit("a list of options was expected")
    return [str(_choice(each)) for each in cast("list[object]", given)]


def _data(given: Any) -> Cell:
    return msgspec.json.encode(given).decode()


READERS: Mapping[Kind, Callable[[Any], Cell]] = {
    Kind.WHOLE: _whole,
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.DECIMAL: _decimal,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.MOMENT: _moment,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.PERSON: _whole,
    Kind.DATA: _data,
}
"""How a value of each kind is read; raises Unfit."""
