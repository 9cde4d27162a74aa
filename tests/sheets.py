"""Workbooks and Parquet files read back, and compared with a CSV of the same leads."""

import csv
import io
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from python_calamine import CalamineWorkbook


def of_workbook(path: Path) -> list[list[Any]]:
    book = CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["leads", "options", "statuses"]
    return book.get_sheet_by_name("leads").to_python(skip_empty_area=False)


def of_parquet(path: Path) -> list[list[Any]]:
    with duckdb.connect() as opened:
        # A moment with a zone would need another package to be read in Python.
        opened.execute("SET TimeZone = 'UTC'")
        table = opened.read_parquet(str(path))
        moments = [
            f'"{name}"::TIMESTAMP AS "{name}"'
            for name, kind in zip(table.columns, table.types, strict=True)
            if str(kind) == "TIMESTAMP WITH TIME ZONE"
        ]
        shown = table.order("id").project(f"* REPLACE ({', '.join(moments)})")
        return [table.columns, *map(list, shown.fetchall())]


SHEETS: dict[str, Callable[[Path], list[list[Any]]]] = {
    "xlsx": of_workbook,
    "parquet": of_parquet,
}


def of_csv(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def plain(cells: Iterable[Any]) -> list[Any]:
    """Cells in one form, whatever file they were in; moments to the millisecond."""
    return [_plain(cell) for cell in cells]


def _plain(cell: Any) -> Any:
    known = _FORMS.get(type(cell), str)
    return known(cell)


def _moment(moment: datetime) -> str:
    if moment.microsecond < 1000 and f"{moment:%H%M%S}" == "000000":
        # In a workbook midnight is a date.
        return moment.date().isoformat()
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}"


def _text(text: str) -> str:
    if text.endswith("Z") and text[4:5] == "-":
        return _moment(datetime.fromisoformat(text))
    try:
        # A workbook holds 15 digits, and a lead's text may look like one.
        return f"{float(text):.12e}"
    except ValueError:
        return text


_FORMS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "",
    bool: lambda cell: str(cell).lower(),
    datetime: _moment,
    date: lambda cell: cell.isoformat(),
    list: ",".join,
    str: _text,
    int: lambda cell: _text(str(cell)),
    float: lambda cell: _text(str(cell)),
    Decimal: lambda cell: _text(str(cell)),
}
