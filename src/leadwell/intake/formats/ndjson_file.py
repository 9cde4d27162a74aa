"""Newline-delimited JSON as a source of rows: one object a line."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from leadwell.errors import UnreadableFile
from leadwell.intake.encoding import open_text
from leadwell.intake.formats.objects import (
    LEAD_COLUMNS,
    NO_COLUMNS,
    Object,
    cells_of,
    is_lead,
    parse,
)
from leadwell.intake.source import BadRow, Row

# Up to this size all lines are read for their keys first, above it only some: a
# key that comes up later is then a bad row, not a value lost in silence.
SCANNED_BYTES_MAX = 64 << 20
SCANNED_LINES = 1000

LINE_CHARS_MAX = 8 << 20


class NdjsonFile:
    """Rows of objects; the columns are the keys of all that were scanned."""

    decimal_comma = False

    def __init__(self, path: Path, encoding: str) -> None:
        """Read the keys and make sure that a row is there.

        Raises:
            UnreadableFile: no line holds an object, or a byte is not of `encoding`.
        """
        self.position = 0
        self.size_bytes = path.stat().st_size
        self._path = path
        self._encoding = encoding
        scanned = None if self.size_bytes <= SCANNED_BYTES_MAX else SCANNED_LINES
        columns: dict[str, None] = {}
        leads = False
        for _, item in islice(self._objects(), scanned):
            if not isinstance(item, str):
                leads = leads or is_lead(item)
                columns.update(dict.fromkeys(cells_of(item)))
        if not columns:
            raise UnreadableFile(
                f"{path.name} holds no JSON object",
                hint='write one object a line, such as {"name": "Jane Doe"}',
            )
        self.columns = tuple(columns)
        self.lead_columns = LEAD_COLUMNS & frozenset(columns) if leads else NO_COLUMNS
        self.position = 0

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Read the rows from the first, holding one at a time."""
        for number, item in self._objects():
            row = row_of(number, item, self.columns)
            if row is not None:
                yield row

    def _objects(self) -> Iterator[tuple[int, Object | str]]:
        with open_text(self._path, self._encoding) as handle:
            number = 0
            while line := handle.readline(LINE_CHARS_MAX):
                number += 1
                self.position = handle.buffer.tell()
                if len(line) == LINE_CHARS_MAX:
                    _skip_line(handle, line)
                    yield number, f"is longer than {LINE_CHARS_MAX:,} characters"
                elif not line.isspace():
                    yield number, parse(line)


def row_of(
    number: int, item: Object | str, columns: tuple[str, ...]
) -> Row | BadRow | None:
    """Make an object, or what is wrong with it, a row; `None` if it holds nothing."""
    if isinstance(item, str):
        return BadRow(number, item, ())
    cells = cells_of(item)
    if all(cell is None for cell in cells.values()):
        return None
    unknown = [key for key in cells if key not in columns]
    if unknown:
        late = f"has keys that the first {SCANNED_LINES} lines lack: "
        return BadRow(number, late + ", ".join(unknown), (str(item)[:200],))
    return Row(number, {column: cells.get(column) for column in columns})


def _skip_line(handle: TextIO, start: str) -> None:
    line = start
    while line and line[-1] != "\n":
        line = handle.readline(LINE_CHARS_MAX)
