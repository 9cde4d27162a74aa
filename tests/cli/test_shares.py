"""Links as somebody makes, lists and revokes them, and as they then answer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.cli import main
from leadwell.model.token import public_id_of
from leadwell.server.clock import now
from leadwell.store import migrations
from tests import make, sizes


class Answer(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Answer]
HUB = "https://hub.example/leads"


@pytest.fixture
def run(
    tmp_path: Path,
    engine: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Commands on the database of the other fixtures."""
    (tmp_path / "key").write_text(make.KEY.hex())
    for name, value in {
        "DATABASE": make.url_of(tmp_path / "leads.db", engine),
        "KEY_FILE": str(tmp_path / "key"),
        "PUBLIC_URL": HUB,
        "ALLOW_UNSAFE_DATABASE": "true",
    }.items():
        monkeypatch.setenv(f"LEADWELL_{name}", value)
    monkeypatch.chdir(tmp_path)

    def _run(*arguments: str) -> Answer:
        # What the hub has logged of requests in between is no part of it.
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = capfd.readouterr()
        return Answer(int(left.value.code or 0), out, err)

    return _run


@pytest.fixture
def token(database, account, campaign) -> str:
    make.a_lead(database, campaign, fields={"source": "partner-west"})
    make.a_lead(database, campaign, fields={"source": "website"})
    text = make.a_token(database, account, campaign, "source=website")
    return public_id_of(text)


@pytest.fixture
def client(database) -> TestClient:
    return TestClient(app(Hub(database, make.KEYS, now, HUB)))


def test_a_csv_link_is_made_with_its_warning_and_read(
    run: Run, client: TestClient, token: str
) -> None:
    answer = run("share", "create", token, "--csv")
    assert (answer.code, answer.out.count("\n")) == (0, 1)
    assert answer.out.startswith(f"{HUB}/feed/")
    assert "warning: whoever has this URL reads the leads" in answer.err
    assert "never shown again" in answer.err
    path = answer.out.strip().removeprefix(HUB)
    assert client.get(path).text.count("\n") == 2

    def is_noted() -> bool:
        (listed,) = run("share", "list", "--campaign", "362", "--json").json
        return listed["last_used_at"] is not None

    # The answer does not wait for that note.
    sizes.until(is_noted)
    (listed,) = run("share", "list", "--json").json
    assert (listed["kind"], listed["token"], listed["state"]) == ("csv", token, "open")
    secret = path.removeprefix("/feed/").removesuffix(".csv")
    assert secret not in run("share", "list").out
    assert f"leadwell share revoke {listed['id']}" in answer.err

    link = listed["id"]
    assert run("share", "revoke", link).out == f"revoked {link}\n"
    assert run("share", "revoke", link, "--json").json == {"revoked": link}
    assert client.get(path).status_code == 410
    assert run("share", "list", "--json").json[0]["state"] == "revoked"
    assert run("share", "list", "--campaign", "363", "--json").json == []


def test_a_link_to_documentation_warns_of_nothing(run: Run, token: str) -> None:
    answer = run("share", "create", token, "--expires", "never", "--json")
    made = answer.json
    assert made["url"].startswith(f"{HUB}/d/")
    assert (made["kind"], made["expires_at"]) == ("documentation", None)
    assert "warning" not in answer.err
    assert "for ever" in answer.err
    assert run("share", "create", token, "--json").json["expires_at"] is not None
    assert run("token", "list", "--json").json[0]["links"] == 2


def test_links_end_with_the_last_token_of_a_rotation(
    run: Run, client: TestClient, token: str
) -> None:
    path = run("share", "create", token, "--csv").out.strip().removeprefix(HUB)
    run("token", "rotate", token)
    new = run("token", "list", "--json").json[-1]["id"]
    assert run("share", "list", "--json").json[0]["token"] == new
    assert "links" not in run("token", "revoke", token).err
    assert client.get(path).status_code == 200
    assert run("share", "create", token).code == 5
    assert "links that ended with it: 1" in run("token", "revoke", new).err
    assert client.get(path).status_code == 410
    assert run("share", "list", "--json").json[0]["state"] == "token ended"
    assert [each["links"] for each in run("token", "list", "--json").json] == [0, 0]


