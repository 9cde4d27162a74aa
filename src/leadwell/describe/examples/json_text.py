"""JSON as people read it: what fits on a line stands on one."""

import msgspec

from leadwell.model.lead import JSON

_WIDTH = 76


def pretty(value: JSON, indent: int = 0) -> str:
    """Write JSON; an object or list that does not fit has one line for each part."""
    text = on_one_line(value)
    if len(text) + indent <= _WIDTH or not isinstance(value, dict | list) or not value:
        return text
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        named = value.items()
        lines = [f"{_atom(name)}: {pretty(each, indent + 2)}" for name, each in named]
    else:
        lines = [pretty(each, indent + 2) for each in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    body = ",\n".join(f"{inner}{line}" for line in lines)
    return f"{first}\n{body}\n{' ' * indent}{last}"


def on_one_line(value: JSON) -> str:
    """Write JSON with blanks, on one line."""
    if isinstance(value, dict):
        named = value.items()
        parts = [f"{_atom(name)}: {on_one_line(each)}" for name, each in named]
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, list):
        each = [on_one_line(each) for each in value]
        return "[" + ", ".join(each) + "]"
    return _atom(value)


def _atom(value: JSON) -> str:
    return msgspec.json.encode(value).decode()
