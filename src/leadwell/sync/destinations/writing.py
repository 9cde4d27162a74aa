"""How leads are written into a file, and what of a file is read back.

A CSV file has the bytes of the hub's own export; a test compares them.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, TypeAlias

import msgspec

from leadwell.sync.errors import ForeignDestination
from leadwell.sync.table import REMOVED_AT, Column, Kind, Table

Pairs: TypeAlias = Iterator[tuple[int, int]]

CELL_CHARACTERS_MAX = 2**27
"""More than any value of a lead has; Python's own limit is less than a long text."""
_WIDE = ("\uff1d", "\uff0b", "\uff0d", "\uff20")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", *_WIDE)
"""With these at its beginning a spreadsheet takes a cell for a formula."""
_QUOTED = re.compile(r'[",;\t\r\n]')
_UNSHOWN = "source_updated_at"
"""No column of an export."""


class Format(Protocol):
    """How a file of leads is written and read."""

    def columns(self, columns: Sequence[Column]) -> list[Column]:
        """Return the columns that the file has."""
        ...

    def write(
        self,
        opened: IO[bytes],
        columns: Sequence[Column],
        rows: Iterable[Sequence[Any]],
        wanted: Table,
    ) -> None:
        """Write all leads, as SQLite holds them."""
        ...

    def held(self, path: Path) -> Pairs:
        """Read id and version of each lead that is not marked as removed.

        Raises:
            ForeignDestination: it is no such file.
        """
        ...


@dataclass(frozen=True, slots=True)
class Sheet:
    """CSV (RFC 4180): one lead a line, choices as slugs."""

    separator: str = ","
    mark: str = ""
    """What stands before everything."""
    is_harmless: bool = False
    """Whether what a spreadsheet would run as a formula gets an apostrophe before it:
    leads come from strangers."""

    def columns(self, columns: Sequence[Column]) -> list[Column]:
        """Return the columns of an export."""
        return shown_in_exports(columns)

    def write(
        self,
        opened: IO[bytes],
        columns: Sequence[Column],
        rows: Iterable[Sequence[Any]],
        wanted: Table,
    ) -> None:
        """Write the names of the columns, and all leads."""
        del wanted
        names = self._cells([column.name for column in columns])
        opened.write(self.mark.encode() + names)
        opened.writelines(self.line(columns, row) for row in rows)

    def line(self, columns: Sequence[Column], row: Sequence[Any]) -> bytes:
        """Write one lead."""
        cells = [text_of(c.kind, v) for c, v in zip(columns, row, strict=True)]
        return self._cells(cells)

    def held(self, path: Path) -> Pairs:
        """Read the columns `id` and `version`."""
        csv.field_size_limit(CELL_CHARACTERS_MAX)
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield from _pairs(path, csv.DictReader(lines, delimiter=self.separator))

    def _cells(self, cells: Iterable[str]) -> bytes:
        cells = map(_harmless, cells) if self.is_harmless else cells
        return f"{self.separator.join(map(_quoted, cells))}\r\n".encode()


@dataclass(frozen=True, slots=True)
class Lines:
    """NDJSON: one lead a line, its columns as keys."""

    def columns(self, columns: Sequence[Column]) -> list[Column]:
        """Return all columns."""
        return list(columns)

    def write(
        self,
        opened: IO[bytes],
        columns: Sequence[Column],
        rows: Iterable[Sequence[Any]],
        wanted: Table,
    ) -> None:
        """Write all leads."""
        del wanted
        opened.writelines(self.line(columns, row) for row in rows)

    def line(self, columns: Sequence[Column], row: Sequence[Any]) -> bytes:
        """Write one lead."""
        lead = {c.name: _json(c.kind, v) for c, v in zip(columns, row, strict=True)}
        return msgspec.json.encode(lead) + b"\n"

    def held(self, path: Path) -> Pairs:
        """Read `id` and `version` of each line."""
        decoder = msgspec.json.Decoder(dict[str, Any])
        with path.open("rb") as lines:
            yield from _pairs(path, map(decoder.decode, lines))


CSV = Sheet()
CSV_EXCEL = Sheet(";", "\ufeff", is_harmless=True)
NDJSON = Lines()


def _pairs(path: Path, leads: Iterable[Mapping[str, Any]]) -> Pairs:
    try:
        for lead in leads:
            if not lead.get(REMOVED_AT):
                yield int(lead["id"]), int(lead["version"])
    except (KeyError, TypeError, ValueError, csv.Error, msgspec.MsgspecError):
        raise ForeignDestination(
            f"{path} is not as leadwell sync has written it",
            hint="somebody has changed it: delete it, and sync again",
        ) from None


def shown_in_exports(columns: Iterable[Column]) -> list[Column]:
    """Return those columns that an export of the hub has too."""
    return [column for column in columns if column.name != _UNSHOWN]


def text_of(kind: Kind, value: Any) -> str:
    """Write a value, as SQLite holds it, as the text of a cell."""
    if value is None:
        return ""
    if kind is Kind.DATA and value.startswith('"'):
        return msgspec.json.decode(value, type=str)
    if kind is Kind.CHOICES:
        return ",".join(msgspec.json.decode(value, type=list[str]))
    if kind is Kind.BOOLEAN:
        return "true" if value else "false"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _json(kind: Kind, value: Any) -> object:
    if value is None:
        return None
    if kind in {Kind.CHOICES, Kind.DATA}:
        return msgspec.Raw(value.encode())
    return bool(value) if kind is Kind.BOOLEAN else value


def _harmless(cell: str) -> str:
    is_number = cell[:1] == "-" and cell[1:].replace(".", "", 1).isdigit()
    return f"'{cell}" if cell.startswith(_DANGEROUS) and not is_number else cell


def _quoted(cell: str) -> str:
    if not _QUOTED.search(cell):
        return cell
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'
