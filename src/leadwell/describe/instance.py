"""An instance of somebody's JSON Schema: as small as will do, the same every time."""

from collections.abc import Mapping
from typing import Any, cast

from leadwell.model.lead import JSON

DEPTH_MAX = 8
"""How deeply lists and objects are made: a schema may hold itself."""
_FORMATS: Mapping[str, str] = {
    "date": "2025-02-21",
    "date-time": "2025-02-21T08:00:00Z",
    "time": "08:00:00Z",
    "email": "jane@example.com",
    "uri": "https://example.com/offer",
    "uuid": "6f1c2f8e-3c1b-4d59-9d5b-0a4d2f0f7a11",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}
_Schema = Mapping[str, Any]


def of(schema: JSON) -> JSON:
    """Make a value that most likely fits; who needs to be sure validates it.

    What the schema itself gives comes first: its examples, its default, its choices.
    Patterns are not followed.
    """
    return _of(schema, schema, DEPTH_MAX)


def _of(schema: JSON, root: JSON, left: int) -> JSON:
    if not isinstance(schema, dict) or left < 0:
        return None
    known = cast("_Schema", _resolved(schema, root))
    for word in ("const", "default"):
        if word in known:
            given: JSON = known[word]
            return given
    for word in ("examples", "enum"):
        if known.get(word):
            first: JSON = known[word][0]
            return first
    for word in ("anyOf", "oneOf"):
        if known.get(word):
            return _of({**known, word: None, **_choice(known[word])}, root, left - 1)
    return _typed(known, root, left)


def _choice(choices: list[JSON]) -> dict[str, JSON]:
    first = choices[0]
    return first if isinstance(first, dict) else {}


def _resolved(schema: dict[str, JSON], root: JSON) -> dict[str, JSON]:
    """Return the schema with what it points to, and with all that it is made of."""
    found = dict(schema)
    target = found.pop("$ref", None)
    if isinstance(target, str):
        found = _pointed(target, root) | found
    parts = found.pop("allOf", None)
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict):
            found |= part
    return found


def _pointed(target: str, root: JSON) -> dict[str, JSON]:
    found = root
    for part in target.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    return dict(found) if isinstance(found, dict) else {}


def _typed(schema: _Schema, root: JSON, left: int) -> JSON:
    kind = _kind(schema.get("type", "object" if "properties" in schema else "array"))
    if kind == "object":
        return _object(schema, root, left)
    if kind == "array":
        item = schema.get("items", {"type": "string"})
        # JSON Schema counts with 2.0 as with 2.
        count = int(schema.get("minItems", 1 if "items" in schema else 0))
        return [_of(item, root, left - 1) for _ in range(min(count, 10))]
    if kind == "string":
        return _string(schema)
    if kind in {"number", "integer"}:
        return _number(schema)
    return True if kind == "boolean" else None


def _kind(given: JSON) -> JSON:
    return given[0] if isinstance(given, list) and given else given


def _object(schema: _Schema, root: JSON, left: int) -> JSON:
    properties: Mapping[str, JSON] = schema.get("properties", {})
    required = schema.get("required", ())
    wanted = dict.fromkeys((*properties, *required))
    # What need not be there is left out where it would go on and on.
    names = wanted if left > DEPTH_MAX // 2 else required
    return {name: _of(properties.get(name), root, left - 1) for name in names}


def _string(schema: _Schema) -> str:
    text = _FORMATS.get(schema.get("format", ""), "text")
    if "format" not in schema:
        text = text[: int(schema.get("maxLength", len(text)))]
    return text.ljust(min(int(schema.get("minLength", 0)), 1_000), "x")


def _number(schema: _Schema) -> int | float:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None and "exclusiveMinimum" in schema:
        least = schema["exclusiveMinimum"] + 1
    if most is None and "exclusiveMaximum" in schema:
        most = schema["exclusiveMaximum"] - 1
    step: int | float = schema.get("multipleOf", 0)
    number: int | float | None = most if least is None else least
    if number is None:
        return step or 1
    # To the next multiple, away from the bound.
    if step:
        number = (
            -(-number // step) * step if least is not None else number // step * step
        )
    return number
