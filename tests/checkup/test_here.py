"""`leadwell doctor --deep`: one thing is damaged at a time, and is found and told."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from leadwell.cli.app import main
from leadwell.store import campaigns
from leadwell.store.checking import order
from leadwell.store.connection import Connection, Database, Finding
from leadwell.store.engines import postgres_checkup
from leadwell.store.engines.postgres import Limits, PostgresDatabase
from leadwell.store.engines.sqlite import SQLiteDatabase
from leadwell.store.hubs import instance
from leadwell.store.writes import erasing
from tests import make, postgres

Doctor = Callable[[], tuple[int, dict[str, tuple[str, str]]]]
HOUR_US = 3_600_000_000
LATER = 1_800_000_000_000_000
FICKLE = """
CREATE EXTENSION amcheck;
CREATE FUNCTION fickle(a int8, b int8) RETURNS int LANGUAGE sql IMMUTABLE
    AS 'SELECT btint8cmp($1, $2)';
CREATE OPERATOR CLASS fickle FOR TYPE int8 USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
    FUNCTION 1 fickle(int8, int8);
CREATE INDEX lead_by_fickle ON lead (id fickle);
CREATE OR REPLACE FUNCTION fickle(a int8, b int8) RETURNS int LANGUAGE sql IMMUTABLE
    AS 'SELECT btint8cmp($2, $1)'
"""
"""An index whose order turns round once it is filled: as if its pages were damaged."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADWELL_DATABASE", "sqlite:///leads.db")
    monkeypatch.delenv("LEADWELL_ERASURE_FILE", raising=False)
    database = make.a_database(tmp_path / "leads.db")
    campaign = make.a_kept_campaign(database, make.an_account(database))
    make.leads(database, campaign, [{"fields": {"name": f"N{n}"}} for n in range(400)])
    database.close()
    return tmp_path


@pytest.fixture
def doctor(folder: Path, capsys: pytest.CaptureFixture[str]) -> Doctor:
    del folder

    def _run() -> tuple[int, dict[str, tuple[str, str]]]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["doctor", "--deep", "--json"])
        document = json.loads(capsys.readouterr().out)
        found = {one["what"]: (one["state"], one["said"]) for one in document}
        return int(left.value.code or 0), found

    return _run


def changed(job: Callable[[Connection], object]) -> None:
    database = SQLiteDatabase(Path("leads.db"))
    database.write(job).result()
    database.close()


def test_a_sound_hub_has_nothing_but_no_backup(doctor: Doctor, folder: Path) -> None:
    code, found = doctor()
    states = {what: state for what, (state, _) in found.items()}
    assert (code, states.pop("backup"), states.pop("key")) == (0, "warn", "warn")
    assert set(states.values()) == {"ok"}
    assert {"campaign 362", "erasures", "integrity"} <= set(states)
    changed(lambda c: instance.stamp(c, instance.BACKUP))
    assert doctor()[1]["backup"] == ("ok", "the newest is 0 hours old")
    changed(
        lambda c: c.run(
            "UPDATE instance SET at = at - :more WHERE name = 'backup'",
            {"more": 30 * HOUR_US},
        )
    )
    state, said = doctor()[1]["backup"]
    assert (state, "30 hours old" in said, "leadwell backup" in said) == (
        "warn",
        True,
        True,
    )


def test_an_index_that_lacks_a_row_is_found(doctor: Doctor, folder: Path) -> None:
    """What only the deep check of SQLite compares: tables with their indexes."""
    path = folder / "leads.db"

    def job(connection: Connection) -> None:
        ((sql,),) = connection.rows(
            "SELECT sql FROM sqlite_schema WHERE name = 'lead_by_updated'"
        )
        connection.run("PRAGMA writable_schema = ON")
        # The index forgets its leads, as one that was not written would.
        connection.run("DELETE FROM sqlite_schema WHERE name = 'lead_by_updated'")
        connection.run(
            "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql)"
            " SELECT 'index', 'lead_by_updated', 'lead', rootpage, :sql"
            "   FROM sqlite_schema WHERE name = 'token_by_lineage'",
            {"sql": sql},
        )

    changed(job)
    assert path.exists()
    code, found = doctor()
    assert (code, found["integrity"][0]) == (1, "fail")
    assert "restore" in found["integrity"][1]


def test_a_damaged_page_is_said_and_the_rest_is_looked_at(
    doctor: Doctor, folder: Path
) -> None:
    path = folder / "leads.db"
    data = bytearray(path.read_bytes())
    place = data.rindex(b"N399")
    page = place // 4096 * 4096
    data[page : page + 64] = bytes(range(64))
    path.write_bytes(data)
    code, found = doctor()
    assert (code, found["campaigns"][0]) == (1, "fail")
    assert "restore a backup" in found["campaigns"][1]
    assert found["integrity"][0] == "fail"
    assert found["backup"][0] == "warn"


