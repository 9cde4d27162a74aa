import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from leadwell.errors import UnreadableFile
from leadwell.intake.inferring import field_slugs, infer, label_of
from leadwell.intake.reading import open_rows
from leadwell.intake.source import Row, Source
from leadwell.intake.spelling import wire_value

Written = Callable[..., Path]


def inferred(path: Path, **wishes: Any) -> dict[str, Any]:
    return infer(lambda: open_rows(path), name="Test", account="demo", **wishes)


@pytest.fixture
def type_of(written: Written) -> Callable[..., str]:
    """Infer the type of one column of text."""

    def infer_one(values: Iterable[object], header: str = "x") -> str:
        lines = [f'"{value}";1' for value in values]
        path = written("\n".join([f"{header};beside", *lines]))
        return str(inferred(path)["fields"][0]["type"])

    return infer_one


@pytest.mark.parametrize(
    ("values", "type_name"),
    [
        (["yes", "no"] * 3, "boolean"),
        (["Ja", "Nej"] * 3, "boolean"),
        (["TRUE", "FALSE"], "boolean"),
        (["no"] * 5, "boolean"),
        ([0, 1] * 10, "boolean"),
        ([0, 1] * 3, "number"),
        ([0, 1, 2] * 10, "number"),
        ([1] * 30, "number"),
        (["yes", "1"] * 5, "select"),
        (["yes", "no", "unknown"] * 5, "select"),
        (range(500), "number"),
        (["1.5", "-2", "3e-05"], "number"),
        (["1.234,50", "12,5"], "number"),
        (["007", "008"], "text"),
        (["1234567890123456", "6543210987654321"], "text"),
        (["2024-01-31", "2024-02-01"], "date"),
        (["31-01-2024", "01-02-2024"], "date"),
        (["31/01/2024", "01/02/2024"], "date"),
        (["01/02/2024", "03/04/2024"], "text"),
        (["01/02/2024 10:00", "03/04/2024 11:00"], "text"),
        (["01/31/2024", "02/01/2024"], "text"),
        (["2024-02-30", "2024-02-01"], "text"),
        (["2024-01-31T10:00:00Z", "2024-01-31 10:00"], "datetime"),
        ([f"jane{n}@example.com" for n in range(100)], "email"),
        ([*(f"jane{n}@example.com" for n in range(99)), "none"], "email"),
        ([*(f"jane{n}@example.com" for n in range(9)), "none"], "text"),
        ([f"https://example.com/{n}" for n in range(5)], "url"),
        ([f"+45 {20000000 + n}" for n in range(100)], "phone"),
        ([20000000 + n for n in range(5)], "number"),
        (["red", "green", "blue"] * 4, "select"),
        (["red", "green", "blue"], "text"),
        ([f"city {n % 51}" for n in range(5000)], "text"),
        ([f"city {n % 50}" for n in range(5000)], "select"),
        ([f"city {n % 13}" for n in range(100)], "text"),
        (["x" * 61] * 20, "text"),
        (["x" * 255, "y"], "text"),
        (["x" * 256, "y"], "long_text"),
        (["two\nlines"] * 10, "long_text"),
        (["", "", ""], "text"),
        (["5", "", "7"], "number"),
    ],
)
def test_a_type_is_inferred_from_the_values(
    type_of: Callable[..., str], values: Iterable[object], type_name: str
) -> None:
    assert type_of(values) == type_name


@pytest.mark.parametrize(
    "header",
    ["phone", "Telefon", "Mobilnummer", "tlf.", "work_phone", "Phone number", "Tel nr"],
)
def test_plain_digits_are_a_phone_when_the_header_says_so(
    type_of: Callable[..., str], header: str
) -> None:
    assert type_of([20000000 + n for n in range(100)], header) == "phone"


@pytest.mark.parametrize("header", ["hotel", "total", "immobile_value", "contact"])
def test_a_header_that_only_sounds_like_a_phone_is_none(
    type_of: Callable[..., str], header: str
) -> None:
    assert type_of([20000000 + n for n in range(100)], header) == "number"


def options_of(written: Written, labels: list[str]) -> list[str]:
    path = written("x,y\n" + "".join(f"{label},1\n" for label in labels * 3))
    return [option["label"] for option in inferred(path)["fields"][0]["options"]]


@pytest.mark.parametrize(
    "labels",
    [
        ["jan", "feb", "mar", "may", "oct"],
        ["januar", "maj", "oktober"],
        ["Monday", "Tuesday", "Sunday"],
        ["admin.", "blue-collar", "Student", "unknown"],
    ],
)
def test_options_stand_in_the_order_people_expect(
    written: Written, labels: list[str]
) -> None:
    assert options_of(written, labels[::-1]) == labels


def test_options_of_like_spelling_get_slugs_of_their_own(written: Written) -> None:
    path = written("x\n" + "A b\nA-b\n" * 3)
    assert inferred(path)["fields"][0]["options"] == [
        {"slug": "a-b", "label": "A b"},
        {"slug": "a-b-2", "label": "A-b"},
    ]


