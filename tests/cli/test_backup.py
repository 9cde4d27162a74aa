"""Backing up while the hub serves, restoring, and what is erased meanwhile."""

import os
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.cli.app import main
from leadwell.server.upkeep import Upkeep
from leadwell.store.engines.sqlite import SQLiteDatabase
from leadwell.store.hubs import instance
from leadwell.store.writes import scopes
from tests import make
from tests.digest import digest_of
from tests.mirror import Mirror

DAY_S = 86_400


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADWELL_DATABASE", "sqlite:///leads.db")
    return tmp_path


def ran(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(words)
    return int(left.value.code or 0)


def opened(path: Path) -> tuple[SQLiteDatabase, TestClient]:
    database = SQLiteDatabase(path)
    hub = Hub(database, make.KEYS, make.Clock(), "https://hub.example")
    return database, TestClient(app(hub))


def test_a_restore_goes_on_where_the_backup_was_made(folder: Path, capsys) -> None:
    database = make.a_database(folder / "leads.db")
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    token = make.a_token(database, account, campaign)
    for number in range(5):
        make.a_lead(database, campaign, fields={"name": f"Lead {number}"})
    client = TestClient(app(Hub(database, make.KEYS, make.Clock(), "https://h")))
    early = Mirror(client, token)
    early.follow()
    assert ran("backup", "copy.db") == 0
    assert ran("backup", "copy.db") == 5
    make.a_lead(database, campaign)
    late = Mirror(client, token)
    late.follow()
    database.close()
    assert ran("lead", "erase", "2", "--campaign", "362") == 5
    assert ran("lead", "erase", "2", "--campaign", "362", "--yes") == 0

    assert ran("restore", "copy.db") == 5
    assert ran("restore", "copy.db", "--replace") == 0
    assert "erased 1 leads again" in capsys.readouterr().out
    assert (folder / "leads.db.before-1").exists()
    database, client = opened(folder / "leads.db")
    early.client = client
    assert early.follow()["up_to_date"]
    assert (sorted(early.copy), early.reasons) == ([1, 3, 4, 5], ["erased"])
    assert ran("lead", "receipts", "2", "--campaign", "362") == 0
    assert token.split("_")[1] in capsys.readouterr().out
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.get(
        f"{late.url}/changes", params={"_cursor": late.cursor}, headers=headers
    )
    assert (answer.status_code, answer.json()["code"]) == (410, "cursor_lost")
    database.close()


def noted_at(path: Path) -> int:
    with closing(SQLiteDatabase(path)) as database, database.reading() as connection:
        return instance.noted_at(connection, instance.BACKUP)


def test_it_is_noted_when_the_newest_backup_was_made(folder: Path) -> None:
    make.a_database(folder / "leads.db").close()
    assert noted_at(folder / "leads.db") == 0
    before = time.time() * 1e6
    assert ran("backup", "copy.db") == 0
    first = noted_at(folder / "leads.db")
    assert before - 1e6 <= first <= time.time() * 1e6 + 1e6
    assert ran("backup", "--elsewhere") == 0
    assert noted_at(folder / "leads.db") >= first
    assert noted_at(folder / "copy.db") == 0
    assert ran("backup") == 2
    assert ran("backup", "more.db", "--elsewhere") == 2
    assert not (folder / "more.db").exists()


def test_a_backup_that_cannot_be_noted_is_made_all_the_same(
    folder: Path, capsys
) -> None:
    database = make.a_database(folder / "leads.db")
    database.write(lambda c: c.run("DELETE FROM migration")).result()
    database.close()
    assert ran("backup", "copy.db") == 0
    told = capsys.readouterr()
    assert "not noted" in told.err
    assert "checked" in told.out


def test_what_is_no_backup_changes_nothing(folder: Path) -> None:
    make.a_database(folder / "leads.db").close()
    before = (folder / "leads.db").read_bytes()
    (folder / "text.db").write_text("this is no database at all " * 100)
    assert ran("restore", "missing.db", "--replace") == 5
    assert ran("restore", "text.db", "--replace") == 5
    assert (folder / "leads.db").read_bytes() == before


def test_a_database_that_is_in_use_is_not_replaced(folder: Path) -> None:
    database = make.a_database(folder / "leads.db")
    make.a_kept_campaign(database, make.an_account(database))
    assert ran("backup", "copy.db") == 0
    # What a running hub writes from now on would go to the file that is put aside.
    assert ran("restore", "copy.db", "--replace") == 5
    database.close()
    assert ran("restore", "copy.db", "--replace") == 0


def test_a_backup_while_others_write_is_sound(folder: Path) -> None:
    database = make.a_database(folder / "leads.db")
    campaign = make.a_kept_campaign(database, make.an_account(database))
    stop, written = Event(), [0]

    def write() -> None:
        while not stop.is_set():
            make.a_lead(database, campaign)
            written[0] += 1

    writer = Thread(target=write)
    writer.start()
    try:
        while not written[0]:
            time.sleep(0.01)
        before = written[0]
        assert ran("backup", "copy.db") == 0
    finally:
        stop.set()
        writer.join()
    database.close()
    with closing(SQLiteDatabase(folder / "copy.db")) as copy, copy.reading() as read:
        found = read.rows("SELECT id, version FROM lead ORDER BY id")
        assert before <= len(found) <= written[0]
        assert [row[0] for row in found] == list(range(1, len(found) + 1))
        assert scopes.digest(read, 362, 0).text == digest_of(found)


def test_a_merged_lead_is_erased_by_the_one_that_it_became(
    folder: Path, capsys
) -> None:
    database = make.a_database(folder / "leads.db")
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    token = make.a_token(database, account, campaign, may_write=True)
    for _ in range(2):
        make.a_lead(database, campaign)
    client = TestClient(app(Hub(database, make.KEYS, make.Clock(), "https://h")))
    headers = {"Authorization": f"Bearer {token}"}
    url = "/v2/campaigns/362/leads/1/merge"
    assert client.post(url, json={"into": 2}, headers=headers).status_code == 200
    database.close()
    assert ran("lead", "erase", "1", "--campaign", "362", "--yes") == 5
    assert "erase lead 2" in capsys.readouterr().err
    assert ran("lead", "erase", "2", "--campaign", "362", "--yes") == 0
    assert "merged into it: 1" in capsys.readouterr().out
    assert len((folder / "leads.db.erasures").read_text().splitlines()) == 2


def test_a_hub_forgets_history_and_old_uploads_by_itself(folder: Path) -> None:
    database = make.a_database(folder / "leads.db")
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    clock = make.Clock()
    for day in (0, 40):
        make.a_lead(database, campaign, make.MIDNIGHT + timedelta(days=day))
    clock.now = make.MIDNIGHT + timedelta(days=41)
    hub = Hub(database, make.KEYS, clock, "https://h")
    old, new = hub.uploads / "old.csv", hub.uploads / "new.csv"
    for path, age_s in ((old, 8 * DAY_S), (new, 6 * DAY_S)):
        path.touch()
        os.utime(path, times=(time.time() - age_s,) * 2)
    upkeep = Upkeep(hub, history_days=30)
    upkeep.start()
    deadline = time.monotonic() + 10

    def kept() -> list[int]:
        with database.reading() as connection:
            rows = connection.rows("SELECT lead_id FROM lead_history ORDER BY 1")
        return [row[0] for row in rows]

    while kept() != [2]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    upkeep.stop()
    assert (old.exists(), new.exists()) == (False, True)
    database.close()


def test_one_work_that_fails_keeps_no_other_waiting(folder: Path) -> None:
    database = make.a_database(folder / "leads.db")
    campaign = make.a_kept_campaign(database, make.an_account(database))
    clock = make.Clock()
    make.a_lead(database, campaign)
    clock.now = make.MIDNIGHT + timedelta(days=41)
    hub = Hub(database, make.KEYS, clock, "https://h")
    # What nobody expects there: it cannot be removed as a file.
    strange = hub.uploads / "folder"
    strange.mkdir()
    os.utime(strange, times=(time.time() - 8 * DAY_S,) * 2)
    with capture_logs() as logs:
        Upkeep(hub, history_days=30)._look()
    assert [line["event"] for line in logs] == ["upkeep_failed"]
    with database.reading() as connection:
        assert connection.rows("SELECT lead_id FROM lead_history") == []
    database.close()


def test_old_history_is_forgotten(folder: Path, capsys) -> None:
    database = make.a_database(folder / "leads.db")
    campaign = make.a_kept_campaign(database, make.an_account(database))
    make.a_lead(database, campaign)
    database.close()
    assert ran("lead", "history", "1", "--campaign", "362", "--json") == 0
    assert '"what": "create"' in capsys.readouterr().out.replace('":"', '": "')
    assert ran("lead", "forget", "--campaign", "362", "--older-than", "0d") == 2
    assert ran("lead", "forget", "--campaign", "362", "--older-than", "30d") == 0
    assert "removed 1 revisions" in capsys.readouterr().out
