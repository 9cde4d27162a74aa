"""How a command answers: tables for people, one JSON document for machines.

All that a command says goes through here: what a hub, a lead or a file wrote into it is
shown, and never obeyed by the terminal.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, cast

RUN_AGAIN = 75
"""Exit code: what was done is kept, the rest waits."""
_OBEYED = (
    *range(0x20),  # C0: escape codes begin with ESC; CR writes over what stands there
    *range(0x7F, 0xA0),  # DEL, and C1, which some terminals read as ESC and a letter
    0x61C,
    *(0x200E, 0x200F),
    *range(0x2028, 0x202F),  # ends of lines, and what turns the direction of writing
    *range(0x2066, 0x206A),
    *range(0xD800, 0xE000),  # halves of a pair: nothing can write them out
)
_ESCAPES = {code: f"\\u{code:04x}" for code in _OBEYED if chr(code) not in "\t\n"}


def shown(text: str) -> str:
    r"""Write what a terminal would obey, and not show, as `\u001b`; the rest stays.

    In a JSON text on one line that means the same.
    """
    return text.translate(_ESCAPES)


def say(text: str) -> None:
    """Tell people, where the answer goes."""
    print(shown(text), flush=True)


def document(content: object, *, as_json: bool, text: str = "") -> None:
    """Answer with one thing: as JSON, or as this text."""
    say(_json(content) if as_json else text)


def rows(items: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Answer with a list: as a JSON array, or as a table of its keys."""
    if as_json:
        say(_json(items))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Plain text: the brackets of budget[gte] are no markup.
    table = Table(box=None, pad_edge=False)
    for name in items[0] if items else ():
        table.add_column(shown(name.replace("_", " ")), overflow="fold")
    for item in items:
        table.add_row(*(Text(_text(value)) for value in item.values()))
    # A pipe has no width: what is read by programs must not be cut.
    width = None if sys.stdout.isatty() else 250
    Console(width=width, highlight=False, markup=False).print(table)


def hint(text: str) -> None:
    """Tell people more, where a pipe does not carry it."""
    # In one piece: others may write beside it.
    sys.stderr.write(f"{shown(text)}\n")
    sys.stderr.flush()


def agrees(question: str) -> bool:
    """Ask whoever sits at the terminal, and wait for a yes or anything else."""
    sys.stderr.write(f"{shown(question)} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in {"y", "yes"}


def _json(content: object) -> str:
    import msgspec

    return msgspec.json.encode(content).decode()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return shown(", ".join(map(str, cast("list[object]", value))))
    return shown(str(value))
