import json
from collections.abc import Callable
from pathlib import Path

import pytest

from leadwell.errors import UnreadableFile
from leadwell.intake.formats import ndjson_file
from leadwell.intake.reading import open_rows
from leadwell.intake.source import BadRow, Row

Written = Callable[..., Path]

LEAD = {
    "id": 9812,
    "status": {"slug": "new", "label": "New"},
    "fields": {
        "name": "Jane Doe",
        "type": {"slug": "commercial", "label": "Commercial"},
        "tags": [{"slug": "a", "label": "A"}],
        "budget": 1200.5,
        "note": None,
    },
    "assigned_person": {"id": 17, "name": "Sales One"},
    "created_at": "2026-11-20T08:00:00.000000Z",
    "metadata": {"campaign_id": 362, "version": 7, "external_id": "crm-77"},
}


def test_columns_are_the_keys_of_all_lines(written: Written) -> None:
    source = open_rows(written('{"a": 1}\n\n{"b": [1], "a": ""}\n', "x.ndjson"))
    assert source.columns == ("a", "b")
    assert list(source) == [
        Row(1, {"a": 1, "b": None}),
        Row(3, {"a": None, "b": [1]}),
    ]


@pytest.mark.parametrize("suffix", ["ndjson", "json"])
def test_a_lead_of_the_hub_is_made_flat(written: Written, suffix: str) -> None:
    text = json.dumps(LEAD if suffix == "ndjson" else [LEAD])
    source = open_rows(written(text, f"x.{suffix}"))
    assert source.lead_columns == {"status", "external_id", "created_at"}
    (row,) = source
    assert isinstance(row, Row)
    assert row.cells == {
        "status": "new",
        "external_id": "crm-77",
        "created_at": "2026-11-20T08:00:00.000000Z",
        "name": "Jane Doe",
        "type": "commercial",
        "tags": ["a"],
        "budget": 1200.5,
        "note": None,
    }


def test_a_status_given_as_a_slug_is_taken_too(written: Written) -> None:
    (row,) = open_rows(written('{"status": "won", "fields": {"a": 1}}', "x.ndjson"))
    assert isinstance(row, Row)
    assert row.cells["status"] == "won"


def test_a_field_called_like_a_property_of_the_lead_keeps_apart(
    written: Written,
) -> None:
    text = '{"external_id": "7", "fields": {"external_id": "x"}}'
    (row,) = open_rows(written(text, "x.ndjson"))
    assert isinstance(row, Row)
    assert row.cells["external_id"] == "7"
    assert row.cells["field.external_id"] == "x"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"a": 1', "is not valid JSON"),
        ('{"a": 1} {"a": 2}', "is not valid JSON: more follows"),
        ('{"a": 1, "a": 2}', "has the key a twice"),
        ('{"a": {"b": 1, "b": 2}}', "has the key b twice"),
        ("[1]", "holds a list, not an object"),
        ("null", "holds null, not an object"),
        ("true", "holds a boolean, not an object"),
        ('{"a": NaN}', "holds NaN, which is not JSON"),
        ('{"a": 1e999}', "holds the number 1e999"),
        ('{"a": 9223372036854775808}', "holds the number 92233720"),
        ('{"a": ' + "9" * 5000 + "}", "holds the number 999"),
        ('{"a": ' + "[" * 40 + "]" * 40 + "}", "is nested deeper than 32"),
        ('{"a": ' + "[" * 90_000 + "]" * 90_000 + "}", "is nested deeper than 32"),
        (r'{"a": "\u0000"}', "holds a NUL"),
        (r'{"a": "\ud800"}', "holds half a character"),
    ],
)
def test_a_bad_line_costs_itself_only(
    written: Written, line: str, problem: str
) -> None:
    text = f'{{"a": 1}}\n{line}\n{{"a": 3}}\n'
    first, bad, last = open_rows(written(text, "x.ndjson"))
    assert isinstance(bad, BadRow)
    assert (bad.number, bad.problem[: len(problem)]) == (2, problem)
    assert (first, last) == (Row(1, {"a": 1}), Row(3, {"a": 3}))


def test_text_that_only_looks_like_an_escaped_nul_is_kept(written: Written) -> None:
    (row,) = open_rows(written(r'{"a": "\\u0000 \u00e6"}', "x.ndjson"))
    assert row == Row(1, {"a": r"\u0000 æ"})


def test_a_line_that_is_too_long_is_a_bad_row(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ndjson_file, "LINE_CHARS_MAX", 20)
    text = '{"a": 1}\n{"a": "' + "x" * 70 + '"}\n{"a": 3}\n'
    numbers = [(r.number, type(r)) for r in open_rows(written(text, "x.ndjson"))]
    assert numbers == [(1, Row), (2, BadRow), (3, Row)]


def test_a_key_after_the_scanned_lines_of_a_large_file_is_a_bad_row(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ndjson_file, "SCANNED_BYTES_MAX", 10)
    monkeypatch.setattr(ndjson_file, "SCANNED_LINES", 2)
    rows = list(open_rows(written('{"a": 1}\n' * 2 + '{"z": 1}\n', "x.ndjson")))
    assert isinstance(rows[2], BadRow)
    assert rows[2].problem == "has keys that the first 2 lines lack: z"


@pytest.mark.parametrize("text", ["1\n2\n", "{}\n", "nonsense\n"])
def test_a_file_without_objects_is_refused(written: Written, text: str) -> None:
    with pytest.raises(UnreadableFile, match="holds no JSON object"):
        open_rows(written(text, "x.ndjson"))


def test_a_wrong_byte_is_named_with_its_line(written: Written) -> None:
    with pytest.raises(UnreadableFile, match="byte 0xf8 on line 2"):
        open_rows(written(b'{"a": 1}\n{"a": "\xf8"}\n', "x.ndjson"))


def test_a_byte_order_mark_is_no_part_of_the_first_line(written: Written) -> None:
    (row,) = open_rows(written('{"a": "ø"}'.encode("utf-16"), "x.ndjson"))
    assert row == Row(1, {"a": "ø"})


def test_a_list_is_numbered_by_lines(written: Written) -> None:
    text = '[\n  {"a": 1},\n  3,\n  {\n    "a": 2\n  }\n]\n'
    rows = list(open_rows(written(text, "x.json")))
    assert rows[::2] == [Row(2, {"a": 1}), Row(4, {"a": 2})]
    assert rows[1] == BadRow(3, "holds a number, not an object", ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1}', "ends within its list, after line 1"),
        ('[{"a": 1},\n{"a" 2}]', "line 2: the object is not valid JSON"),
        ("[]", "holds no JSON object"),
    ],
)
def test_a_broken_list_is_refused(written: Written, text: str, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        list(open_rows(written(text, "x.json")))
