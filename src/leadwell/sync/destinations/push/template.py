"""Structured templates: a tree whose texts hold placeholders, as `{fields.email}`.

Values are put into leaves of the tree, and the tree is written as JSON afterwards. So
no value, whatever a stranger has typed into a form, can break out of its place.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast
from urllib.parse import quote

import msgspec

from leadwell.errors import UsageError

Values: TypeAlias = Callable[[str], Any]
"""Returns what a placeholder stands for; `None`: it is empty."""

AS, TEXT = ":", "text"
"""`{id:text}` is the id as a text."""
_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class Unfit(Exception):
    """A value cannot stand where the template has it; says why."""


class _Omitted:
    """Stands where something is left out."""


_OMITTED = _Omitted()


@dataclass(frozen=True, slots=True)
class Style:
    """How values that JSON has several ways for are written."""

    empty: str = "null"
    """What an empty value becomes: `null`, `omit` or `text`, which is an empty text."""
    separator: str | None = None
    """What stands between the items of a list that becomes a text; `None`: it stays a
    list where it stands alone."""


def filled(tree: Any, values: Values, style: Style) -> Any:
    """Return a tree with its placeholders replaced.

    A text that is one placeholder and nothing else becomes the value, with its type;
    `{id:text}` makes a text of it.
    """
    found = _filled(tree, values, style)
    return None if found is _OMITTED else found


def text_of(
    template: str, values: Values, style: Style, *, is_url: bool = False
) -> str:
    """Return a text with its placeholders replaced, percent-encoded in a URL.

    Raises:
        Unfit: a value of a URL is empty, or would lead to another path.
    """
    shown: list[str] = []
    for part, name in _parts(template):
        text = part if name is None else _text(values(name), style)
        if is_url and name is not None:
            text = _segment(name, text)
        shown.append(text)
    return "".join(shown)


def names(tree: Any) -> set[str]:
    """Return all placeholders of a tree.

    Raises:
        UsageError: a brace has no partner.
    """
    if isinstance(tree, str):
        return {name for _, name in _parts(tree) if name is not None}
    if isinstance(tree, Mapping):
        items: Any = cast("Mapping[str, Any]", tree).values()
    elif isinstance(tree, list):
        items = cast("list[object]", tree)
    else:
        return set()
    return {name for item in items for name in names(item)}


def _filled(tree: Any, values: Values, style: Style) -> Any:
    if isinstance(tree, str):
        return _leaf(tree, values, style)
    if isinstance(tree, dict):
        table = cast("dict[str, Any]", tree)
        found = {key: _filled(each, values, style) for key, each in table.items()}
        return {key: each for key, each in found.items() if each is not _OMITTED}
    if isinstance(tree, list):
        items = cast("list[object]", tree)
        return [
            each
            for item in items
            if not _is_hollow(item, values, style)
            and (each := _filled(item, values, style)) is not _OMITTED
        ]
    return tree


def _is_hollow(item: Any, values: Values, style: Style) -> bool:
    """Whether a table of a list has placeholders, and nothing for any of them."""
    if style.empty != "omit" or not isinstance(item, dict):
        return False
    asked = names(item)
    return bool(asked) and all(values(name) is None for name in asked)


def _leaf(template: str, values: Values, style: Style) -> Any:
    parts = list(_parts(template))
    asked = [name for _, name in parts if name is not None]
    if len(asked) != 1 or any(part for part, _ in parts):
        return text_of(template, values, style)
    value = values(asked[0])
    if value is None:
        return {"null": None, "text": ""}.get(style.empty, _OMITTED)
    # The leads of a batch are a list too, and stay one.
    is_text = len(parts) > 1 or (
        isinstance(value, list)
        and style.separator is not None
        and not any(isinstance(each, dict) for each in cast("list[object]", value))
    )
    return _text(cast("object", value), style) if is_text else cast("object", value)


def _segment(name: str, text: str) -> str:
    # "/leads/" and "/leads/.." are other places than "/leads/5".
    if text in {"", ".", ".."}:
        raise Unfit(f"{{{name}}} stands in the address, and is {text or 'empty'}")
    return quote(text, safe="")


def _text(value: Any, style: Style) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        items = cast("list[object]", value)
        return (style.separator or ",").join(_text(item, style) for item in items)
    return msgspec.json.encode(value).decode()


def _parts(template: str) -> Iterator[tuple[str, str | None]]:
    """Take a text apart: what stands there, or the name of a placeholder."""
    at = 0
    for found in _PART.finditer(template):
        if found.start() > at:
            yield template[at : found.start()], None
        at = found.end()
        if found[0] in {"{{", "}}"}:
            yield found[0][0], None
        elif found[1] is None:
            raise UsageError(
                f"{template[:60]!r} has a brace without its partner",
                hint="a placeholder is {fields.email}; {{ and }} are plain braces",
            )
        else:
            name, _, kind = found[1].partition(AS)
            yield "", name
            if kind or found[1].endswith(AS):
                _check_kind(template, kind)
                # A second part makes it a text, whatever the value is.
                yield "", None
    if at < len(template):
        yield template[at:], None


def _check_kind(template: str, kind: str) -> None:
    if kind != TEXT:
        raise UsageError(
            f"{template[:60]!r} asks for an unknown kind of value",
            hint="write {id:text} for a text, {id} for what it is",
        )