def test_a_definition_has_the_form_of_a_schema_file(written: Written) -> None:
    path = written("Cust_num,job,y\n" + "1,clerk,no\n2,cook,no\n3,cook,yes\n" * 2)
    definition = inferred(path, campaign_id=400, country="DK", status_column="y")
    assert list(definition.items()) == [
        ("id", 400),
        ("name", "Test"),
        ("slug", "test"),
        ("account", "demo"),
        ("country", "DK"),
        (
            "fields",
            [
                {"slug": "cust_num", "label": "Cust num", "type": "number"},
                {
                    "slug": "job",
                    "label": "Job",
                    "type": "select",
                    "options": [
                        {"slug": "clerk", "label": "clerk"},
                        {"slug": "cook", "label": "cook"},
                    ],
                },
            ],
        ),
        (
            "statuses",
            [
                {"slug": "no", "label": "no", "type": "active", "default": True},
                {"slug": "yes", "label": "yes", "type": "active"},
            ],
        ),
    ]


def test_without_a_status_column_every_lead_is_new(written: Written) -> None:
    definition = inferred(written("a\n1\n"))
    assert definition["statuses"] == [
        {"slug": "new", "label": "New", "type": "active", "default": True}
    ]
    assert "id" not in definition


@pytest.mark.parametrize(
    ("word", "type_name"),
    [
        ("Won", "won"),
        ("solgt", "won"),
        ("closed-lost", "lost"),
        ("Lukket", "inactive"),
        ("yes", "active"),
        ("in progress", "active"),
    ],
)
def test_only_a_clear_word_makes_a_status_more_than_active(
    written: Written, word: str, type_name: str
) -> None:
    definition = inferred(written(f"a,s\n1,{word}\n"), status_column="s")
    assert definition["statuses"][0]["type"] == type_name


def test_an_unknown_status_column_is_refused_with_the_columns(written: Written) -> None:
    with pytest.raises(UnreadableFile, match="no column 'z'") as caught:
        inferred(written("a,b\n1,2\n"), status_column="z")
    assert "a, b" in caught.value.hint


def test_a_status_column_of_many_values_is_refused(written: Written) -> None:
    path = written("a\n" + "".join(f"{n}\n" for n in range(100)))
    with pytest.raises(UnreadableFile, match="more than 60 different values"):
        inferred(path, status_column="a")


def test_fields_get_slugs_that_are_free(written: Written) -> None:
    source = open_rows(written("id;Status;Name;name;NAME!;???;y\n1;2;3;4;5;6;7\n"))
    assert list(field_slugs(source, "y").values()) == [
        "id-field",
        "status-field",
        "name",
        "name-2",
        "name-3",
        "unnamed",
    ]


@pytest.mark.parametrize(
    ("header", "label"),
    [
        ("cust_num", "Cust num"),
        ("E-mail", "E-mail"),
        ("_", "_"),
        ("kunde__navn ", "Kunde navn"),
        ("q" * 255, "Q" + "q" * 254),
        ("q" * 256, "Q" + "q" * 253 + "…"),
    ],
)
def test_a_header_makes_a_label(header: str, label: str) -> None:
    assert label_of(header) == label


def test_bad_rows_count_for_nothing(written: Written) -> None:
    assert inferred(written("a,b\n1,2\nx\n3,4\n"))["fields"][0]["type"] == "number"


def test_an_export_of_the_hub_brings_its_own_status(written: Written) -> None:
    lines = [
        {
            "id": n,
            "status": {"slug": "won", "label": "Won"},
            "fields": {"tags": ["red", "blue"], "extra": {"a": n}, "age": n},
            "created_at": "2026-11-20T08:00:00Z",
        }
        for n in range(9)
    ]
    definition = inferred(written("\n".join(map(json.dumps, lines)), "x.ndjson"))
    types = {field["slug"]: field["type"] for field in definition["fields"]}
    assert types == {"tags": "multi_select", "extra": "json", "age": "number"}
    assert definition["statuses"][0]["slug"] == "won"


def typed(source: Source, types: dict[str, str]) -> list[list[object]]:
    return [
        [
            wire_value(types[name], cell, decimal_comma=source.decimal_comma)
            for name, cell in row.cells.items()
        ]
        for row in source
        if isinstance(row, Row)
    ]


def test_what_is_inferred_reads_every_value_of_the_file(written: Written) -> None:
    path = written("a;b;c;d\n1.234,50;ja;31-12-2024;x\n7;nej;01-02-2024;y\n")
    types = {field["slug"]: field["type"] for field in inferred(path)["fields"]}
    assert typed(open_rows(path), types) == [
        [1234.5, True, "2024-12-31", "x"],
        [7, False, "2024-02-01", "y"],
    ]


def test_a_list_of_anything_but_short_words_is_json(written: Written) -> None:
    path = written('{"a": [1, 2]}\n' * 9, "x.ndjson")
    assert inferred(path)["fields"][0]["type"] == "json"


def test_labels_that_are_numbers_stand_in_their_order(written: Written) -> None:
    definition = inferred(written("a,s\n1,10\n1,9\n"), status_column="s")
    assert [status["label"] for status in definition["statuses"]] == ["9", "10"]
