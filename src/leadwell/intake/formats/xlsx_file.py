"""The first sheet of an XLSX workbook as a source of rows."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TypeAlias

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from leadwell.errors import UnreadableFile
from leadwell.intake.formats import workbook
from leadwell.intake.formats.csv_file import checked_header
from leadwell.intake.source import BadRow, Cell, Row

_Held: TypeAlias = int | float | str | bool | time | date | datetime | timedelta


class XlsxFile:
    """Rows of the first visible sheet that holds any, below its first filled row.

    The sheet is held in memory as long as this object lives. A cell whose formula
    failed (`#N/A`) is an empty cell.
    """

    decimal_comma = False

    def __init__(self, path: Path) -> None:
        """Read the sheet, its header, and make sure that a row follows.

        Raises:
            UnreadableFile: damaged, too large, or without header or rows.
        """
        self.position = 0
        self.size_bytes = path.stat().st_size
        self.lead_columns: frozenset[str] = frozenset()
        self._sheet = _first_sheet(path)
        header = next(self._filled(), None)
        if header is None:
            raise UnreadableFile(
                f"{path.name} is empty", hint="the first sheet needs a header and rows"
            )
        self._header_row = header[0]
        # Columns that were emptied may stand to the right: they have no name.
        names = [str(_cell(held) or "") for held in header[1]]
        while not names[-1]:
            names.pop()
        self.columns = checked_header(names, path.name)
        if next(iter(self), None) is None:
            raise UnreadableFile(
                f"{path.name} has a header but no rows",
                hint="put at least one row below the header of the first sheet",
            )
        self.position = 0

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Read the rows from the first; `position` is scaled from rows to bytes."""
        rows = self._sheet.total_height + 1
        for number, held in self._filled():
            if number > self._header_row:
                self.position = self.size_bytes * number // rows
                yield self._row(number, [_cell(value) for value in held])
        self.position = self.size_bytes

    def _filled(self) -> Iterator[tuple[int, list[_Held]]]:
        for number, held in enumerate(self._sheet.iter_rows(), 1):
            if any(value != "" for value in held):
                yield number, held

    def _row(self, number: int, cells: list[Cell]) -> Row | BadRow:
        width = len(self.columns)
        beyond = cells[width:]
        if any(cell is not None for cell in beyond):
            shown = tuple("" if cell is None else str(cell)[:200] for cell in cells)
            return BadRow(number, f"has values beyond the {width} columns", shown)
        if any(isinstance(cell, str) and "\0" in cell for cell in cells):
            return BadRow(number, "holds a NUL", tuple(str(cell) for cell in cells))
        return Row(number, dict(zip(self.columns, cells, strict=False)))


def _first_sheet(path: Path) -> CalamineSheet:
    workbook.check(path)
    try:
        # The library's stub leaves the type of the path open.
        book = CalamineWorkbook.from_path(path)  # pyright: ignore[reportUnknownMemberType]
        sheets = _visible(book)
        first = next(sheets, None)
        # One at a time: an empty sheet is let go before the next is held.
        while first is not None and first.end is None:
            first = next(sheets, None)
    except CalamineError as error:
        raise workbook.damaged(path, str(error)) from None
    if first is None:
        raise UnreadableFile(
            f"{path.name} is empty",
            hint="a visible sheet needs a header and at least one row below it",
        )
    return first


def _visible(book: CalamineWorkbook) -> Iterator[CalamineSheet]:
    for sheet in book.sheets_metadata:
        visible = sheet.visible is SheetVisibleEnum.Visible
        if visible and sheet.typ is SheetTypeEnum.WorkSheet:
            yield book.get_sheet_by_name(sheet.name)


def _cell(held: _Held) -> Cell:
    if isinstance(held, str):
        return held.strip() or None
    if isinstance(held, float) and held.is_integer() and abs(held) < 2**53:
        # A sheet knows one kind of number; 7.0 is how it holds a 7.
        return int(held)
    if isinstance(held, time):
        return held.isoformat()
    if isinstance(held, timedelta):
        return str(held)
    return held