def test_a_rotated_token_has_no_links_of_its_own(
    run: Run, client: TestClient, token: str
) -> None:
    path = run("share", "create", token, "--csv").out.strip().removeprefix(HUB)
    run("token", "rotate", token)
    new = run("token", "list", "--json").json[-1]["id"]
    refused = run("share", "create", token)
    assert refused.code == 5
    assert f"leadwell share create {new}" in refused.err
    assert [each["links"] for each in run("token", "list", "--json").json] == [0, 1]
    # The old one still works, and yet the link is at its end with the new one.
    assert "links that ended with it: 1" in run("token", "revoke", new).err
    assert client.get(path).status_code == 410
    (listed,) = run("share", "list", "--json").json
    assert (listed["token"], listed["state"]) == (new, "token ended")
    assert [each["state"] for each in run("token", "list", "--json").json] == [
        "open",
        "revoked",
    ]
    assert "links" not in run("token", "revoke", token).err


def test_a_link_that_could_not_work_is_refused(
    run: Run, token: str, database, account
) -> None:
    everything = public_id_of(make.a_token(database, account, None))
    refused = run("share", "create", everything, "--csv")
    assert (refused.code, "one campaign" in refused.err) == (2, True)
    assert run("share", "create", everything).code == 0
    assert run("share", "create", "nobody").code == 1
    assert run("share", "create", token, "--expires", "soon").code == 2
    assert run("share", "create", token, "--expires", "2020-01-01").code == 2
    assert run("share", "revoke", "nobody").code == 1
    assert len(run("share", "list", "--json").json) == 1


def test_an_expired_link_is_listed_as_such(run: Run, token: str, database) -> None:
    run("share", "create", token, "--expires", "1h")
    database.write(lambda c: c.run("UPDATE link SET expires_at = 1")).result()
    assert run("share", "list", "--json").json[0]["state"] == "expired"


def test_without_a_public_url_the_link_names_this_host(
    run: Run, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADWELL_PUBLIC_URL", "")
    monkeypatch.setenv("LEADWELL_ROOT_PATH", "/hub")
    answer = run("share", "create", token)
    assert answer.out.startswith("http://127.0.0.1:8362/hub/d/")
    assert "LEADWELL_PUBLIC_URL" in answer.err


@pytest.mark.parametrize("word", ["create", "list", "revoke"])
def test_every_command_explains_itself_with_an_example(run: Run, word: str) -> None:
    answer = run("share", word, "--help")
    assert (answer.code, "Example: leadwell share" in answer.out) == (0, True)


@pytest.fixture
def before_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database as the release before links left it."""
    schema = (Path(__file__).parents[1] / "store/baseline.sql").read_text("utf-8")
    database = make.an_empty_database(tmp_path / "old.db")
    database.write(lambda c: c.change_schema(schema)).result()
    noted = "INSERT INTO migration (version, applied_at) VALUES (:version, 0)"
    before = {"version": migrations.BASELINE}
    database.write(lambda c: c.run(noted, before)).result()
    database.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADWELL_DATABASE", "sqlite:///old.db")
    monkeypatch.delenv("LEADWELL_KEY_FILE", raising=False)


@pytest.mark.usefixtures("before_links")
def test_a_database_of_before_is_migrated_and_then_has_links(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def ran(*words: str) -> Answer:
        with pytest.raises(SystemExit) as left:
            main(words)
        return Answer(int(left.value.code or 0), *capfd.readouterr())

    refused = ran("share", "list")
    assert (refused.code, "leadwell migrate" in refused.err) == (5, True)
    assert ran("migrate", "--check").code == 1
    dry = ran("migrate", "--dry-run")
    assert (dry.code, "CREATE TABLE link (" in dry.out) == (0, True)
    done = ran("migrate", "--json").json
    assert (done["before"], done["after"]) == (3, migrations.newest())
    assert "0004-links.sql" in done["pending"]
    assert ran("doctor").code == 0
    assert ran("share", "list", "--json").json == []
    assert ran("backup", "copy.db").code == 0
    assert ran("restore", "copy.db", "--replace").code == 0