def test_erasures_that_the_file_or_the_database_lacks_are_found(
    doctor: Doctor, folder: Path
) -> None:
    file = folder / "leads.db.erasures"
    lines = [{"campaign_id": 362, "lead_id": each, "at": 1} for each in (5, 9_999)]
    file.write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    code, found = doctor()
    assert (code, found["erasures"][0]) == (1, "fail")
    assert found["erasures"][1] == (
        "campaign 362: lead 5 was erased, and is here: start the hub again"
    )
    file.unlink()

    def job(connection: Connection) -> None:
        erasing.erase(connection, campaigns.known(connection, 362), 7, LATER)

    changed(job)
    state, said = doctor()[1]["erasures"]
    assert (state, "1 erased leads are not in the file" in said) == ("fail", True)
    assert "leadwell lead erase 7 --campaign 362" in said
    with pytest.raises(SystemExit) as left:
        main(["lead", "erase", "7", "--campaign", "362", "--yes"])
    assert not left.value.code
    assert doctor()[1]["erasures"][0] == "ok"


def test_a_file_of_erasures_that_cannot_be_read_is_said(
    doctor: Doctor, folder: Path
) -> None:
    (folder / "leads.db.erasures").write_text("nothing of the kind\n")
    code, found = doctor()
    assert (code, found["erasures"][0]) == (1, "fail")
    assert "line 1" in found["erasures"][1]


def test_what_was_found_is_shown_though_somebody_ends_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(order, "_leads", interrupted)
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--deep", "--json"])
    assert left.value.code == 130
    told = capsys.readouterr()
    assert "integrity" in told.out
    assert "campaign 362, 1 of 1" in told.err


@pytest.fixture
def server(tmp_path: Path) -> Database:
    return make.a_database(tmp_path / "leads.db", "postgres")


def of_pages(database: Database) -> list[Finding]:
    found = database.checkup(deep=True)
    return [finding for finding in found if finding.what == "integrity"]


def test_postgresql_looks_at_its_indexes_where_it_may(server: Database) -> None:
    (found,) = of_pages(server)
    assert (found.state, "CREATE EXTENSION amcheck" in found.said) == ("warn", True)
    campaign = make.a_kept_campaign(server, make.an_account(server))
    make.leads(server, campaign, [{"fields": {"name": f"N{n}"}} for n in range(9)])
    first, *more = FICKLE.split(";")
    server.write(lambda c: c.run(first)).result()
    (found,) = of_pages(server)
    assert (found.state, "are sound" in found.said) == ("ok", True)
    for statement in more:
        server.write(lambda c, sql=statement: c.run(sql)).result()
    (found,) = of_pages(server)
    assert found.state == "fail"
    assert found.said.startswith("lead_by_fickle are damaged: REINDEX")
    server.close()


def test_a_user_who_may_not_look_is_told_what_to_do_once(
    tmp_path: Path, server: Database
) -> None:
    server.write(lambda c: c.run("CREATE EXTENSION amcheck")).result()
    server.close()
    running = postgres.server()
    name = f"plain{os.getpid()}"
    running.run(f"CREATE ROLE {name} LOGIN")
    try:
        url = running.again(tmp_path / "leads.db").replace("postgres@", f"{name}@")
        plain = PostgresDatabase(url, postgres.UNSAFE)
        (found,) = of_pages(plain)
        plain.close()
    finally:
        running.run(f"DROP ROLE {name}")
    assert (found.state, "GRANT EXECUTE" in found.said) == ("warn", True)


def test_an_index_that_takes_too_long_is_not_called_sound(
    tmp_path: Path, server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.write(lambda c: c.run("CREATE EXTENSION amcheck")).result()
    server.close()
    monkeypatch.setattr(postgres_checkup, "_INDEXES", "SELECT 'account_pkey'")
    monkeypatch.setattr(postgres_checkup, "_CHECK", "SELECT pg_sleep(9), :name")
    url = postgres.server().again(tmp_path / "leads.db")
    limits = Limits(allow_unsafe=True, statement_timeout_s=0.1)
    slow = PostgresDatabase(url, limits)
    first, last = of_pages(slow)
    assert (first.state, first.said.split(" was not")[0]) == ("warn", "account_pkey")
    assert (last.state, last.said) == ("ok", "0 indexes are sound")
    slow.close()
