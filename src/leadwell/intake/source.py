"""What every file format gives: columns, and a stream of rows good and bad."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeAlias

Cell: TypeAlias = (
    str | int | float | bool | datetime | date | list[object] | dict[str, object] | None
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file, every column present, an empty cell as `None`.

    `number` is what an editor shows: the line a record starts on, counted from 1,
    or the row of the sheet.
    """

    number: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that cannot be read, why, and what stands there."""

    number: int
    problem: str
    raw: tuple[str, ...]


class Source(Protocol):
    """A file that was opened: it may be iterated again and starts anew each time.

    A row without any value is no row: it is passed over.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in the file's order."""
        ...

    @property
    def lead_columns(self) -> frozenset[str]:
        """The columns that are a lead's own (`status`, …) and not its fields.

        Only the hub's own export has them; in any other file the user decides.
        """
        ...

    @property
    def decimal_comma(self) -> bool:
        """Whether the file writes 1.234,50 for 1234.5."""
        ...

    @property
    def size_bytes(self) -> int:
        """How long the file is."""
        ...

    @property
    def position(self) -> int:
        """How many of `size_bytes` are read; a sheet's rows are scaled to bytes."""
        ...

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Read the rows from the first, holding one at a time.

        Raises:
            UnreadableFile: a byte further on is not of the file's encoding.
        """
        ...
