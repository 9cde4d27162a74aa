"""Delimited text as a source of rows: CSV, TSV and their relatives."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

from leadwell.errors import UnreadableFile
from leadwell.intake.encoding import open_text
from leadwell.intake.formats.records import Lines, raw, records
from leadwell.intake.sniff import Dialect
from leadwell.intake.source import BadRow, Row

# No header is a number, a date or an e-mail address: then it is a row.
_VALUE = re.compile(r"[+-]?\d+([.,]\d+)*|\d+[-/.]\d+[-/.]\d+.*|[^@\s]+@[^@\s]+\.\w+")


class CsvFile:
    """Rows of delimited text; every record is as wide as the header or bad."""

    def __init__(self, path: Path, dialect: Dialect) -> None:
        """Read the header and make sure that a row follows.

        Raises:
            UnreadableFile: no header, a header with gaps or twins, or no row.
        """
        self.dialect = dialect
        self.position = 0
        self.size_bytes = path.stat().st_size
        self.lead_columns: frozenset[str] = frozenset()
        self._path = path
        self.columns = self._header()
        if next(iter(self), None) is None:
            raise UnreadableFile(
                f"{path.name} has a header but no rows",
                hint="put at least one row below the header",
            )
        self.position = 0

    @property
    def decimal_comma(self) -> bool:
        """Whether the file writes 1.234,50 for 1234.5."""
        return self.dialect.decimal_comma

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Read the rows from the first, holding one at a time."""
        with open_text(self._path, self.dialect.encoding) as handle:
            for record in islice(self._records(handle), 1, None):
                self.position = _position(handle)
                row = self._row(record)
                if row is not None:
                    yield row
        self.position = self.size_bytes

    def _records(self, handle: TextIO) -> Iterator[tuple[int, list[str]] | BadRow]:
        for _ in range(self.dialect.preamble_lines):
            handle.readline()
        lines = Lines(handle, self.dialect.preamble_lines)
        return records(lines, self.dialect.delimiter)

    def _row(self, record: tuple[int, list[str]] | BadRow) -> Row | BadRow | None:
        if isinstance(record, BadRow):
            return record
        number, cells = record
        values = [cell.strip() or None for cell in cells]
        if not any(values):
            return None
        if len(cells) != len(self.columns):
            wrong = f"has {len(cells)} cells, the header has {len(self.columns)}"
            return BadRow(number, wrong, raw(cells))
        return Row(number, dict(zip(self.columns, values, strict=True)))

    def _header(self) -> tuple[str, ...]:
        with open_text(self._path, self.dialect.encoding) as handle:
            first = next(self._records(handle), None)
        if first is None or isinstance(first, BadRow):
            problem = "is missing" if first is None else first.problem
            raise UnreadableFile(
                f"the header of {self._path.name} {problem}",
                hint="the first row names the columns",
            )
        return checked_header(first[1], self._path.name)


def checked_header(cells: Sequence[str], file_name: str) -> tuple[str, ...]:
    """Return the names of the columns.

    Raises:
        UnreadableFile: a name is empty or there twice, or the row holds values.
    """
    names = tuple(cell.removeprefix("\ufeff").strip() for cell in cells)
    empty = [str(place) for place, name in enumerate(names, 1) if not name]
    twins = sorted({name for name in names if name and names.count(name) > 1})
    if empty:
        raise UnreadableFile(
            f"the header of {file_name} has no name in column {', '.join(empty)}",
            hint="name every column in the first row, or remove the empty ones",
        )
    if twins:
        raise UnreadableFile(
            f"the header of {file_name} has more than one {', '.join(twins)}",
            hint="give every column a name of its own",
        )
    if 2 * sum(_VALUE.fullmatch(name) is not None for name in names) > len(names):
        raise UnreadableFile(
            f"the first row of {file_name} holds values, not names: "
            f"{', '.join(names)[:80]}",
            hint="put a header row first that names the columns",
        )
    return names


def _position(handle: TextIO) -> int:
    # The text layer may not be asked while it iterates; the bytes below it may.
    return handle.buffer.tell()
