from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwell.intake.source import Cell
from leadwell.intake.spelling import Json, parse_cell, wire_value

NUMBERS = [
    ("12", False, 12),
    ("-1", False, -1),
    ("1234.50", False, 1234.5),
    ("1,234.50", False, 1234.5),
    ("1,234", False, 1234),
    ("1e-05", False, 1e-05),
    ("1.234,50", True, 1234.5),
    ("1.234", True, 1234),
    ("12,5", True, 12.5),
    ("0,5", True, 0.5),
]


@pytest.mark.parametrize(("text", "comma", "value"), NUMBERS)
def test_a_number_is_read_as_its_file_writes_it(
    text: str, comma: bool, value: float
) -> None:
    read = parse_cell("number", text, comma)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "comma", "value"),
    [("1.234,50", True, "1234.50"), ("1e3", False, "1000"), ("-0.10", False, "-0.10")],
)
def test_a_decimal_keeps_its_digits(text: str, comma: bool, value: str) -> None:
    assert parse_cell("decimal", text, comma) == value


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("boolean", "Yes", True),
        ("boolean", "ja", True),
        ("boolean", "1", True),
        ("boolean", "NEJ", False),
        ("boolean", "false", False),
        ("date", "2024-03-31", "2024-03-31"),
        ("date", "31-03-2024", "2024-03-31"),
        ("date", "1/3/2024", "2024-03-01"),
        ("date", "31.03.2024", "2024-03-31"),
        ("datetime", "2024-03-31T10:00:00+02:00", "2024-03-31T10:00:00+02:00"),
        ("datetime", "2024-03-31 10:00", "2024-03-31T10:00:00Z"),
        ("datetime", "31-03-2024 9:05:01", "2024-03-31T09:05:01Z"),
        ("datetime", "2026-11-20T08:00:00.000000Z", "2026-11-20T08:00:00Z"),
        ("datetime", "2026-11-20T08:00:00.123456Z", "2026-11-20T08:00:00.123456Z"),
        ("multi_select", "red; blue", ["red", "blue"]),
        ("multi_select", '["red"]', ["red"]),
        ("json", '{"a": 1}', {"a": 1}),
        ("select", "Blue collar", "Blue collar"),
        ("text", "1.234,50", "1.234,50"),
        ("email", "Jane@example.com", "Jane@example.com"),
    ],
)
def test_a_value_is_spelled_as_on_the_wire(
    type_name: str, text: str, value: Json
) -> None:
    assert parse_cell(type_name, text, decimal_comma=False) == value


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        ("number", "abc"),
        ("number", "1,5"),
        ("number", "1.234,50"),
        ("number", "007"),
        ("number", "12 kr"),
        ("number", "1e308"),
        ("number", "٣"),
        ("decimal", "n/a"),
        ("boolean", "maybe"),
        ("date", "2024-02-30"),
        ("date", "31-13-2024"),
        ("date", "03/25/2024"),
        ("datetime", "2024-02-01"),
        ("datetime", "2024-02-01 25:00"),
        ("json", "{"),
        ("json", "[" * 100_000),
    ],
)
def test_what_is_no_value_of_the_type_comes_back_unchanged(
    type_name: str, text: str
) -> None:
    assert parse_cell(type_name, text, decimal_comma=False) == text


@given(
    st.sampled_from(["number", "decimal", "boolean", "date", "datetime", "json"]),
    st.text() | st.from_regex(r"[-+]?[0-9.,eE/: T+-]{1,24}", fullmatch=True),
    st.booleans(),
)
def test_no_text_is_too_odd_to_be_spelled(
    type_name: str, text: str, comma: bool
) -> None:
    parse_cell(type_name, text, comma)


@given(st.integers(-(10**14), 10**14), st.booleans())
def test_a_number_with_thousands_is_the_number(value: int, comma: bool) -> None:
    text = f"{value:,}".replace(",", "." if comma else ",")
    assert parse_cell("number", text, comma) == value


@pytest.mark.parametrize(
    ("type_name", "cell", "value"),
    [
        ("number", 7, 7),
        ("number", 1.5, 1.5),
        ("decimal", 1.5, "1.5"),
        ("text", 7, "7"),
        ("text", True, "true"),
        ("boolean", True, True),
        ("boolean", 1, True),
        ("date", date(2024, 1, 2), "2024-01-02"),
        ("datetime", datetime(2024, 1, 2, 3, 4, tzinfo=UTC), "2024-01-02T03:04:00Z"),
        ("datetime", date(2024, 1, 2), "2024-01-02"),
        ("json", {"a": 1}, {"a": 1}),
        ("text", None, None),
    ],
)
def test_a_typed_cell_is_spelled_as_on_the_wire(
    type_name: str, cell: Cell, value: Json
) -> None:
    assert wire_value(type_name, cell, decimal_comma=True) == value
