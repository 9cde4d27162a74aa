"""Where leads can go. To add a destination, write its module and name it here."""

from collections.abc import Callable, Mapping
from pathlib import Path

from leadwell.sync.destinations.base import Copy, Destination, Overtaken
from leadwell.sync.destinations.sqlite import SQLiteFile
from leadwell.sync.errors import UnknownDestination

DESTINATIONS: Mapping[str, Callable[[Path], Destination]] = {
    "sqlite": SQLiteFile,
}
"""By what stands before the colon."""
_BY_ENDING = {".db": "sqlite", ".sqlite": "sqlite", ".sqlite3": "sqlite"}


def named(text: str) -> Destination:
    """Return the destination that a text names: `sqlite:leads.db`.

    Raises:
        UnknownDestination: it names none; the message says which there are.
    """
    scheme, colon, place = text.partition(":")
    if colon and place and scheme in DESTINATIONS:
        return DESTINATIONS[scheme](Path(place).expanduser())
    listed = ", ".join(f"{each}:FILE" for each in DESTINATIONS)
    guess = _BY_ENDING.get(Path(text).suffix, Path(text).suffix[1:])
    meant = f"did you mean {guess}:{text}? " if guess in DESTINATIONS else ""
    raise UnknownDestination(
        f"{text!r} is no destination", hint=f"{meant}there are {listed}"
    )


__all__ = ["DESTINATIONS", "Copy", "Destination", "Overtaken", "named"]
