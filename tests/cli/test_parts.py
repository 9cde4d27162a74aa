"""Changes of a living campaign's schema, as somebody types them."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from leadwell.cli import main
from leadwell.store import campaigns
from leadwell.store.engines.sqlite import SQLiteDatabase
from leadwell.store.people import activity
from leadwell.store.writes import chores
from tests import make

AT = ("--campaign", "362")
LEADS = """name,source,budget
Ann,partner-west,5
Bo,partner-west,50
Cy,partner-north,500
"""


class Answer(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Terminal(io.StringIO):
    """What somebody types at a terminal."""

    def isatty(self) -> bool:
        return True


Run = Callable[..., Answer]


@pytest.fixture
def run(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """The campaign 362 with three leads, and the commands on it."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE", "KEY_FILE", "CONFIG"):
        monkeypatch.delenv(f"LEADWELL_{name}", raising=False)

    def _run(*arguments: str, typed: str | None = None) -> Answer:
        stdin = io.StringIO() if typed is None else Terminal(typed)
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = capfd.readouterr()
        return Answer(int(left.value.code or 0), out, err)

    (tmp_path / "schema.yaml").write_text(
        yaml.safe_dump(make.a_definition(account="demo"))
    )
    (tmp_path / "leads.csv").write_text(LEADS)
    _run("account", "create", "demo")
    assert _run("campaign", "create", "schema.yaml").code == 0
    assert _run("import", "leads.csv", *AT).code == 0
    return _run


def shown(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = run("campaign", "show", "362", "--json").json
    return found


def versions() -> list[int]:
    database = SQLiteDatabase(Path("leadwell.db"))
    with database.reading() as connection:
        rows = connection.rows("SELECT version FROM lead ORDER BY id")
    database.close()
    return [row[0] for row in rows]


def test_consequences_are_shown_and_without_a_yes_nothing_is_done(run: Run) -> None:
    run("filter", "set", "west", "source=partner-west", *AT)
    token = run("token", "create", *AT, "--name", "Wanda", "--filter", "west")
    assert token.code == 0
    before = shown(run)
    refused = run("option", "rename", "source", "partner-west", "west", *AT)
    assert (refused.code, refused.out) == (5, "")
    for said in ("2 leads get a new revision", "filters that use it: west", "Wanda"):
        assert said in refused.err
    assert "--yes" in refused.err
    assert (shown(run), versions()) == (before, [1, 1, 1])


def test_an_edit_is_done_to_the_end_when_it_is_agreed_to(run: Run) -> None:
    done = run(
        *("option", "rename", "source", "partner-west", "west"), *AT, "--yes", "--json"
    )
    assert done.code == 0
    assert done.json == {
        "revised": 2,
        "rendered": 3,
        "filters": [],
        "tokens": [],
        "campaign": 362,
        "dry_run": False,
    }
    assert versions() == [2, 2, 1]
    assert run("chores").out == "nothing waits\n"


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("n\n", 5), ("", 5)])
def test_at_a_terminal_it_is_asked(run: Run, typed: str, code: int) -> None:
    answer = run("status", "rename", "new", "fresh", *AT, typed=typed)
    assert (answer.code, "Go on?" in answer.err) == (code, True)
    slugs = [status["slug"] for status in shown(run)["statuses"]]
    assert ("fresh" in slugs) == (code == 0)


def test_a_dry_run_changes_nothing_and_finds_what_stands_against_it(run: Run) -> None:
    before = shown(run)
    dry = run("field", "remove", "budget", *AT, "--dry-run", "--json")
    assert (dry.code, dry.json["revised"], dry.json["dry_run"]) == (0, 3, True)
    assert run("status", "remove", "new", *AT, "--dry-run").code == 1
    assert (shown(run), versions()) == (before, [1, 1, 1])


def test_every_edit_can_be_made_from_the_command_line(run: Run) -> None:
    steps = [
        ("status", "add", "lost", "--label", "Lost", "--type", "lost"),
        ("status", "default", "contacted"),
        ("status", "rename", "won", "sold", "--yes"),
        ("status", "label", "sold", "Sold"),
        ("status", "remove", "new", "--yes"),
        ("field", "add", "size", "--type", "select", "--option", "s=Small"),
        ("field", "rename", "budget", "amount", "--yes"),
        ("field", "label", "amount", "Amount"),
        ("field", "require", "email"),
        ("field", "require", "name", "--off"),
        ("field", "remove", "phone", "--yes"),
        ("option", "add", "size", "l", "--label", "Large"),
        ("option", "rename", "size", "s", "small"),
        ("option", "label", "size", "l", "Very large"),
        ("option", "remove", "source", "partner-north", "--yes"),
    ]
    for step in steps:
        answer = run(*step, *AT)
        assert (answer.code, answer.out) == (0, "done\n"), answer.err
    made = shown(run)
    statuses = [(s["slug"], s["label"], "default" in s) for s in made["statuses"]]
    assert statuses == [
        ("contacted", "Contacted", True),
        ("sold", "Sold", False),
        ("lost", "Lost", False),
    ]
    fields = {field["slug"]: field for field in made["fields"]}
    assert "phone" not in fields
    assert fields["amount"]["label"] == "Amount"
    assert (fields["email"]["required"], "required" in fields["name"]) == (True, False)
    assert fields["size"]["options"] == [
        {"slug": "small", "label": "Small"},
        {"slug": "l", "label": "Very large"},
    ]
    assert [o["slug"] for o in fields["source"]["options"]] == [
        "partner-west",
        "website",
    ]


