"""JSON objects as rows: strictly parsed, and the hub's own leads made flat."""

import json
import math
from collections.abc import Iterable
from typing import Never, TypeAlias, cast

from leadwell.intake.source import Cell

Object: TypeAlias = dict[str, object]

# What an exported lead has besides its fields and can be imported again. Its id,
# version and people are another hub's and are left behind.
LEAD_COLUMNS = frozenset({"status", "external_id", "created_at"})
NO_COLUMNS: frozenset[str] = frozenset()

# Deeper data is a mistake, and a danger to whoever walks through it.
DEPTH_MAX = 32

# What every reader of JSON keeps exactly; beyond it a text is the honest form.
_INT_MAX = 2**63 - 1


class _Refused(Exception):
    """The text is JSON, but nothing that can be kept."""


def parse(text: str) -> Object | str:
    """Read one JSON object, or say what is wrong with the text."""
    text = text.strip().removeprefix("\ufeff")
    item, end = parse_at(text, 0)
    if end >= 0 and end != len(text):
        return f"is not valid JSON: more follows at character {end + 1}"
    return item


def parse_at(text: str, start: int) -> tuple[Object | str, int]:
    """Read the object at `start`, or say what is wrong; also return where it ends.

    The end is -1 when the text is not JSON, and what follows cannot be told.
    """
    try:
        value, end = cast("tuple[object, int]", _decoder.raw_decode(text, start))
    except json.JSONDecodeError as error:
        place = error.pos - start + 1
        return f"is not valid JSON: {error.msg} at character {place}", -1
    except _Refused as refused:
        return str(refused), -1
    except RecursionError:
        return f"is nested deeper than {DEPTH_MAX} levels", -1
    if not isinstance(value, dict):
        return f"holds {_name_of(value)}, not an object", end
    held = cast("Object", value)
    return _problem_of(held, text[start:end]) or held, end


def is_lead(item: Object) -> bool:
    """Whether an object has the shape of a lead that the hub exports."""
    return isinstance(item.get("fields"), dict)


def cells_of(item: Object) -> dict[str, Cell]:
    """Lay an object out in cells: a lead's fields beside its own properties.

    A field called like a property of the lead becomes `field.external_id`.
    """
    if not is_lead(item):
        return {key: _cell(value) for key, value in item.items()}
    metadata = item.get("metadata")
    held = cast("Object", metadata) if isinstance(metadata, dict) else {}
    own = {
        "status": item.get("status"),
        "external_id": item.get("external_id", held.get("external_id")),
        "created_at": item.get("created_at"),
    }
    fields = cast("Object", item["fields"])
    renamed = {f"field.{k}" if k in own else k: value for k, value in fields.items()}
    return {key: _slug(value) for key, value in (own | renamed).items()}


def _slug(value: object) -> Cell:
    # A choice is exported as {"slug", "label"}; the slug alone is what is written.
    if isinstance(value, list):
        return [_slug(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        held = cast("Object", value)
        return _cell(held["slug"] if held.keys() == {"slug", "label"} else held)
    return _cell(value)


def _cell(value: object) -> Cell:
    return None if value == "" else cast("Cell", value)


def _problem_of(value: object, text: str) -> str:
    if _deeper_than(value, DEPTH_MAX):
        return f"is nested deeper than {DEPTH_MAX} levels"
    if "\\u" in text:
        # Only an escape can bring in what text cannot hold.
        plain = json.dumps(value, ensure_ascii=False).replace("\\\\", "")
        if "\\u0000" in plain:
            return "holds a NUL character"
        if any("\ud800" <= character <= "\udfff" for character in plain):
            return "holds half a character (a lone surrogate)"
    return ""


def _deeper_than(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = cast(
        "Iterable[object]", value.values() if isinstance(value, dict) else value
    )
    return levels == 0 or any(_deeper_than(item, levels - 1) for item in inner)


def _name_of(value: object) -> str:
    if value is None:
        return "null"
    names = ((list, "a list"), (str, "a string"), (bool, "a boolean"))
    return next((name for kind, name in names if isinstance(value, kind)), "a number")


def _object(pairs: list[tuple[str, object]]) -> Object:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twins = sorted({key for key in keys if keys.count(key) > 1})
        raise _Refused(f"has the key {', '.join(twins)} twice")
    return made


def _int(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > _INT_MAX:
        raise _Refused(f"holds the number {digits[:30]}…: write it as a string")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise _Refused(f"holds the number {digits[:30]}, which is too large")
    return value


def _constant(name: str) -> Never:
    raise _Refused(f"holds {name}, which is not JSON")


_decoder = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_int,
    parse_float=_float,
    parse_constant=_constant,
)
