"""`leadwell key`: on a file, and for several hubs of one database."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from leadwell.cli.app import main
from leadwell.errors import Conflict, Refused
from leadwell.model.keyring import Generation
from leadwell.model.token import digest
from leadwell.server import keyfile, keys, opening, rotating
from leadwell.settings import Settings
from leadwell.store import migrations, tokens
from leadwell.store.connection import Database
from leadwell.store.hubs import instance
from tests import make, postgres
from tests.sizes import until

OLD = "ab" * 32
HOUR_US = 3_600_000_000


@pytest.fixture
def engine() -> str:
    return "sqlite"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    """Run a command on the folder's database; its JSON, or its exit code and error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leads.db.key").write_text(OLD + "\n")
    database = make.a_database(tmp_path / "leads.db")
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    text = make.a_token(database, account, campaign, key=bytes.fromhex(OLD))
    database.close()
    monkeypatch.setenv("LEADWELL_DATABASE", "sqlite:///leads.db")

    def run(*words: str) -> Any:
        try:
            main([*words, "--json"])
        except SystemExit as left:
            said = capsys.readouterr()
            if left.code == 0:
                return json.loads(said.out)
            return left.code, json.loads(said.err.splitlines()[-1])

    run.token = text  # type: ignore[attr-defined]
    return run


def aged(path: Path) -> None:
    """Let the moment of every generation in a file have come."""
    text = path.read_text()
    path.write_text(re.sub(r"20\d\d-", "2020-", text))


def test_a_key_is_rotated_listed_and_retired(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "leads.db.key"
    assert run("key", "list") == [
        {"generation": 1, "since": None, "in_use": True, "tokens": 1, "links": 0}
    ]
    code, error = run("key", "retire", "1", "--yes")
    assert code == 5
    assert "generation 1 of the key is in use" in error["message"]
    made = run("key", "rotate", "--minutes", "60")
    assert made["generation"] == 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert [row["in_use"] for row in run("key", "list")] == [True, False]
    code, error = run("key", "rotate")
    assert code == 5
    assert "generation 2 is not in use before 20" in error["message"]
    assert "in use" in run("key", "retire", "1", "--yes")[1]["message"]

    aged(path)
    assert [row["in_use"] for row in run("key", "list")] == [False, True]
    code, error = run("key", "retire", "1")
    assert code == 5
    assert "would end token" in error["message"]
    made = run("token", "create", "--campaign", "362", "--name", "New")
    rows = run("key", "list")
    assert [(row["generation"], row["tokens"]) for row in rows] == [(1, 1), (2, 1)]
    retired = run("key", "retire", "1", "--yes")
    assert retired == {"retired": 1, "tokens": 1, "links": 0}
    assert OLD not in path.read_text()
    assert [row["generation"] for row in run("key", "list")] == [2]
    assert run("key", "retire", "1")[1]["code"] == "not_found"


@pytest.mark.parametrize("minutes", ["0", "-1", "10081", "x"])
def test_a_moment_that_hubs_would_miss_is_refused(run: Any, minutes: str) -> None:
    assert run("key", "rotate", "--minutes", minutes)[0] == 2


def test_a_file_of_before_is_read_and_one_of_today_written(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(OLD.upper() + "\n\n")
    first = Generation(1, bytes.fromhex(OLD))
    assert keyfile.read(path) == [first]
    second = keyfile.new(2, HOUR_US)
    keyfile.write(path, [first, second])
    assert keyfile.read(path) == [first, second]
    assert path.read_text().startswith(f"1 1970-01-01T00:00:00.000000Z {OLD}\n2 1970-")
    # A release of before reads hexadecimal digits alone, and refuses to begin anew.
    with pytest.raises(ValueError, match="hexadecimal"):
        bytes.fromhex(path.read_text().strip())
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds a generation twice, or none"),
        ("abcd", "too short"),
        (f"1 2026-01-01T00:00:00Z {OLD}\n1 2026-01-01T00:00:00Z {OLD}", "twice"),
        (f"1 2026-01-01T00:00:00Z {OLD}\n{OLD}", "a line of it is no generation"),
        (f"1 yesterday {OLD}", "yesterday"),
        (f"0 2026-01-01T00:00:00Z {OLD}", "a line of it is no generation"),
        (f"2 2026-01-01T00:00:00Z {OLD[:40]}", "too short"),
        ("æ", "cannot be used"),
    ],
)
def test_a_file_that_holds_no_key_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    with pytest.raises(Refused) as caught:
        keyfile.read(path)
    assert said in caught.value.detail
    assert OLD[:40] not in caught.value.detail


