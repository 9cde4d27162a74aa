from collections.abc import Callable
from pathlib import Path

import pytest

from leadwell.errors import UnreadableFile
from leadwell.intake.reading import open_rows
from leadwell.intake.sniff import SAMPLE_BYTES, sniff

Written = Callable[..., Path]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("navn\nSøren".encode(), "utf-8"),
        ("navn\nSøren".encode("utf-8-sig"), "utf-8-sig"),
        ("navn\nSøren".encode("utf-16"), "utf-16"),
        ("navn\nSøren".encode("cp1252"), "cp1252"),
        (b"name\nPlain", "utf-8"),
    ],
)
def test_the_encoding_is_told_by_the_mark_or_by_what_fits(
    written: Written, content: bytes, encoding: str
) -> None:
    assert sniff(written(content)).encoding == encoding


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("a\tb\n1,5\t2;5\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ("navn, by;alder\nJensen, Aarhus;40\nHansen, Vejle;50\n", ";"),
        ('a,b\n"x;y;z",1\n"x;y;z",2\n', ","),
        ('a,b\n"line\nline;line",2\n"x\ny;z",2\n', ","),
        ("a;b;c\n1,1;2,2;3,3\n4,4;5,5;6,6\n7\n", ";"),
        ("id,name (last; first),age\n1,Doe; Jane,3\n2,Roe; Jim,4\n", ","),
        ("beløb, kr;moms, kr;sum, kr\n1,5;2,5;3,5\n1,5;2,5;3,5\n", ";"),
        ("name\nJane\n", ","),
    ],
)
def test_the_delimiter_is_the_one_that_makes_a_table(
    written: Written, text: str, delimiter: str
) -> None:
    assert sniff(written(text)).delimiter == delimiter


@pytest.mark.parametrize(
    ("text", "comma"),
    [
        ("a;b\n1.234,50;x\n", True),
        ("a;b\n12,5;x\n", True),
        ("a;b\n12.5;x\n", False),
        ("a;b\n1,234.50;x\n", False),
        ("a,b\n12,5\n", False),
        ("a;b\n1;2\n", False),
    ],
)
def test_a_decimal_comma_is_seen_where_commas_do_not_delimit(
    written: Written, text: str, comma: bool
) -> None:
    assert sniff(written(text)).decimal_comma is comma


def test_the_separator_line_of_excel_names_the_delimiter(written: Written) -> None:
    source = open_rows(written("sep=;\r\na;b\r\n1,0;2\r\n"))
    assert source.columns == ("a", "b")
    assert [row.number for row in source] == [3]


def test_what_the_caller_names_is_taken_as_given(written: Written) -> None:
    path = written("a;b,c\nø;1,2\n".encode("latin-1"))
    found = sniff(path, encoding="latin-1", delimiter=",")
    assert (found.encoding, found.delimiter) == ("iso8859-1", ",")


@pytest.mark.parametrize("name", ["klingon", "rot13", "base64"])
def test_an_unknown_encoding_is_refused_with_known_ones(
    written: Written, name: str
) -> None:
    with pytest.raises(UnreadableFile, match=name) as caught:
        sniff(written("a\n1"), encoding=name)
    assert "utf-8" in caught.value.hint


@pytest.mark.parametrize("delimiter", ["ab", '"', "\n"])
def test_what_cannot_delimit_is_refused(written: Written, delimiter: str) -> None:
    with pytest.raises(UnreadableFile, match="cannot be a delimiter"):
        sniff(written("a\n1"), delimiter=delimiter)


def test_a_character_cut_by_the_end_of_the_sample_is_no_wrong_byte(
    written: Written,
) -> None:
    filler = "x" * (SAMPLE_BYTES - len("name\n") - 1)
    assert sniff(written(f"name\n{filler}ø\nJane\n")).encoding == "utf-8"


@pytest.mark.parametrize("rows", [30_000, 20_000])
def test_a_late_wrong_byte_is_named_with_its_line(written: Written, rows: int) -> None:
    row = b"J" + b"a" * 66 + b",1\n"
    path = written(b"name,x\n" + row * rows + b"S\xf8ren,1\nJane,1\n")
    with pytest.raises(UnreadableFile) as caught:
        list(open_rows(path))
    assert f"byte 0xf8 on line {rows + 2} (byte {70 * rows + 9} of" in str(caught.value)
    assert "--encoding cp1252" in caught.value.hint
    assert sum(1 for _ in open_rows(path, encoding="cp1252")) == rows + 2


def test_a_wrong_byte_of_a_named_encoding_is_found_too(written: Written) -> None:
    with pytest.raises(UnreadableFile, match="byte 0xf8 on line 2"):
        open_rows(written(b"a\n\xf8\n"), encoding="utf-8")
