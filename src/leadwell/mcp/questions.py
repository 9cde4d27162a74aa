"""Write what a model asks for as the query string would say it."""

from collections.abc import Sequence

from leadwell.errors import LeadwellError, MalformedValue, UnknownParameter
from leadwell.mcp.asked import Given, Scalar
from leadwell.mcp.door import Refusal

_ELSEWHERE = {
    "page": "page",
    "per_page": "per_page",
    "_q": "words",
    "_sort": "sort",
    "_fields": "fields",
    "_cursor": "cursor",
    "_limit": "limit",
}
"""Parameters of the API that are arguments of their own here, with their own bounds."""


def conditions(given: Given) -> dict[str, str]:
    """Return the conditions as parameters; the hub says what is wrong with them.

    Raises:
        Refusal: one is no condition, or cannot be written down.
    """
    for name in given:
        if name in _ELSEWHERE or name.startswith("_"):
            raise _no_condition(name)
    return {
        name: listed(name, value) if isinstance(value, list) else _text(value)
        for name, value in given.items()
    }


def listed(name: str, values: Sequence[Scalar]) -> str:
    """Return a list of values as the API reads it.

    Raises:
        Refusal: one has a comma in it, and would be read as two.
    """
    texts = [_text(value) for value in values]
    for text in texts:
        if "," in text:
            error = MalformedValue(
                "a value of a list has a comma in it",
                hint="ask for it alone, not in a list",
                value=text,
            )
            raise Refusal.of(error, name)
    return ",".join(texts)


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _no_condition(name: str) -> Refusal:
    argument = _ELSEWHERE.get(name)
    error: LeadwellError = UnknownParameter(
        f"{name[:64]!r} is no condition",
        hint=f"give {argument} as an argument of its own" if argument else "leave it",
        value=name,
        did_you_mean=argument,
    )
    return Refusal.of(error, name[:64])
