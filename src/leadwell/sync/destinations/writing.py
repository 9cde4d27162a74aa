"""How leads are written into a file, and what of a file is read back.

A CSV file has the bytes of the hub's own export; a test compares them.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, TypeAlias

import msgspec

from leadwell.sheets.text import EXCEL, PLAIN, Flavour
from leadwell.sync.errors import ForeignDestination
from leadwell.sync.table import REMOVED_AT, Column, Kind, Table

Pairs: TypeAlias = Iterator[tuple[int, int]]

CELL_CHARACTERS_MAX = 2**27
"""More than any value of a lead has; Python's own limit is less than a long text."""
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

    flavour: Flavour

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
        names = self.flavour.line(column.name for column in columns)
        opened.write(self.flavour.mark + names)
        opened.writelines(self.line(columns, row) for row in rows)

    def line(self, columns: Sequence[Column], row: Sequence[Any]) -> bytes:
        """Write one lead."""
        pairs = zip(columns, row, strict=True)
        return self.flavour.line(text_of(column.kind, cell) for column, cell in pairs)

    def held(self, path: Path) -> Pairs:
        """Read the columns `id` and `version`."""
        csv.field_size_limit(CELL_CHARACTERS_MAX)
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield from _pairs(
                path, csv.DictReader(lines, delimiter=self.flavour.separator)
            )


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


CSV = Sheet(PLAIN)
CSV_EXCEL = Sheet(EXCEL)
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