class Machine:
    """One hub's own key file, for a database that several hubs share."""

    def __init__(self, folder: Path, url: str, key: str) -> None:
        folder.mkdir()
        self.path = folder / "key"
        self.path.write_text(key)
        self.settings = Settings(
            database=url, key_file=str(self.path), allow_unsafe_database=True
        )

    def agreed(self, database: Database) -> list[int]:
        found = keys.agreed(self.settings, database)
        return [each.number for each in found.generations]


def test_all_hubs_of_a_database_agree_on_each_generation(tmp_path: Path) -> None:
    database = make.a_database(tmp_path / "leads.db", "postgres")
    url = postgres.server().again(tmp_path / "leads.db")
    one, other = Machine(tmp_path / "one", url, OLD), Machine(tmp_path / "2", url, OLD)
    try:
        _agree(database, one, other)
    finally:
        database.close()


def _agree(database: Database, one: Machine, other: Machine) -> None:
    assert one.agreed(database) == other.agreed(database) == [1]
    made = rotating.rotate(one.settings, database, 0)
    assert one.agreed(database) == [2, 1]
    # One that lacks it does not start, and says what to do.
    with pytest.raises(Refused, match="lacks generation 2") as caught:
        other.agreed(database)
    assert "copy the file" in caught.value.hint
    assert rotating.rotate(one.settings, database, 0).number == 3
    with pytest.raises(Refused, match="lacks generation 3"):
        rotating.rotate(other.settings, database, 0)
    other.path.write_bytes(one.path.read_bytes())
    assert other.agreed(database) == [3, 2, 1]
    # What one has retired the other's file still has: it counts no longer.
    rotating.retire(one.settings, database, 1)
    assert one.agreed(database) == other.agreed(database) == [3, 2]
    assert {each.number for each in keyfile.read(other.path)} == {1, 2, 3}
    assert made.number == 2
    # Lost for good: the next hub that starts gives all of its own.
    other.path.write_text("cd" * 32)
    with pytest.raises(Refused, match="lacks generation 3"):
        other.agreed(database)
    database.write(instance.forget_key).result()
    assert other.agreed(database) == [1]
    one.path.write_text("ef" * 32)
    with pytest.raises(Refused, match="is not that of"):
        one.agreed(database)


def test_of_two_that_are_made_at_once_one_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = make.a_database(tmp_path / "leads.db", "postgres")
    url = postgres.server().again(tmp_path / "leads.db")
    one, other = Machine(tmp_path / "one", url, OLD), Machine(tmp_path / "2", url, OLD)
    honest = keyfile.write

    def write(path: Path, generations: Any) -> None:
        """Let the other hub be first, at the worst moment."""
        honest(path, generations)
        monkeypatch.setattr(keyfile, "write", honest)
        rotating.rotate(other.settings, database, 0)

    monkeypatch.setattr(keyfile, "write", write)
    with pytest.raises(Conflict, match="another hub has just made generation 2"):
        rotating.rotate(one.settings, database, 0)
    assert [each.number for each in keyfile.read(one.path)] == [1]
    assert other.agreed(database) == [2, 1]
    database.close()


def test_a_hub_that_runs_learns_of_it(
    hub: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    settings = Settings(
        database=f"sqlite:///{tmp_path}/leads.db", key_file=str(tmp_path / "key")
    )
    keyfile.write(tmp_path / "key", [Generation(1, make.KEY[:32])])
    database = opening.connect(settings)
    monkeypatch.setattr(rotating, "LOOK_EVERY_S", 0.01)
    watch = rotating.KeyWatch(hub, settings)
    before = hub.keys.generations
    watch.start()
    try:
        rotating.rotate(settings, database, 0)
        until(lambda: [each.number for each in hub.keys.generations] != [1])
        # A file that cannot be read changes nothing: readers are still served.
        (tmp_path / "key").write_text("nonsense")
        watch.look()
        assert len(hub.keys.generations) == 2
    finally:
        watch.stop()
        hub.keys.turn(before, 0)
        database.close()


def test_the_migration_leaves_tokens_under_the_first_generation(tmp_path: Path) -> None:
    step = next(each for each in migrations.known() if "key-generations" in each.name)
    assert step.sql.count("DEFAULT 1") == 2
    database = make.a_database(tmp_path / "leads.db")
    account = make.an_account(database)
    text = make.a_token(database, account, None)
    with database.reading() as connection:
        found = tokens.find_by_digest(connection, digest(make.KEY, text))
    assert found is not None
    assert found.key_generation == 1
    database.close()
