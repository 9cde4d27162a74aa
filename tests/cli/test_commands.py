"""The commands as somebody types them, on real databases."""

import io
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from leadwell.cli import main
from leadwell.store import migrations
from tests import make
from tests.effort import unnoted


class Answer(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Answer]
SCHEMA = yaml.safe_dump(make.a_definition(account="demo"))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE", "KEY_FILE", "CONFIG"):
        monkeypatch.delenv(f"LEADWELL_{name}", raising=False)
    return tmp_path


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def _run(*arguments: str, stdin: str = "") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = capfd.readouterr()
        return Answer(int(left.value.code or 0), out, err)

    return _run


@pytest.fixture
def made(run: Run, folder: Path) -> Run:
    """A database with the account demo, campaign 362 and one person."""
    (folder / "schema.yaml").write_text(SCHEMA)
    assert run("campaign", "create", "schema.yaml").out == "362\n"
    assert run("person", "add", "--account", "demo", "--name", "Sales One").out == "1\n"
    return run


def a_token(run: Run, *more: str) -> dict[str, str]:
    answer = run(
        "token", "create", "--campaign", "362", "--name", "West", "--json", *more
    )
    assert answer.code == 0, answer.err
    return answer.json


def test_every_command_explains_itself_with_an_example(run: Run) -> None:
    for words in [
        ("serve",),
        ("import",),
        ("demo",),
        ("migrate",),
        ("doctor",),
        ("account", "create"),
        ("account", "list"),
        ("person", "add"),
        ("person", "list"),
        ("campaign", "create"),
        ("campaign", "show"),
        ("campaign", "list"),
        ("campaign", "duplicates"),
        ("filter", "set"),
        ("filter", "list"),
        ("filter", "show"),
        ("filter", "remove"),
        ("token", "create"),
        ("token", "list"),
        ("token", "edit"),
        ("token", "revoke"),
        ("token", "rotate"),
        ("chores",),
        *(("status", word) for word in ("add", "rename", "label", "remove", "default")),
        *(("field", word) for word in ("add", "rename", "label", "remove", "require")),
        *(("option", word) for word in ("add", "rename", "label", "remove")),
    ]:
        answer = run(*words, "--help")
        assert (answer.code, "Example: leadwell" in answer.out) == (0, True), words
    assert run("--version").out.strip()


def test_accounts_and_people_are_made_and_listed(run: Run) -> None:
    assert run("account", "create", "b", "--name", "Bee").out == "b\n"
    assert run("account", "list", "--json").json == [{"slug": "b", "name": "Bee"}]
    assert run("person", "add", "--account", "b", "--name", "Ib", "--json").json == {
        "id": 1,
        "name": "Ib",
    }
    assert "Ib" in run("person", "list", "--account", "b").out
    assert run("account", "create", "b").code == 1
    assert run("account", "create", "Not a slug").code == 2
    assert run("person", "add", "--account", "b", "--name", " ").code == 2
    assert run("person", "add", "--account", "c", "--name", "Ib").code == 1


def test_a_campaign_shown_as_json_can_be_made_again(made: Run) -> None:
    shown = made("campaign", "show", "362", "--json").json
    assert shown == make.a_definition(account="demo") | {
        "slug": "roofs",
        "country": "DK",
    }
    again = json.dumps(shown | {"id": 363, "slug": "again"})
    assert made("campaign", "create", "-", stdin=again).out == "363\n"
    listed = made("campaign", "list", "--account", "demo", "--json").json
    assert [one["id"] for one in listed] == [362, 363]
    assert "partner-west" in made("campaign", "show", "362").out


def test_a_campaign_decides_what_becomes_of_duplicates(made: Run) -> None:
    asked = ("campaign", "duplicates", "362")
    shown = made(*asked).out
    assert shown == "off, by email, phone: 0 groups of leads look alike\n"
    assert made(*asked, "reject", "--fields", "email", "--json").json == {
        "policy": "reject",
        "fields": ["email"],
        "groups": 0,
    }
    assert made("campaign", "show", "362", "--json").json["duplicates"] == {
        "policy": "reject",
        "fields": ["email"],
    }
    for more in (("none",), ("flag", "--fields", "name")):
        assert made(*asked, *more).code == 2
    assert made("campaign", "duplicates", "999", "flag").code == 1


