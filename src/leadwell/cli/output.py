"""How a command answers: tables for people, one JSON document for machines."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, cast

RUN_AGAIN = 75
"""Exit code: what was done is kept, the rest waits."""


def document(content: object, *, as_json: bool, text: str = "") -> None:
    """Answer with one thing: as JSON, or as this text."""
    print(_json(content) if as_json else text, flush=True)


def rows(items: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Answer with a list: as a JSON array, or as a table of its keys."""
    if as_json:
        print(_json(items))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Plain text: the brackets of budget[gte] are no markup.
    table = Table(box=None, pad_edge=False)
    for name in items[0] if items else ():
        table.add_column(name.replace("_", " "), overflow="fold")
    for item in items:
        table.add_row(*(Text(_text(value)) for value in item.values()))
    # A pipe has no width: what is read by programs must not be cut.
    width = None if sys.stdout.isatty() else 250
    Console(width=width, highlight=False, markup=False).print(table)


def hint(text: str) -> None:
    """Tell people more, where a pipe does not carry it."""
    print(text, file=sys.stderr, flush=True)


def _json(content: object) -> str:
    import msgspec

    return msgspec.json.encode(content).decode()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, cast("list[object]", value)))
    return str(value)
