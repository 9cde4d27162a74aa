"""Workbooks and Parquet: files of typed cells, written as a hub's export is."""

import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar
from xml.etree import ElementTree as ET

import duckdb
import msgspec

from leadwell.errors import TooMany
from leadwell.sheets import parquet, table
from leadwell.sheets.table import Cell, Words
from leadwell.sheets.xlsx import Workbook
from leadwell.sync.destinations.files import WrittenFile
from leadwell.sync.destinations.scratch import Scratch
from leadwell.sync.destinations.writing import Format, Pairs, shown_in_exports, text_of
from leadwell.sync.errors import (
    ForeignDestination,
    ReadOnlyDestination,
    UnreadableDestination,
)
from leadwell.sync.table import REMOVED_AT, Column, Kind, Table

_KINDS: Mapping[Kind, table.Kind] = {
    Kind.WHOLE: table.Kind.WHOLE,
    Kind.TEXT: table.Kind.TEXT,
    Kind.NUMBER: table.Kind.NUMBER,
    Kind.DECIMAL: table.Kind.DECIMAL,
    Kind.BOOLEAN: table.Kind.BOOLEAN,
    Kind.DATE: table.Kind.DATE,
    Kind.MOMENT: table.Kind.MOMENT,
    Kind.CHOICE: table.Kind.TEXT,
    Kind.CHOICES: table.Kind.CHOICES,
    Kind.PERSON: table.Kind.WHOLE,
    Kind.DATA: table.Kind.TEXT,
}
_CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_SHEET = "xl/worksheets/sheet1.xml"


@dataclass(frozen=True, slots=True)
class _Cells:
    """What the two have in common: each is written beside, and then put in place."""

    sheet: type[table.Sheet]

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
        """Write all leads."""
        shape = [table.Column(c.name, _KINDS[c.kind]) for c in columns]
        kinds = [column.kind for column in columns]
        with Scratch() as folder:
            path = folder / "leads"
            sheet = self.sheet(path, shape, words_of(wanted))
            try:
                sheet.add([*map(_cell, kinds, row)] for row in rows)
                sheet.close()
            except TooMany as error:
                sheet.discard()
                raise ReadOnlyDestination(error.message, hint=error.hint) from error
            except BaseException:
                sheet.discard()
                raise
            with path.open("rb") as made:
                shutil.copyfileobj(made, opened)


class _Workbook(_Cells):
    def held(self, path: Path) -> Pairs:
        """Read the columns `id` and `version`."""
        try:
            yield from _pairs(path)
        except (KeyError, ValueError, zipfile.BadZipFile, ET.ParseError):
            raise _changed(path) from None


class _Parquet(_Cells):
    def held(self, path: Path) -> Pairs:
        """Read the columns `id` and `version`."""
        try:
            found = parquet.held(path, ("id", "version"), but=REMOVED_AT)
        except duckdb.Error:
            raise _changed(path) from None
        yield from ((lead_id, version) for lead_id, version in found)


class WorkbookFile(WrittenFile):
    """A workbook for Excel."""

    scheme: ClassVar[str] = "xlsx"
    format: ClassVar[Format] = _Workbook(Workbook)


class ParquetFolder(WrittenFile):
    """A folder with the leads, and what slugs mean, as Parquet files."""

    scheme: ClassVar[str] = "parquet"
    format: ClassVar[Format] = _Parquet(parquet.Parquet)

    @property
    def text(self) -> str:
        """How the user names it."""
        return f"{self.scheme}:{self.path.parent}"

    def make_room(self) -> None:
        """Make the folder."""
        try:
            self.path.parent.mkdir(exist_ok=True)
        except FileExistsError:
            raise UnreadableDestination(
                f"{self.path.parent} is no folder",
                hint="nothing was touched: name a folder for parquet",
            ) from None

    def write_beside(self, wanted: Table) -> None:
        """Write what slugs mean."""
        for words in words_of(wanted):
            shape = [table.Column(name, table.Kind.TEXT) for name in words.columns]
            path = self.path.with_name(f"{words.name}.parquet")
            new = path.with_name(f"{path.name}.leadwell-new")
            file = parquet.Parquet(new, shape)
            file.add(words.rows)
            file.close()
            new.replace(path)


def words_of(wanted: Table) -> list[Words]:
    """Return what the slugs of a campaign mean."""
    options = tuple((o.field, o.slug, o.label) for o in wanted.options)
    statuses = tuple((s.slug, s.label, s.type) for s in wanted.statuses)
    return [
        Words("options", ("field", "slug", "label"), options),
        Words("statuses", ("slug", "label", "type"), statuses),
    ]


def _cell(kind: Kind, value: Any) -> Cell:
    """Read a cell as SQLite holds it."""
    if value is None:
        return None
    if kind is Kind.CHOICES:
        return msgspec.json.decode(value, type=list[str])
    if kind is Kind.BOOLEAN:
        return bool(value)
    if kind is Kind.DATA:
        return text_of(kind, value)
    cell: Cell = value
    return cell


def _pairs(path: Path) -> Iterator[tuple[int, int]]:
    """Read a sheet row by row: it may be larger than memory."""
    with zipfile.ZipFile(path) as book, book.open(_SHEET) as sheet:
        names: dict[str, str] = {}
        for _, row in ET.iterparse(sheet):  # noqa: S314 - expat takes no entities' bait
            if row.tag != f"{_CELL}row":
                continue
            cells = dict(map(_read, row))
            if not names:
                names = {text: place for place, text in cells.items()}
            elif not cells.get(names.get(REMOVED_AT, "")):
                yield int(cells[names["id"]]), int(cells[names["version"]])
            row.clear()


def _read(cell: ET.Element) -> tuple[str, str]:
    """Return the letters of a cell's column, and what it holds."""
    place = cell.attrib["r"].rstrip("0123456789")
    return place, "".join(cell.itertext())


def _changed(path: Path) -> ForeignDestination:
    return ForeignDestination(
        f"{path} is not as leadwell sync has written it",
        hint="somebody has changed it: delete it, and sync again",
    )