def test_every_mistake_of_a_schema_file_is_told(run: Run, folder: Path) -> None:
    (folder / "bad.yaml").write_text(
        "name: yes\naccount: demo\nfields: [{slug: page, type: txt}]\n"
    )
    answer = run("campaign", "create", "bad.yaml")
    assert answer.code == 4
    for told in (
        "this is a boolean",
        "'page' is a reserved name",
        "'txt' is not known",
    ):
        assert told in answer.err
    (folder / "worse.yaml").write_text("a: [")
    assert run("campaign", "create", "worse.yaml").code == 2
    assert run("campaign", "create", "missing.yaml").code == 2
    assert run("campaign", "create", "-", stdin="name: X").code == 2


def test_the_secret_of_a_token_is_printed_once_and_never_kept(
    made: Run, folder: Path
) -> None:
    token = a_token(made, "--filter", "source=partner-west")
    secret = token["token"].split("_")[2]
    assert token["id"] == token["token"].split("_")[1]
    listed = made("token", "list")
    assert secret not in listed.out + listed.err
    for path in folder.iterdir():
        assert secret.encode() not in path.read_bytes()
    assert stat.S_IMODE((folder / "leadwell.db.key").stat().st_mode) == 0o600


def test_a_tokens_filter_is_conditions_or_the_name_of_a_saved_one(made: Run) -> None:
    conditions = "source=partner-west&budget[gte]=500"
    said = made("filter", "set", "big", conditions, "--campaign", "362")
    assert said.out == "big: Source is Partner West and Budget is at least 500\n"
    a_token(made, "--filter", "big", "--fields", "name,status,source")
    (listed,) = made("token", "list", "--campaign", "362", "--json").json
    assert listed["filter"] == f"big: {conditions}"
    assert listed["fields"] == ["name", "source", "status"]
    assert conditions in made("filter", "list", "--campaign", "362").out
    shown = made("filter", "show", "big", "--campaign", "362", "--json").json
    assert shown[0]["query"] == conditions

    refused = made("filter", "remove", "big", "--campaign", "362")
    assert (refused.code, "West" in refused.err) == (1, True)
    made("token", "revoke", listed["id"])
    assert made("filter", "remove", "big", "--campaign", "362").code == 0
    assert made("filter", "show", "big", "--campaign", "362").code == 1
    assert made("filter", "remove", "big", "--campaign", "362").code == 1
    assert made("filter", "set", "a=b", "name=x", "--campaign", "362").code == 2
    assert made("token", "list").code == 0


def test_a_rotated_token_overlaps_with_the_new_one(made: Run) -> None:
    old = a_token(made, "--write")
    new = made("token", "rotate", old["id"], "--overlap", "7d", "--json").json
    first, second = made("token", "list", "--json").json
    assert (first["id"], second["id"]) == (old["id"], new["id"])
    assert first["expires_at"] < second["expires_at"]
    assert second["rights"] == "read+write"
    assert made("token", "rotate", old["id"], "--overlap", "8d").code == 2
    made("token", "revoke", old["id"])
    assert made("token", "rotate", old["id"]).code == 5
    assert made("token", "rotate", "nobody").code == 1


def test_a_token_can_be_edited(made: Run) -> None:
    token = a_token(made, "--filter", "source=partner-west", "--fields", "name")
    edited = made(
        *("token", "edit", token["id"], "--name", "North", "--no-fields"),
        *("--filter", "source=partner-north", "--expires", "never", "--json"),
    ).json[0]
    assert edited["name"] == "North"
    assert (edited["filter"], edited["fields"]) == ("source=partner-north", None)
    assert edited["expires_at"] is None
    assert made("token", "edit", token["id"], "--address", "nonsense").code == 2
    assert made("token", "edit", token["id"], "--address", "192.0.2.0/24").code == 0


