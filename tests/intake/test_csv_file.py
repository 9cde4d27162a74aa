import csv
import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwell.errors import UnreadableFile
from leadwell.intake.formats.records import (
    FIELD_CHARS_MAX,
    LINE_CHARS_MAX,
    RECORD_CHARS_MAX,
)
from leadwell.intake.reading import open_rows
from leadwell.intake.source import BadRow, Row
from tests.effort import REPEATS, examples

Written = Callable[..., Path]

_LATIN = st.characters(codec="cp1252", exclude_categories=["Cc"])
_FIELD = st.text(_LATIN | st.sampled_from('",;|\t\n'), max_size=12).map(str.strip)
_TABLES = st.integers(2, 5).flatmap(
    lambda width: st.lists(
        st.lists(_FIELD, min_size=width, max_size=width).filter(any),
        min_size=1,
        max_size=8,
    )
)


@given(
    table=_TABLES,
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    # With a lone \r as line end, the writer leaves \n in a cell without quotes.
    written_as=st.sampled_from(
        [
            ("\n", csv.QUOTE_MINIMAL),
            ("\r\n", csv.QUOTE_MINIMAL),
            ("\r\n", csv.QUOTE_ALL),
            ("\r", csv.QUOTE_ALL),
        ]
    ),
)
def test_any_table_is_read_back_as_it_was_written(
    table: list[list[str]], delimiter: str, encoding: str, written_as: tuple[str, int]
) -> None:
    header = tuple(f"column {place}" for place in range(len(table[0])))
    text = io.StringIO(newline="")
    end, quoting = written_as
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([header, *table])
    with TemporaryDirectory() as directory:
        path = Path(directory) / "table.csv"
        path.write_bytes(text.getvalue().encode(encoding))
        source = open_rows(path, delimiter=delimiter)
        read = [[cell or "" for cell in row.cells.values()] for row in source]
    assert source.columns == header
    assert read == table


@REPEATS
@examples(30)
@given(table=st.data(), delimiter=st.sampled_from(",;\t|"))
def test_the_delimiter_of_plain_tables_is_never_mistaken(
    table: st.DataObject, delimiter: str
) -> None:
    words = st.from_regex(r"[a-zæøå]{1,8}( [0-9]{1,3}([.,][0-9]{2})?)?", fullmatch=True)
    rows = table.draw(
        st.integers(2, 6).flatmap(
            lambda width: st.lists(
                st.lists(words, min_size=width, max_size=width), min_size=1
            )
        )
    )
    header = tuple(f"c{place}" for place in range(len(rows[0])))
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    with TemporaryDirectory() as directory:
        path = Path(directory) / "table.csv"
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
        source = open_rows(path)
        assert source.columns == header
        assert [list(row.cells.values()) for row in source] == rows


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_whatever_the_bytes_the_file_is_read_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as directory:
        for name in ("any.csv", "any.ndjson", "any.json", "any.xlsx"):
            path = Path(directory) / name
            path.write_bytes(content)
            with suppress(UnreadableFile):
                list(open_rows(path))


def _rows(path: Path) -> list[Row | BadRow]:
    return list(open_rows(path))


def test_cells_lose_their_outer_white_space_and_empty_ones_are_none(
    written: Written,
) -> None:
    (row,) = _rows(written("a,b,c\n  x , ,\u00a0\n"))
    assert row == Row(2, {"a": "x", "b": None, "c": None})


def test_a_row_is_numbered_by_the_line_it_starts_on(written: Written) -> None:
    rows = _rows(written('a,b\n1,"x\ny"\n\n2,z\n'))
    assert [row.number for row in rows] == [2, 5]


def test_a_row_without_values_is_passed_over(written: Written) -> None:
    assert [row.number for row in _rows(written("a,b\n,\n1,2\n,,,\n"))] == [3]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1", "has 1 cells, the header has 2"),
        ("1,2,3", "has 3 cells, the header has 2"),
        ("1,\0", "holds a NUL byte"),
        ('1,"x', "has a quote that is never closed"),
        ('1,"x"y', "has text after a closing quote"),
        ("1," + "x" * (FIELD_CHARS_MAX + 1), "has a field longer than"),
        ("1" * LINE_CHARS_MAX * 2 + "3,4", "is longer than"),
    ],
)
def test_a_bad_row_costs_itself_only(written: Written, line: str, problem: str) -> None:
    first, bad, last = _rows(written(f"a,b\n1,2\n{line}\n5,6\n"))
    assert isinstance(bad, BadRow)
    assert bad.number == 3
    assert bad.problem.startswith(problem)
    assert sum(map(len, bad.raw)) < 500
    assert first == Row(2, {"a": "1", "b": "2"})
    assert last == Row(4, {"a": "5", "b": "6"})


def test_quotes_that_leave_every_line_open_are_given_up_in_bounded_memory(
    written: Written,
) -> None:
    # Each line closes the quote before it and opens one: a record without end.
    line = 'a",",' + "x" * 60_000 + "\n"
    rows = _rows(written("a,b\n" + line * (RECORD_CHARS_MAX // len(line) + 5)))
    assert isinstance(rows[0], BadRow)
    assert rows[0].problem == "has a quote that is never closed"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("a,,c,\n1,2,3,4\n", "no name in column 2, 4", "name every column"),
        ("a,b,a\n1,2,3\n", "more than one a", "name of its own"),
        ("1,2024-01-02,x@example.com\n", "holds values, not names", "header row"),
        ("a,b\n", "has a header but no rows", "at least one row"),
        ("a,b\n,\n", "has a header but no rows", "at least one row"),
        ('"a,b\n1,2\n', "header of leads.csv has a quote", "first row"),
        ("\n\n", "leads.csv is empty", "header row"),
        (b"\xef\xbb\xbf", "leads.csv is empty", "header row"),
        ("", "leads.csv is empty", "header row"),
    ],
)
def test_a_file_without_header_or_rows_is_refused(
    written: Written, text: str, message: str, hint: str
) -> None:
    with pytest.raises(UnreadableFile, match=message) as caught:
        open_rows(written(text))
    assert hint in caught.value.hint


def test_the_position_grows_to_the_size(written: Written) -> None:
    source = open_rows(written("a,b\n" + "1,2\n" * 50_000))
    positions = [source.position for _ in source]
    assert positions == sorted(positions)
    assert positions[0] < source.size_bytes
    assert source.position == source.size_bytes


def test_a_source_starts_anew_each_time(written: Written) -> None:
    source = open_rows(written("a\n1\n2\n"))
    assert list(source) == list(source)