def test_what_cannot_be_is_refused_with_what_to_do(run: Run) -> None:
    run("filter", "set", "west", "source=partner-west", *AT)
    for words, code, said in [
        (("option", "remove", "source", "partner-west"), 1, "filter 'west'"),
        (("status", "remove", "new"), 1, "leadwell status default"),
        (("status", "remove", "nwe"), 1, "did you mean new?"),
        (("field", "add", "page"), 4, "reserved"),
        (("field", "add", "zip", "--type", "zip"), 4, "known"),
        (("field", "rename", "budget", "status"), 2, "reserved"),
        (("option", "add", "budget", "x", "--label", "X"), 2, "no options"),
        (("status", "label", "new", " "), 2, "label"),
    ]:
        answer = run(*words, *AT, "--yes")
        assert (answer.code, said in answer.err) == (code, True), answer.err


def test_an_interrupted_edit_waits_to_be_finished(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "CHUNK", 1)
    honest = chores.work
    done: list[int] = []

    def work(*given: Any) -> bool:
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append(1)
        return honest(*given)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(chores, "work", work)
        answer = run("field", "rename", "budget", "amount", *AT, "--yes")
        assert (answer.code, "leadwell chores" in answer.err) == (75, True)
    assert versions() == [2, 1, 1]
    states = {one["what"]: one["state"] for one in run("doctor", "--json").json}
    assert states["chores"] == "warn"
    finished = run("chores", "--json")
    assert (finished.code, finished.json) == (0, {"campaigns": [362]})
    assert versions() == [2, 2, 2]
    assert run("chores", "--campaign", "9").code == 1


def test_a_filter_says_who_enters_and_leaves_before_it_changes(run: Run) -> None:
    first = run("filter", "set", "big", "budget[gte]=50", *AT, "--json").json
    assert (first["enter"], first["leave"], first["tokens"]) == (2, 0, [])
    run("token", "create", *AT, "--name", "Wanda", "--filter", "big")
    change = ("filter", "set", "big", "budget[lte]=50", *AT)
    refused = run(*change)
    assert (refused.code, "1 leads enter, 1 leave" in refused.err) == (5, True)
    assert "Wanda" in refused.err
    dry = run(*change, "--dry-run", "--json").json
    assert (dry["enter"], dry["leave"], dry["dry_run"]) == (1, 1, True)
    assert run("filter", "show", "big", *AT, "--json").json[0]["query"] == (
        "budget[gte]=50"
    )
    assert run(*change, "--yes").code == 0
    assert run("filter", "show", "big", *AT, "--json").json[0]["query"] == (
        "budget[lte]=50"
    )


@pytest.mark.parametrize("option", ["filter", "fields", "address"])
def test_a_restriction_is_lifted_only_on_purpose(run: Run, option: str) -> None:
    given = {"filter": "status=new", "fields": "name", "address": "192.0.2.0/24"}
    create = ("token", "create", *AT, "--name", "Wanda", "--json")
    token = run(*create, f"--{option}", given[option]).json["id"]
    edit = ("token", "edit", token)
    before = run("token", "list", "--json").json
    assert run(*edit, f"--{option}", "").code == 2
    assert run(*edit, f"--{option}", given[option], f"--no-{option}").code == 2
    assert run("token", "list", "--json").json == before
    lifted = run(*edit, f"--no-{option}", "--json").json[0]
    assert lifted.get(option) is None


def test_a_file_goes_only_to_a_campaign_that_can_be(run: Run) -> None:
    assert run("import", "leads.csv", "--campaign", str(10**20)).code == 2


def test_the_doctor_looks_at_everything_although_one_thing_fails(run: Run) -> None:
    assert run("token", "create", *AT, "--name", "X").code == 0
    Path("leadwell.db.key").write_text("short")
    found = run("doctor", "--json")
    states = {one["what"]: one["state"] for one in found.json}
    assert found.code == 1
    assert (states["key"], states["integrity"], states["clock"]) == ("fail", "ok", "ok")


def test_what_commands_change_stands_in_the_activity(run: Run) -> None:
    token = run("token", "create", "--name", "West", *AT, "--json").json["id"]
    link = run("share", "create", token, "--json").json["id"]
    for words in (
        ("field", "add", "zip", "--label", "Post code", *AT, "--yes"),
        ("field", "label", "budget", "Money", *AT, "--yes"),
        ("option", "rename", "source", "partner-west", "west", *AT, "--yes"),
        ("status", "remove", "contacted", *AT, "--yes"),
        ("filter", "set", "big", "budget[gte]=500", *AT, "--yes"),
        ("filter", "set", "big", "budget[gte]=900", *AT, "--yes"),
        ("filter", "remove", "big", *AT),
        ("token", "edit", token, "--name", "Far west"),
        ("share", "revoke", link),
        ("token", "rotate", token),
        ("token", "revoke", token),
        ("lead", "erase", "1", *AT, "--yes"),
        # What is only looked at is not noted, nor is what is refused.
        ("field", "remove", "budget", *AT, "--dry-run"),
        ("field", "remove", "nothing", *AT, "--yes"),
    ):
        run(*words)
    database = SQLiteDatabase(Path("leadwell.db"))
    with database.reading() as connection:
        found = activity.find(connection, campaigns.known(connection, 362), 10**17, 99)
    database.close()
    assert {each.who for each in found} == {""}
    assert [(each.what, each.about) for each in reversed(found)] == [
        ("campaign-made", "Roofs"),
        ("import-started", "leads.csv"),
        ("token-made", "West"),
        ("link-made", "West"),
        ("field-added", "Post code"),
        ("field-changed", "Money"),
        ("option-changed", "Partner West"),
        ("status-removed", "Contacted"),
        ("filter-made", "big"),
        ("filter-changed", "big"),
        ("filter-removed", "big"),
        ("token-changed", "Far west"),
        ("link-revoked", "Far west"),
        ("token-rotated", "Far west"),
        ("token-revoked", "Far west"),
        ("leads-erased", "1"),
    ]
