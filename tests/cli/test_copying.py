"""`leadwell copy`: what it says, where it stops, and what it refuses."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from leadwell.store import migrations
from leadwell.store.moving import copying
from tests import make, postgres
from tests.cli.saying import Run, runs
from tests.effort import unnoted


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADWELL_ALLOW_UNSAFE_DATABASE", "true")
    for name in ("DATABASE", "KEY_FILE", "ERASURE_FILE"):
        monkeypatch.delenv(f"LEADWELL_{name}", raising=False)

    return runs(capfd)


@pytest.fixture
def empty(tmp_path: Path) -> str:
    return postgres.server().made(tmp_path / "target.db", template="empty")


def a_hub(folder: Path) -> None:
    database = make.a_database(folder / "leads.db")
    campaign = make.a_kept_campaign(database, make.an_account(database))
    make.a_lead(database, campaign)
    database.close()
    (folder / "leads.db.key").write_text(make.KEY.hex())


def test_a_hub_is_moved_there_and_back(run: Run, tmp_path: Path, empty: str) -> None:
    a_hub(tmp_path)
    code, out, err = run("copy", "--from", "sqlite:///leads.db", "--to", empty)
    assert code == 0, err
    assert "1 digests: all the same" in out
    assert f"LEADWELL_KEY_FILE={tmp_path / 'leads.db.key'}\n" in err
    assert f"{tmp_path / 'leads.db.erasures'}   (not there yet)" in err
    assert "Comparing " in err

    there = run("campaign", "list", "--database", empty, "--json")
    assert [each["id"] for each in json.loads(there[1])] == [362]
    back = run("copy", "--from", empty, "--to", "sqlite:///back.db", "--json")
    told = json.loads(back[1])
    assert (back[0], told["different"], told["rows"]["lead"]) == (0, [], 1)
    assert [(each["count"], each["agrees"]) for each in told["digests"]] == [(1, True)]
    # What it is called is what the next command takes.
    assert told["database"] == "sqlite:///back.db"
    assert "LEADWELL_DATABASE=sqlite:///back.db\n" in back[2]
    assert run("doctor", "--deep", "--database", "sqlite:///back.db")[0] == 0

    code, _, err = run("copy", "--from", empty, "--to", "sqlite:///back.db")
    assert (code, "the target is not empty" in err) == (5, True)


def test_half_a_copy_is_opened_by_nothing_else(
    run: Run, tmp_path: Path, empty: str
) -> None:
    a_hub(tmp_path)
    target = make.a_database_again(tmp_path / "target.db", "postgres")
    copying.begin(target, f"sqlite:///{tmp_path / 'leads.db'}", 0)
    target.close()
    for command in ("serve", "migrate", "doctor"):
        code, out, err = run(command, "--database", empty)
        assert code in {1, 5}, command
        assert "half a copy" in out + err
    assert run("copy", "--from", "sqlite:///leads.db", "--to", empty)[0] == 0


def test_what_still_differs_is_told_by_the_exit_code(run: Run, tmp_path: Path) -> None:
    a_hub(tmp_path)
    database = make.a_database_again(tmp_path / "leads.db")
    database.write(lambda c: c.run("UPDATE scope SET leads = 7")).result()
    database.close()
    code, out, _ = run("copy", "--from", "sqlite:///leads.db", "--to", "sqlite:///b.db")
    assert (code, "campaigns 362: see leadwell doctor --deep" in out) == (6, True)


@pytest.mark.parametrize(
    ("source", "target", "code", "said"),
    [
        ("sqlite:///leads.db", "sqlite:///./leads.db", 2, "the same database"),
        ("sqlite:///missing.db", "sqlite:///b.db", 5, "there is no database missing"),
        ("sqlite:///empty.db", "sqlite:///b.db", 5, "empty.db is empty"),
        ("sqlite:///leads.db", "sqlite:///no/b.db", 5, "there is no folder no"),
        ("sqlite:///leads.db", "leads", 2, "is not the address of a database"),
        ("sqlite:///leads.db", "sqlite:///other.db", 5, "another program"),
        ("sqlite:///old.db", "sqlite:///b.db", 5, "run: leadwell migrate"),
    ],
)
def test_what_cannot_be_copied_says_why(
    run: Run, tmp_path: Path, source: str, target: str, code: int, said: str
) -> None:
    a_hub(tmp_path)
    make.an_empty_database(tmp_path / "empty.db").close()
    other = make.an_empty_database(tmp_path / "other.db")
    other.write(lambda c: c.run("CREATE TABLE other (x INTEGER)")).result()
    other.close()
    old = make.a_database(tmp_path / "old.db")
    old.write(lambda c: c.run("DELETE FROM migration")).result()
    old.write(
        lambda c: c.run(
            "INSERT INTO migration (version, applied_at) VALUES (:version, 0)",
            {"version": migrations.newest() - 1},
        )
    ).result()
    old.close()
    found = run("copy", "--from", source, "--to", target)
    assert (found[0], said in found[2]) == (code, True), found
    assert not (tmp_path / "b.db").exists()


def test_a_hub_that_runs_is_not_copied(run: Run, tmp_path: Path) -> None:
    a_hub(tmp_path)
    database = make.a_database_again(tmp_path / "leads.db")
    with database.reading():
        code, _, err = run(
            "copy", "--from", "sqlite:///leads.db", "--to", "sqlite:///b.db"
        )
    database.close()
    assert (code, "is in use" in err) == (5, True)


def test_ctrl_c_says_that_it_goes_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_hub(tmp_path)

    def press(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(copying, "end", press)
        code, _, err = run(
            "copy", "--from", "sqlite:///leads.db", "--to", "sqlite:///b.db"
        )
        assert (code, "run the same command again" in err) == (75, True)
    again = run("copy", "--from", "sqlite:///leads.db", "--to", "sqlite:///b.db")
    assert again[0] == 0


@pytest.mark.proof
def test_a_copy_that_is_killed_goes_on(run: Run, tmp_path: Path, empty: str) -> None:
    """`kill -9` at moments of its way; what came of it is the whole hub."""
    database = make.a_database(tmp_path / "leads.db")
    campaign = make.a_kept_campaign(database, make.an_account(database))
    for _ in range(20):
        make.leads(database, campaign, [{"fields": {"name": "Jane"}}] * 500)
    database.close()
    command = ["copy", "--from", "sqlite:///leads.db", "--to", empty]
    program = [sys.executable, "-m", "leadwell.cli", *command]
    halves = []
    for number in range(4):
        process = subprocess.Popen(
            program,
            cwd=tmp_path,
            env=unnoted(),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        _wait_for_rows(tmp_path, 1 + 2_000 * number)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        halves.append(_rows(tmp_path))
    assert halves == sorted(halves)
    assert 0 < halves[0] < 10_000
    code, out, _ = run(*command, "--json")
    told = json.loads(out)
    assert (code, told["rows"]["lead"], told["went_on"]) == (0, 10_000, True)


def _rows(folder: Path) -> int:
    url = postgres.server().again(folder / "target.db")
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('lead')").fetchone() == (None,):
            return 0
        found = connection.execute("SELECT count(*) FROM lead").fetchone()
        return int(found[0]) if found else 0


def _wait_for_rows(folder: Path, rows: int) -> None:
    for _ in range(1_000):
        if _rows(folder) >= rows:
            return
        time.sleep(0.02)
    pytest.fail("the copy does not begin")
