"""A workbook for Excel: numbers, dates and booleans are what they are, text is text.

What strangers have written stays text: no formula, no link, no number.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] - there are none
import xlsxwriter.exceptions  # pyright: ignore[reportMissingTypeStubs] - the same

from leadwell.errors import TooMany
from leadwell.sheets.table import Cell, Column, Kind, Row, Words

LEADS_MAX = 2**20 - 1
"""Excel's rows, less the one of the names."""
COLUMNS_MAX = 2**14
CHARACTERS_MAX = 32_767
"""Of a cell, counted as Excel does, in UTF-16."""
CUT = "… [cut here: Excel takes no longer text]"
_EXACT_DIGITS_MAX = 15
"""What a number of Excel holds exactly."""
_EPOCH = date(1899, 12, 30).toordinal()
_FIRST = date(1900, 3, 1).toordinal() - _EPOCH
"""Before this day Excel's calendar is wrong."""
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "use_zip64": True,
}
_HINT = "csv-excel, csv, ndjson and parquet hold any number; or take fewer leads"


class Workbook:
    """A workbook with one sheet of leads, and sheets that say what slugs mean."""

    def __init__(
        self, path: Path, columns: Sequence[Column], words: Sequence[Words] = ()
    ) -> None:
        """Begin it.

        Raises:
            TooMany: it has no room for so many columns.
        """
        if len(columns) > COLUMNS_MAX:
            raise TooMany(
                f"a sheet has at most {COLUMNS_MAX:,} columns, not {len(columns):,}",
                hint="csv, ndjson and parquet hold more; or take fewer fields",
            )
        self._book: Any = xlsxwriter.Workbook(
            str(path), {**_OPTIONS, "tmpdir": str(path.parent)}
        )
        head = self._book.add_format({"bold": True})
        self._formats = {
            Kind.DATE: self._book.add_format({"num_format": "yyyy-mm-dd"}),
            Kind.MOMENT: self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        self._kinds = [column.kind for column in columns]
        self._sheet = self._added("leads", [each.name for each in columns], head)
        self._words = words
        self._head = head
        self._rows = 0

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows behind those that are there.

        Raises:
            TooMany: there are more than it holds.
        """
        for row in rows:
            self._rows += 1
            refuse_beyond(self._rows)
            cells = zip(self._kinds, row, strict=True)
            for place, (kind, cell) in enumerate(cells):
                if cell is not None:
                    self._write(self._rows, place, kind, cell)

    def close(self) -> None:
        """Write what slugs mean, and finish the file."""
        for each in self._words:
            sheet = self._added(each.name, each.columns, self._head)
            for number, row in enumerate(each.rows[:LEADS_MAX], start=1):
                for place, text in enumerate(row):
                    _write_text(sheet, number, place, text)
        try:
            self._book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise error.args[0] from None

    def discard(self) -> None:
        """Let go of what stands on the disk."""
        for sheet in self._book.worksheets():
            with suppress(OSError):
                sheet._opt_close()  # noqa: SLF001 - the library has no other word for it
        self._book.fileclosed = True

    def _added(self, name: str, columns: Sequence[str], head: object) -> Any:
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        if columns:
            sheet.set_column(0, len(columns) - 1, 16)
        for place, each in enumerate(columns):
            sheet.write_string(0, place, each, head)
        return sheet

    def _write(self, row: int, place: int, kind: Kind, cell: Any) -> None:
        value = _READ[kind](cell) if kind in _READ else cell
        if isinstance(value, bool):
            self._sheet.write_boolean(row, place, value)
        elif isinstance(value, str):
            _write_text(self._sheet, row, place, value)
        else:
            self._sheet.write_number(row, place, value, self._formats.get(kind))


def refuse_beyond(leads: int) -> None:
    """Check that a sheet holds so many leads.

    Raises:
        TooMany: it does not.
    """
    if leads > LEADS_MAX:
        raise TooMany(f"a sheet of Excel holds at most {LEADS_MAX:,} leads", hint=_HINT)


def _write_text(sheet: Any, row: int, place: int, text: str) -> None:
    shown = _fitting(text)
    if shown.startswith("<r>") and shown.endswith("</r>"):
        # The library takes it for marked-up text that is its own. In pieces it
        # is marked up in truth, and every character of it arrives.
        sheet.write_rich_string(row, place, shown[:1], shown[1:2], shown[2:])
    elif shown:
        sheet.write_string(row, place, shown)


def _fitting(text: str) -> str:
    """Cut a text that is longer than a cell, and say so in it."""
    if len(text) * 2 <= CHARACTERS_MAX:
        return text
    units = text.encode("utf-16-le", "replace")
    if len(units) <= CHARACTERS_MAX * 2:
        return text
    kept = units[: (CHARACTERS_MAX - len(CUT)) * 2]
    return kept.decode("utf-16-le", "ignore") + CUT


def _decimal(text: str) -> Cell:
    digits = text.replace(".", "").strip("-").lstrip("0")
    return float(text) if len(digits) <= _EXACT_DIGITS_MAX else text


def _whole(number: int | float) -> Cell:
    # As digits, where a double would be another number.
    is_exact = not isinstance(number, int) or abs(number) <= 2**53
    return number if is_exact else str(number)


def _date(text: str) -> Cell:
    days = date.fromisoformat(text).toordinal() - _EPOCH
    return days if days >= _FIRST else text


def _moment(text: str) -> Cell:
    moment = datetime.fromisoformat(text).astimezone(UTC)
    days = moment.toordinal() - _EPOCH
    # Excel's clock has milliseconds; cut, so that no moment is later than it was.
    seconds = (
        moment.hour * 3600
        + moment.minute * 60
        + moment.second
        + (moment.microsecond // 1000 / 1000)
    )
    return days + seconds / 86_400 if days >= _FIRST else text


_READ: Mapping[Kind, Callable[[Any], Cell]] = {
    Kind.WHOLE: _whole,
    Kind.NUMBER: _whole,
    Kind.DECIMAL: _decimal,
    Kind.DATE: _date,
    Kind.MOMENT: _moment,
    Kind.CHOICES: ",".join,
}
