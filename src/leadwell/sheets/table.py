"""What stands in such a file: its columns, and what a cell is given as."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeAlias

Cell: TypeAlias = "str | int | float | bool | list[str] | None"
"""Text for dates, moments in UTC, decimals and JSON, as on the wire."""
Row: TypeAlias = Sequence[Cell]


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"
    CHOICES = "choices"
    """A list of slugs."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Words:
    """A table of texts beside the leads: what slugs mean."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Sheet(Protocol):
    """A file that is being written."""

    def __init__(
        self, path: Path, columns: Sequence[Column], words: Sequence[Words] = ()
    ) -> None: ...

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows behind those that are there.

        Raises:
            OSError: there is no room for them.
        """
        ...

    def close(self) -> None:
        """Finish the file; without this there is none.

        Raises:
            OSError: there is no room for it.
        """
        ...

    def discard(self) -> None:
        """Leave it unfinished, if it is not finished yet."""
        ...
