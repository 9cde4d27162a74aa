import os
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from leadwell.errors import UnreadableFile
from leadwell.intake.reading import open_rows
from leadwell.intake.source import Row

Written = Callable[..., Path]

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "is a PNG image"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"\x1f\x8b\x08", "is a gzip archive"),
        (bytes(range(256)) * 4, "holds binary data"),
        ("a,b\n1,2\n".encode("utf-16-le"), "holds binary data"),
        (b"PK\x03\x04" + bytes(40), "is a damaged workbook or archive"),
        (OLE, "in the old XLS format"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
    ],
)
@pytest.mark.parametrize("name", ["leads.csv", "leads.xlsx", "leads", "leads.json"])
def test_a_binary_file_is_refused_by_what_it_is(
    written: Written, content: bytes, message: str, name: str
) -> None:
    with pytest.raises(UnreadableFile, match=message) as caught:
        open_rows(written(content, name))
    assert caught.value.hint


def test_a_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE lead (id)")
    with pytest.raises(UnreadableFile, match="is an SQLite database"):
        open_rows(path)


def test_an_archive_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "leads.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("leads.csv", "a,b\n1,2\n")
    with pytest.raises(UnreadableFile, match="is a zip archive") as caught:
        open_rows(path)
    assert "unpack" in caught.value.hint


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="is a directory"):
        open_rows(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UnreadableFile, match="is a pipe"):
        open_rows(tmp_path / "pipe.csv")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="does not exist"):
        open_rows(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "name,age\nJane,4\n"),
        ("a.tsv", "name\tage\nJane\t4\n"),
        ("a.txt", "name|age\nJane|4\n"),
        ("a.ndjson", '{"name": "Jane", "age": "4"}\n'),
        ("a.jsonl", '{"name": "Jane", "age": "4"}'),
        ("a.json", '[{"name": "Jane", "age": "4"}]'),
        ("a.json", '{"name": "Jane", "age": "4"}\n'),
        ("a.txt", '{"name": "Jane", "age": "4"}\n'),
        ("export", "PK;name;age\n;Jane;4\n"),
    ],
)
def test_the_format_is_told_by_content_and_name(
    written: Written, name: str, text: str
) -> None:
    (row,) = open_rows(written(text, name))
    assert isinstance(row, Row)
    assert {"name": "Jane", "age": "4"}.items() <= row.cells.items()


def test_utf_16_without_a_mark_is_read_when_named(written: Written) -> None:
    path = written("a,b\n1,ø\n".encode("utf-16-le"))
    (row,) = open_rows(path, encoding="utf-16-le")
    assert row == Row(2, {"a": "1", "b": "ø"})


def test_a_delimiter_for_json_is_refused(written: Written) -> None:
    with pytest.raises(UnreadableFile, match="no delimiter"):
        open_rows(written('{"a": 1}', "a.ndjson"), delimiter=";")