def test_a_token_has_a_rate_of_its_own_and_keeps_it_when_it_is_rotated(
    made: Run,
) -> None:
    token = a_token(made, "--rate", "20")
    made("token", "rotate", token["id"])
    rates = [each["rate"] for each in made("token", "list", "--json").json]
    assert rates == [20, 20]

    def edited(*option: str) -> int | None:
        rate: int | None = made("token", "edit", token["id"], *option, "--json").json[
            0
        ]["rate"]
        return rate

    assert edited("--rate", "0") == 0
    assert edited("--name", "North") == 0
    assert edited("--no-rate") is None
    for wrong in (("--rate", "-1"), ("--rate", "x"), ("--rate", "5", "--no-rate")):
        assert made("token", "edit", token["id"], *wrong).code == 2


def test_a_token_that_could_not_work_is_refused(made: Run) -> None:
    create = ("token", "create", "--name", "X")
    assert made(*create).code == 2
    long = made("token", "create", "--account", "demo", "--name", "x" * 201)
    assert (long.code, "201 characters" in long.err) == (2, True)
    assert made(*create, "--campaign", "362", "--account", "demo").code == 2
    assert made(*create, "--account", "demo", "--filter", "source=website").code == 2
    scoped = (*create, "--campaign", "362")
    assert made(*scoped, "--filter", "sorce=website").code == 4
    assert made(*scoped, "--fields", "nam").code == 4
    assert made(*scoped, "--expires", "soon").code == 2
    assert made(*scoped, "--expires", "2020-01-01").code == 2
    hidden = made(*scoped, "--write", "--fields", "email")
    assert (hidden.code, "name" in hidden.err) == (5, True)
    assert made(*create, "--campaign", "999").code == 1
    account = made(*create, "--account", "demo", "--json").json
    assert made("token", "edit", account["id"], "--fields", "name").code == 2


def test_a_token_of_another_system_can_go_on_working(made: Run, folder: Path) -> None:
    create = ("token", "create", "--campaign", "362", "--name", "Old")
    answer = made(*create, "--from-file", "-", stdin="123456789abcdef\n")
    assert (answer.code, "123456789abcdef" in answer.out) == (0, False)
    assert made(*create, "--from-file", "-", stdin="short").code == 2
    assert made(*create, "--from-file", "missing").code == 2


def test_an_error_for_a_machine_is_json_on_stderr(made: Run) -> None:
    answer = made("campaign", "show", "7", "--json")
    assert (answer.code, answer.out) == (1, "")
    assert json.loads(answer.err)["code"] == "campaign_not_found"


def test_wrong_words_and_missing_databases_have_their_exit_codes(run: Run) -> None:
    assert run("campaign", "show", "seven").code == 2
    assert run("nonsense").code == 2
    assert run("campaign", "list").code == 5
    assert run("campaign", "list", "--database", "mysql://x").code == 2
    assert run("campaign", "list", "--database", "sqlite:////no/such/x.db").code == 5
    assert run("serve", "--database", "sqlite:////no/such/folder/x.db").code == 5


def test_a_file_is_imported_and_its_schema_inferred(run: Run, folder: Path) -> None:
    (folder / "bank.csv").write_text(
        "id;job;age;y\n" + "".join(f"{n};{'ab'[n % 2]};{n};no\n" for n in range(60))
    )
    new = ("--new", "Bank", "--status-column", "y", "--id", "400")
    dry = run("import", "bank.csv", *new, "--dry-run", "--json")
    assert (dry.code, dry.json["added"], dry.json["dry_run"]) == (0, 60, True)
    answer = run("import", "bank.csv", *new)
    assert answer.code == 0, answer.err
    assert answer.out.startswith("60 rows: 60 added")
    assert "type: select" in answer.err
    refused = run("import", "bank.csv", "--campaign", "400")
    assert refused.code == 2
    assert "--map 'y=status'" in refused.err
    named = run("import", "bank.csv", "--campaign", "400", "--status-column", "y")
    assert named.code == 0
    again = run("import", "bank.csv", "--campaign", "400", "--map", "y=status")
    assert (again.code, "60 known already" in again.out) == (0, True)


