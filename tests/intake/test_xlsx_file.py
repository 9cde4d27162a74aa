import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from leadwell.errors import UnreadableFile
from leadwell.intake.formats import workbook
from leadwell.intake.reading import open_rows
from leadwell.intake.source import BadRow, Row


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[..., Path]:
    """Write a workbook of rows, each starting in the first column."""

    def write(*rows: list[object], hidden_first: bool = False) -> Path:
        path = tmp_path / "leads.xlsx"
        book = xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"})
        if hidden_first:
            book.add_worksheet("Secret").hide()
        page = book.add_worksheet("Leads")
        page.activate()
        page.set_first_sheet()
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
        book.close()
        return path

    return write


def test_cells_keep_their_types(sheet: Callable[..., Path]) -> None:
    header = ["name", "age", "price", "member", "day", "none"]
    path = sheet(header, ["  Jane ", 41, 1.5, True, date(2024, 1, 2), None])
    (row,) = open_rows(path)
    assert isinstance(row, Row)
    assert list(row.cells.values()) == ["Jane", 41, 1.5, True, date(2024, 1, 2), None]
    assert type(row.cells["age"]) is int


def test_a_time_of_day_is_kept(sheet: Callable[..., Path], tmp_path: Path) -> None:
    path = tmp_path / "times.xlsx"
    options = {"default_date_format": "yyyy-mm-dd hh:mm", "remove_timezone": True}
    book = xlsxwriter.Workbook(path, options)
    page = book.add_worksheet()
    page.write_row(0, 0, ["at"])
    page.write_row(1, 0, [datetime(2024, 1, 2, 3, 4, tzinfo=UTC)])
    book.close()
    (row,) = open_rows(path)
    assert isinstance(row, Row)
    assert str(row.cells["at"]) == "2024-01-02 03:04:00"


def test_rows_are_numbered_as_in_the_sheet(sheet: Callable[..., Path]) -> None:
    source = open_rows(sheet([], ["a", "b"], [1, 2], [], [3, 4], hidden_first=True))
    assert source.columns == ("a", "b")
    assert [row.number for row in source] == [3, 5]
    assert source.position == source.size_bytes


def test_values_beyond_the_header_make_a_bad_row(sheet: Callable[..., Path]) -> None:
    bad, good = open_rows(sheet(["a", "b"], [1, 2, 3], [4]))
    assert isinstance(bad, BadRow)
    assert bad.problem == "has values beyond the 2 columns"
    assert good == Row(3, {"a": 4, "b": None})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "is empty"),
        ([["a", "b"]], "has a header but no rows"),
        ([["a", "", "c"], [1, 2, 3]], "no name in column 2"),
        ([["a", "a"], [1, 2]], "more than one a"),
    ],
)
def test_a_sheet_without_header_or_rows_is_refused(
    sheet: Callable[..., Path], rows: list[list[object]], message: str
) -> None:
    with pytest.raises(UnreadableFile, match=message):
        open_rows(sheet(*rows))


def test_a_sheet_too_large_to_hold_is_refused(
    sheet: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "UNPACKED_BYTES_MAX", 100)
    with pytest.raises(UnreadableFile, match="unpacks to") as caught:
        open_rows(sheet(["a"], [1]))
    assert "CSV" in caught.value.hint


def test_a_stray_cell_far_away_is_refused_before_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "stray.xlsx"
    book = xlsxwriter.Workbook(path)
    page = book.add_worksheet()
    page.write_row(0, 0, ["name", "age"])
    page.write(1_048_575, 16_383, "stray")
    book.close()
    with pytest.raises(UnreadableFile, match="row 1,048,576 and column 16,384"):
        open_rows(path)


@pytest.mark.parametrize("place", ["ZZZZ9", "B99999999", "A0x", "XFE2", "b2"])
def test_a_cell_outside_of_every_sheet_is_refused(
    healthy: Path, tmp_path: Path, place: str
) -> None:
    path = tmp_path / "outside.xlsx"
    with zipfile.ZipFile(healthy) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(b'r="B2"', f'r="{place}"'.encode())
            new.writestr(name, content)
    with pytest.raises(UnreadableFile, match="is a damaged workbook"):
        open_rows(path)


@pytest.mark.parametrize("tag", [b'<c\tr="', b"<c s='1' r = \"", b'<x:c r="'])
def test_a_far_cell_is_seen_however_its_tag_is_written(
    healthy: Path, tmp_path: Path, tag: bytes
) -> None:
    path = tmp_path / "odd.xlsx"
    with zipfile.ZipFile(healthy) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(b'<c r="B2', tag + b"XFD1048576")
            new.writestr(name, content)
    with pytest.raises(UnreadableFile, match="reaches to row 1,048,576"):
        open_rows(path)


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sheets") / "healthy.xlsx"
    book = xlsxwriter.Workbook(path)
    page = book.add_worksheet()
    page.write_row(0, 0, ["name", "age"])
    page.write_row(1, 0, ["Jane", 41])
    book.close()
    return path


@given(cut=st.integers(30, 5000), at=st.integers(0, 5000), byte=st.integers(0, 255))
def test_a_damaged_workbook_is_refused_or_read(
    healthy: Path, cut: int, at: int, byte: int
) -> None:
    content = bytearray(healthy.read_bytes())
    content[at % len(content)] = byte
    damaged = healthy.with_name("damaged.xlsx")
    for kept in (bytes(content), bytes(content[:cut])):
        damaged.write_bytes(kept)
        with suppress(UnreadableFile):
            list(open_rows(damaged))
