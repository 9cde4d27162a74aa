"""Parquet: a file for analysis, of typed columns. DuckDB writes it, a part at a time.

The rows go to a file of JSON lines first, which DuckDB reads as it writes: neither it
nor we ever hold more than a part of them.
"""

import errno
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb
import msgspec

from leadwell.sheets.table import Column, Kind, Row, Words

_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "VARCHAR",
    Kind.WHOLE: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.DECIMAL: "DECIMAL(36, 12)",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.MOMENT: "TIMESTAMP",
    Kind.CHOICES: "VARCHAR[]",
}
_LINE_BYTES_MAX = 2**26
"""Of one lead; the hub takes no longer one."""
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "memory_limit": "400MB",
    "threads": 1,
}
_ROWS = 20_000
"""Rows that are compressed together."""


class Parquet:
    """A Parquet file; what slugs mean stands in files of their own beside it."""

    def __init__(
        self, path: Path, columns: Sequence[Column], words: Sequence[Words] = ()
    ) -> None:
        """Begin it."""
        del words
        self._path = path
        self._columns = columns
        self._names = [column.name for column in columns]
        self._lines = path.with_name(f"{path.name}.lines")
        self._open = self._lines.open("wb")

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows behind those that are there."""
        names = self._names
        self._open.writelines(
            msgspec.json.encode(dict(zip(names, row, strict=True))) + b"\n"
            for row in rows
        )

    def close(self) -> None:
        """Make the file of what was added."""
        self._open.close()
        shape = {column.name: _TYPES[column.kind] for column in self._columns}
        shown = ", ".join(map(_shown, self._columns))
        try:
            with duckdb.connect(":memory:", config=_CONFIG) as database:
                lines = database.read_json(
                    str(self._lines),
                    columns=shape,
                    format="newline_delimited",
                    maximum_object_size=_LINE_BYTES_MAX,
                )
                lines.project(shown).write_parquet(
                    str(self._path), compression="zstd", row_group_size=_ROWS
                )
        except duckdb.IOException as error:
            # It says in words alone that a disk is full.
            raise OSError(errno.ENOSPC, str(error)) from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Delete the lines."""
        try:
            self._open.close()
        finally:
            self._lines.unlink(missing_ok=True)


def held(path: Path, columns: Sequence[str], but: str = "") -> list[tuple[int, ...]]:
    """Read columns of whole numbers of a file; rows that have `but` are left out.

    Raises:
        duckdb.Error: it is no such file.
    """
    with duckdb.connect(":memory:", config=_CONFIG) as database:
        found = database.read_parquet(str(path))
        if but in found.columns:
            found = found.filter(f"{_name(but)} IS NULL")
        return found.project(", ".join(map(_name, columns))).fetchall()


def _shown(column: Column) -> str:
    name = _name(column.name)
    # Marked as in UTC, so that no reader takes it for its own clock.
    return f"{name}::TIMESTAMPTZ AS {name}" if column.kind is Kind.MOMENT else name


def _name(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
