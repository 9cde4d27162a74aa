"""Personal fields and masks, as somebody types them."""

from pathlib import Path

import pytest

from leadwell.store import campaigns, tokens
from leadwell.store.engines.sqlite import SQLiteDatabase
from tests.cli.test_parts import AT, Run, run, shown, versions

__all__ = ["run"]


def personal() -> set[str]:
    database = SQLiteDatabase(Path("leadwell.db"))
    with database.reading() as connection:
        campaign = campaigns.known(connection, 362)
    database.close()
    return {field.slug for field in campaign.fields if field.is_personal}


def masks() -> list[bool]:
    database = SQLiteDatabase(Path("leadwell.db"))
    with database.reading() as connection:
        found = tokens.find_all(connection)
    database.close()
    return [token.masks for token in found]


def test_a_schema_file_and_its_export_say_which_fields_are_personal(run: Run) -> None:
    assert personal() == {"email", "phone"}
    assert not [field for field in shown(run)["fields"] if "personal" in field]
    for step in (("name",), ("phone", "--off")):
        assert run("field", "personal", *step, *AT).code == 0
    told = {field["slug"]: field.get("personal") for field in shown(run)["fields"]}
    assert (told["name"], told["phone"], told["email"]) == (True, False, None)
    assert versions() == [1, 1, 1]


@pytest.mark.parametrize(
    ("given", "is_personal"),
    [
        (("--type", "email"), True),
        (("--type", "email", "--no-personal"), False),
        (("--type", "text"), False),
        (("--type", "text", "--personal"), True),
    ],
)
def test_a_new_field_is_personal_by_its_type_or_as_was_said(
    run: Run, given: tuple[str, ...], is_personal: bool
) -> None:
    assert run("field", "add", "new", *given, *AT).code == 0
    assert ("new" in personal()) == is_personal


def test_what_a_mark_means_is_shown_and_agreed_to_first(run: Run) -> None:
    run("token", "create", *AT, "--name", "Wanda")
    refused = run("field", "personal", "name", *AT)
    assert refused.code == 5
    assert "3 leads get a new revision" in refused.err
    assert "tokens that mask personal fields: Wanda" in refused.err
    dry = run("field", "personal", "name", *AT, "--dry-run", "--json")
    assert (dry.json["revised"], dry.json["masking"]) == (3, ["Wanda"])
    assert "name" not in personal()
    assert run("field", "personal", "name", *AT, "--yes").code == 0
    assert versions() == [2, 2, 2]
    # Nothing is to be done, and nothing is asked.
    assert run("field", "personal", "name", *AT).code == 0
    assert versions() == [2, 2, 2]


def test_a_new_token_masks_unless_somebody_says_otherwise(run: Run) -> None:
    for given in ((), ("--show-personal",), ("--mask-personal",)):
        made = run("token", "create", *AT, "--name", "W", *given)
        assert made.code == 0
        is_masked = "--show-personal" not in given
        assert ("a mask of email, phone" in made.err) == is_masked
    assert masks() == [True, False, True]
    listed = run("token", "list", "--json").json
    assert [each["personal"] for each in listed] == ["masked", "shown", "masked"]
    assert listed[0]["masked_fields"] == ["email", "phone"]
    token_id = listed[0]["id"]
    edited = run("token", "edit", token_id, "--show-personal", "--json").json
    assert (edited[0]["personal"], edited[0]["masked_fields"]) == ("shown", [])
    assert run("token", "edit", token_id, "--mask-personal").code == 0
    assert run("token", "rotate", token_id).code == 0
    assert masks() == [True, False, True, True]
    made = run("token", "create", "--account", "demo", "--name", "BI")
    assert "a mask of personal fields" in made.err


def test_a_token_of_another_system_goes_on_to_see_what_it_saw(run: Run) -> None:
    theirs = Path("theirs.txt")
    for number, given in enumerate([(), ("--mask-personal",)]):
        theirs.write_text(f"{number}|abcdefghijklmnopqrstuvwxyz0123456789ABCD")
        own = ("--name", "W", "--from-file", str(theirs))
        assert run("token", "create", *AT, *own, *given).code == 0
    assert masks() == [False, True]


def test_what_is_masked_stands_in_the_audit_log(run: Run) -> None:
    run("token", "create", *AT, "--name", "Wanda")
    run("field", "personal", "name", *AT, "--yes")
    rows = run("audit", "list", *AT, "--json").json
    made = next(each for each in rows if each["what"] == "token-made")
    assert made["content"]["scope"]["masks"] is True
    assert [each["what"] for each in rows if "field" in each["what"]] == [
        "field-marked"
    ]