def test_an_import_with_failed_rows_says_so(made: Run, folder: Path) -> None:
    (folder / "leads.csv").write_text("name,budget\nJane,1\n,2\n")
    answer = made("import", "leads.csv", "--campaign", "362", "--json")
    assert (answer.code, answer.json["failed"]) == (7, 1)
    assert (folder / answer.json["error_file"]).exists()
    assert made("import", "leads.csv").code == 2
    assert made("import", "leads.csv", "--campaign", "362", "--map", "x").code == 2
    assert made("import", "missing.csv", "--campaign", "362").code == 2


def test_the_doctor_finds_what_is_wrong(made: Run, folder: Path) -> None:
    assert made("doctor").code == 0
    a_token(made)
    states = {one["what"]: one["state"] for one in made("doctor", "--json").json}
    assert set(states.values()) == {"ok"}
    (folder / "leadwell.db.key").chmod(0o644)
    states = {one["what"]: one["state"] for one in made("doctor", "--json").json}
    assert states["key"] == "warn"
    assert made("doctor", "--database", "sqlite:///missing.db").code == 1


def test_the_doctor_names_a_setting_that_is_misspelt(
    made: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADWELL_PUBLIC_ULR", "https://leads.example.com")
    (row,) = [x for x in made("doctor", "--json").json if x["what"] == "settings"]
    assert row["state"] == "warn"
    assert "did you mean LEADWELL_PUBLIC_URL?" in row["said"]


def test_the_doctor_looks_deeper(made: Run) -> None:
    found = made("doctor", "--deep", "--json").json
    (campaign,) = [one for one in found if one["what"].startswith("campaign ")]
    assert campaign["state"] == "ok"
    assert "agree" in campaign["said"]


def test_migrating_a_new_database_has_nothing_to_do(made: Run) -> None:
    assert made("migrate", "--dry-run", "--json").json == {
        "before": migrations.newest(),
        "after": migrations.newest(),
        "pending": [],
        "dry_run": True,
        "sql": [],
    }
    assert made("migrate").code == 0
    assert made("migrate", "--check").code == 0
    assert made("migrate", "--database", "sqlite:///missing.db").code == 5


def test_the_demonstration_shows_reading_and_copying(folder: Path) -> None:
    # In processes of their own: a hub that serves says for good how its process logs.
    command = [sys.executable, "-m", "leadwell.cli", "demo", "--once"]
    command += ["--to", "csv:leads.csv"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.count("    200 ") == 11
    for said in (
        "    1,430 added, 0 changed, 0 removed; 3 requests",
        "    1 added, 1 changed, 1 removed; 1 requests",
        "    exact, 1,430 leads, digest ",
    ):
        assert said in answer.stdout
    assert len((folder / "leads.csv").read_text().splitlines()) > 1430
    # Another hub, and the file of the first one: the copy is begun anew.
    command.append("--json")
    run = subprocess.run(command, capture_output=True, check=True, env=unnoted())
    told = json.loads(run.stdout)
    assert [each["status"] for each in told["requests"]] == [200] * 11
    assert told["copy"][-1]["said"].startswith("exact, 1,430 leads")


def test_a_broken_key_file_is_refused(made: Run, folder: Path) -> None:
    (folder / "leadwell.db.key").write_text("short")
    answer = made("token", "create", "--campaign", "362", "--name", "X")
    assert (answer.code, "key file" in answer.err) == (5, True)


@pytest.mark.parametrize(
    "empty", [("--filter", ""), ("--fields", ""), ("--address", ""), ("--name", "")]
)
def test_an_unset_variable_never_makes_a_token_that_sees_more(
    made: Run, empty: tuple[str, str]
) -> None:
    name = () if empty[0] == "--name" else ("--name", "X")
    answer = made("token", "create", "--campaign", "362", *name, *empty)
    assert (answer.code, answer.out) == (2, "")
    assert made("token", "list", "--json").json == []


@pytest.mark.parametrize("nothing", ["&", "_tz=UTC", "&&"])
def test_a_filter_without_conditions_is_refused(made: Run, nothing: str) -> None:
    create = ("token", "create", "--campaign", "362", "--name", "X")
    assert made(*create, "--filter", nothing).code == 2
    assert made("filter", "set", "all", nothing, "--campaign", "362").code == 2
    token = a_token(made, "--filter", "source=website")
    assert made("token", "edit", token["id"], "--filter", nothing).code == 2
    (listed,) = made("token", "list", "--json").json
    assert listed["filter"] == "source=website"


def test_a_saved_filter_may_not_ask_for_what_its_writers_cannot_see(made: Run) -> None:
    scope = ("--campaign", "362")
    made("filter", "set", "west", "source=partner-west", *scope)
    token = a_token(made, "--write", "--filter", "west", "--fields", "name,source")
    refused = made("filter", "set", "west", "budget[gte]=5", *scope)
    assert (refused.code, "'West'" in refused.err, "budget" in refused.err) == (
        5,
        True,
        True,
    )
    shown = made("filter", "show", "west", *scope, "--json").json
    assert shown[0]["query"] == "source=partner-west"
    made("token", "revoke", token["id"])
    assert made("filter", "set", "west", "budget[gte]=5", *scope).code == 0


def test_a_token_of_another_system_is_taken_over_once(made: Run) -> None:
    create = ("token", "create", "--campaign", "362", "--name", "Old", "--json")
    first = made(*create, "--from-file", "-", stdin="123456789abcdef").json
    again = made(*create, "--from-file", "-", stdin="123456789abcdef")
    assert (again.code, first["id"] in again.err) == (1, True)
    for unusable in (
        "x" * 513,
        "lw_123456789abcdef",
        "blåbærgrød-med-fløde",
        "a\0" * 9,
    ):
        assert made(*create, "--from-file", "-", stdin=unusable).code == 2


def test_a_token_is_made_read_only_again(made: Run) -> None:
    token = a_token(made, "--write")
    edited = made("token", "edit", token["id"], "--read-only", "--json").json
    assert edited[0]["rights"] == "read"


def test_a_rotated_token_never_outlives_its_own_expiry(made: Run) -> None:
    old = a_token(made, "--expires", "2h")
    before = made("token", "list", "--json").json[0]["expires_at"]
    said = made("token", "rotate", old["id"], "--overlap", "7d").err
    assert made("token", "list", "--json").json[0]["expires_at"] == before
    assert f"{before[:10]} {before[11:16]}" in said


def test_an_impossible_id_or_text_is_a_usage_error(made: Run) -> None:
    huge = str(10**20)
    assert made("campaign", "show", huge).code == 2
    assert made("token", "list", "--campaign", huge).code == 2
    assert made("filter", "list", "--campaign", huge).code == 2
    assert made("filter", "set", "x", "name=\udcff", "--campaign", "362").code == 2


def test_wrong_words_are_json_for_a_machine(run: Run) -> None:
    answer = run("campaign", "show", "seven", "--json")
    assert (answer.code, answer.out) == (2, "")
    assert json.loads(answer.err)["code"] == "usage"


def test_without_the_server_extra_help_works_and_commands_say_what_is_missing() -> None:
    absent = "import sys; sys.modules |= dict.fromkeys(['apsw', 'starlette', 'yaml'])"
    code = f"{absent}; from leadwell.cli import main; main()"
    command = [sys.executable, "-c", code]
    helped = subprocess.run([*command, "--help"], capture_output=True, check=False)
    assert helped.returncode == 0
    listed = subprocess.run(
        [*command, "account", "list"], capture_output=True, text=True, check=False
    )
    assert listed.returncode == 2
    assert "pip install 'leadwell[server]'" in listed.stderr
    assert "Traceback" not in listed.stderr
