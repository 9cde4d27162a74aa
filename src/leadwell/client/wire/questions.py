"""What a caller asks for, as the pairs of a query string."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeAlias, cast

from leadwell.errors import MalformedValue

Scalar: TypeAlias = str | int | float | Decimal | date | datetime
"""One value to compare with; moments must be aware."""
Asked: TypeAlias = Scalar | list[Scalar] | tuple[Scalar, ...]
Query: TypeAlias = Mapping[str, Asked] | Iterable[tuple[str, Asked]]
"""Conditions by name: `{"status": "new", "budget[gte]": 500}`, or as pairs."""


def pairs(query: Query) -> list[tuple[str, str]]:
    """Write conditions as the hub reads them; several values with commas.

    Raises:
        MalformedValue: a value has no meaning on the wire.
    """
    if isinstance(query, Mapping):
        named = cast("Mapping[str, Asked]", query)
        return [(name, text(name, value)) for name, value in named.items()]
    return [(name, text(name, value)) for name, value in query]


def text(name: str, value: Asked) -> str:
    """Write one value, or a list of them, for the parameter `name`."""
    if isinstance(value, list | tuple):
        return ",".join(_scalar(name, each) for each in value)
    return _scalar(name, value)


def _scalar(name: str, value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case datetime():
            return _moment(name, value)
        case date():
            return value.isoformat()
        case int() | float():
            return str(value)
        case Decimal():
            return f"{value:f}"
        case None:
            message = f"{name} is compared with nothing"
            hint = f'ask for leads without a value: {{"{name}[exists]": False}}'
        case _:
            message = f"{name} cannot be compared with a {type(value).__name__}"
            hint = (
                "give a text, a number, a boolean, a date, a moment or a list of them"
            )
    raise MalformedValue(message, hint=hint)


def _moment(name: str, value: datetime) -> str:
    if value.tzinfo is None:
        raise MalformedValue(
            f"the moment that {name} is compared with has no time zone",
            hint="make it aware: datetime.now(UTC), or moment.astimezone()",
        )
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
