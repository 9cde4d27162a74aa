"""What the errors of files and databases mean for the user, in the same words."""

from typing import TypeAlias

from leadwell.sync.errors import (
    DestinationError,
    ForeignDestination,
    FullDestination,
    ReadOnlyDestination,
    UnreadableDestination,
)

Meaning: TypeAlias = tuple[type[DestinationError], str, str]
"""The error, what is said of the destination, and what to do."""

FULL: Meaning = (
    FullDestination,
    "has no room left",
    "make room, and run again: what was stored is kept",
)
READ_ONLY: Meaning = (
    ReadOnlyDestination,
    "cannot be written",
    "look at the rights of the file and of its folder, and whether it is open",
)
NOT_OPENED: Meaning = (
    UnreadableDestination,
    "cannot be opened",
    "look if its folder exists, and at its rights",
)
OTHER_TABLES: Meaning = (
    ForeignDestination,
    "has other tables or columns than leadwell sync made",
    "somebody has changed it: name another destination",
)


def unknown(said: object) -> Meaning:
    """Return the meaning of an error that is not known here."""
    return UnreadableDestination, f"cannot be used: {str(said)[:300]}", ""


def meant(text: str, meaning: Meaning) -> DestinationError:
    """Return the error of the destination that is named like this."""
    kind, message, hint = meaning
    return kind(f"{text} {message}", hint=hint)
