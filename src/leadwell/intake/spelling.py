"""From how a file spells a value to how the wire spells it."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias, cast

from leadwell.intake.source import Cell

Json: TypeAlias = str | int | float | bool | list[object] | dict[str, object] | None

TRUE = frozenset({"yes", "true", "ja", "1"})
FALSE = frozenset({"no", "false", "nej", "nein", "0"})

# A float keeps 15 digits exactly; a longer number is a code, or a `decimal`.
DIGITS_MAX = 15

_POINT = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?")
_DAY_FIRST = re.compile(r"(\d\d?)([-./])(\d\d?)\2(\d{4})")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(
    r"(\d\d?:\d\d(?::\d\d(?:[.,]\d{1,9})?)?) ?(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?"
)


def parse_cell(type_name: str, text: str, decimal_comma: bool) -> Json:  # noqa: FBT001
    """Spell a file's text as the wire spells a value of the type.

    Text that is no value of the type comes back unchanged, so that the schema
    refuses it in its own words. A day before a month, always: 03/04/2024 is
    3 April. A time without offset is UTC, as on the wire.
    """
    if type_name in {"number", "decimal"}:
        return _number_of(type_name, text, decimal_comma=decimal_comma)
    reader = _READERS.get(type_name)
    return text if reader is None else reader(text)


def wire_value(type_name: str, cell: Cell, *, decimal_comma: bool) -> Json:
    """Spell any cell, typed or text, as the wire spells a value of the type."""
    if isinstance(cell, str):
        return parse_cell(type_name, cell, decimal_comma)
    if cell is None or isinstance(cell, list | dict):
        return cell
    if isinstance(cell, bool) and type_name in {"boolean", "json"}:
        return cell
    if isinstance(cell, int | float) and type_name in {"number", "json"}:
        return cell
    return parse_cell(type_name, text_of(cell), decimal_comma=False)


def text_of(cell: Cell) -> str:
    """Spell a typed cell as text."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, list | dict):
        return json.dumps(cell, ensure_ascii=False)
    return "" if cell is None else str(cell)


def number(text: str, *, decimal_comma: bool) -> int | float | None:
    """Read a number with or without thousands separators, or `None`."""
    plain = _plain(text, decimal_comma=decimal_comma)
    if plain is None:
        return None
    if plain.lstrip("+-").isdigit():
        return int(plain)
    value = float(plain)
    return value if abs(value) < 1e300 else None


def boolean(text: str) -> bool | None:
    """Read yes, no, true, false and their like, or `None`."""
    lower = text.lower()
    return True if lower in TRUE else False if lower in FALSE else None


def day(text: str) -> date | None:
    """Read 2024-03-31, 31-03-2024, 31/03/2024 or 31.03.2024, or `None`."""
    first = _DAY_FIRST.fullmatch(text)
    try:
        if first:
            return date(int(first[4]), int(first[3]), int(first[1]))
        return date.fromisoformat(text) if _ISO_DAY.fullmatch(text) else None
    except ValueError:
        return None


def moment(text: str) -> datetime | None:
    """Read a day with a time of day, and an offset or UTC, or `None`."""
    split = re.split("[T ]", text, maxsplit=1)
    on = day(split[0])
    at = _TIME.fullmatch(split[1].strip()) if len(split) > 1 else None
    if on is None or at is None:
        return None
    clock = f"0{at[1]}" if at[1][1] == ":" else at[1]
    offset = at[2] if at[2] and at[2].upper() not in {"Z", "UTC"} else "+00:00"
    try:
        return datetime.fromisoformat(f"{on.isoformat()}T{clock}{offset}")
    except ValueError:
        return None


def _plain(text: str, *, decimal_comma: bool) -> str | None:
    form = _COMMA if decimal_comma else _POINT
    if not form.fullmatch(text) or not text.isascii():
        return None
    plain = text.replace(".", "") if decimal_comma else text.replace(",", "")
    plain = plain.replace(",", ".")
    whole = plain.lstrip("+-").split(".")[0]
    # 007 is a code: as a number it would lose what tells it apart.
    return None if len(whole) > 1 and whole.startswith("0") else plain


def _number_of(type_name: str, text: str, *, decimal_comma: bool) -> Json:
    plain = _plain(text, decimal_comma=decimal_comma)
    if plain is None:
        return text
    if type_name == "decimal":
        return format(Decimal(plain), "f")
    value = number(text, decimal_comma=decimal_comma)
    return text if value is None else value


def _boolean(text: str) -> Json:
    value = boolean(text)
    return text if value is None else value


def _date(text: str) -> Json:
    value = day(text)
    return text if value is None else value.isoformat()


def _datetime(text: str) -> Json:
    value = moment(text)
    if value is None:
        return text
    return value.isoformat().replace("+00:00", "Z")


def _several(text: str) -> Json:
    if text.startswith("["):
        return _json(text)
    return [part.strip() for part in re.split(r"[;|\n]", text) if part.strip()]


def _json(text: str) -> Json:
    try:
        return cast("Json", json.loads(text))
    except (ValueError, RecursionError):
        return text


_READERS: dict[str, Callable[[str], Json]] = {
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "multi_select": _several,
    "json": _json,
}
