"""Somebody is erased, or told what is held of them, as an operator types it."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.cli.test_parts import AT, Run, run

__all__ = ["run"]

JANE = ("--email", "jane@example.com")
ROWS = """name,email,phone,source
Jane,Jane@Example.com,12345678,partner-west
Jane again,jane@example.com,,partner-north
Bo,bo@example.com,+45 12 34 56 78,website
Ib,ib@example.com,,website
"""


@pytest.fixture
def filled(run: Run) -> Run:
    """Leads 4 and 5 are Jane's by her address, and 4 and 6 by a number."""
    Path("more.csv").write_text(ROWS)
    assert run("import", "more.csv", *AT).code == 0
    return run


def test_a_person_is_shown_erased_and_receipted(filled: Run) -> None:
    look = filled("person-data", "erase", *JANE, "--dry-run", "--json")
    assert look.code == 0
    (found,) = look.json["campaigns"]
    assert (found["campaign"], found["leads"]) == (362, [4, 5])
    assert "leads: 4, 5" in look.err
    refused = filled("person-data", "erase", *JANE)
    assert refused.code == 5
    assert filled("person-data", "erase", *JANE, "--json", "--dry-run").json == {
        **look.json
    }
    done = filled("person-data", "erase", *JANE, "--yes", "--json")
    assert done.code == 0, done.err
    assert (done.json["erased"], done.json["left"]["leads"]) == (2, 0)
    assert b"jane" not in Path("leadwell.db").read_bytes().lower()
    again = filled("person-data", "erase", *JANE, "--yes", "--json")
    assert (again.code, again.json["leads"]) == (0, 0)
    assert again.json["reference"] == done.json["reference"]


def test_what_is_left_to_people_is_told(filled: Run) -> None:
    Path("changed.ndjson").write_text(
        '{"external_id": "a", "name": "Di", "email": "jane@example.com"}\n'
        '{"external_id": "a", "name": "Di", "email": "di@example.com"}\n'
        '{"name": "Ed", "project-notes": "knows jane@example.com"}\n'
    )
    assert filled("import", "changed.ndjson", *AT).code == 0
    named = ("--name", "Jane's", "--filter", "email=jane@example.com")
    assert filled("token", "create", *AT, *named).code == 0
    look = filled("person-data", "erase", *JANE, "--dry-run", "--json")
    (found,) = look.json["campaigns"]
    assert (found["leads"], found["former"], found["mentioned"]) == ([4, 5], [8], [9])
    for words in (
        "only their history loses this one: 8",
        "and stay: 9",
        "one of a token",
    ):
        assert words in look.err
    given = (*JANE, "--former", "--yes", "--json")
    assert filled("person-data", "erase", *given).json["erased"] == 3


def test_a_number_counts_however_it_is_written(filled: Run) -> None:
    for typed in ("12345678", "+45 12345678", "0045 12 34 56 78"):
        look = filled("person-data", "erase", "--phone", typed, "--dry-run", "--json")
        assert look.json["campaigns"][0]["leads"] == [4, 6]


def test_the_tokens_that_may_have_had_them_are_listed_at_once(filled: Run) -> None:
    west = ("--name", "West", "--filter", "source=partner-west")
    for named in (west, ("--name", "All")):
        assert filled("token", "create", *AT, *named).code == 0
    assert filled("person-data", "receipts", *JANE, "--json").json == []
    assert filled("person-data", "erase", *JANE, "--yes").code == 0
    told = filled("person-data", "receipts", *JANE, "--json").json
    assert {(x["token"], x["leads"], x["confirmed_at"]) for x in told} == {
        ("West", 1, None),
        ("All", 2, None),
    }


def test_all_that_is_held_is_written_down(filled: Run) -> None:
    printed = filled("person-data", "export", *JANE)
    assert printed.code == 0, printed.err
    (campaign,) = printed.json["campaigns"]
    assert [x["lead"]["fields"]["name"] for x in campaign["leads"]] == [
        "Jane",
        "Jane again",
    ]
    assert "bo@example.com" not in printed.out
    assert filled("person-data", "export", *JANE, "--to", "jane.zip").code == 0
    assert Path("jane.zip").stat().st_mode & 0o077 == 0
    with zipfile.ZipFile("jane.zip") as file:
        assert json.loads(file.read("person.json"))["campaigns"] == [campaign]
        rows = [*csv.reader(io.StringIO(file.read("values.csv").decode()))]
    assert ["362", "4", "phone", "'+4512345678"] in rows
    assert filled("person-data", "export", *JANE, "--to", "jane.zip").code == 5
    none = filled("person-data", "export", "--email", "x@example.com")
    assert none.code == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "nobody is named"),
        (("--email", "jane"), "is not an e-mail address"),
        (("--phone", "12"), "is not a phone number"),
        ((*JANE, "--account", "other"), "other"),
    ],
)
def test_what_is_wrong_is_told(run: Run, given: tuple[str, ...], said: str) -> None:
    answer = run("person-data", "erase", *given, "--dry-run", "--json")
    assert answer.code in {1, 2}
    assert said in answer.err
    assert answer.err.count("@-sign") <= 1


def test_an_address_is_read_from_standard_input(filled: Run) -> None:
    given = ("--stdin", "--dry-run", "--json")
    look = filled("person-data", "erase", *given, typed=f"{JANE[1]}\n12345678\n")
    assert look.json["campaigns"][0]["leads"] == [4, 5, 6]


def test_where_there_are_several_accounts_one_is_named(filled: Run) -> None:
    assert filled("account", "create", "other").code == 0
    look = filled("person-data", "erase", *JANE, "--dry-run")
    assert look.code == 2
    assert "--account: demo, other" in look.err
    given = (*JANE, "--account", "other", "--dry-run", "--json")
    assert filled("person-data", "erase", *given).json["campaigns"] == []
