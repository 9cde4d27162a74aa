"""What every destination promises, for each of them, with the real command."""

import ctypes
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from leadwell.client import Campaign
from leadwell.store import accounts
from leadwell.sync.destinations import DESTINATIONS
from leadwell.sync.destinations.duckdb_file import DuckDBFile
from leadwell.sync.destinations.sqlite import SQLiteFile
from leadwell.sync.errors import BusyDestination
from leadwell.sync.pulling import Pull, Wanted
from leadwell.testing import FaultServer, faults
from tests import make, served
from tests.copying import POSTGRES, Bench, connected, rows
from tests.effort import unnoted
from tests.sheets import SHEETS, of_csv, plain
from tests.sync import test_histories
from tests.sync.test_histories import READERS, Follower

NAMES = {
    "sqlite": "l.db",
    "duckdb": "l.duckdb",
    "postgresql": "l.postgresql",
    "parquet": "leads.parquet",
    "xlsx": "l.xlsx",
    "csv": "l.csv",
    "csv-excel": "l.csv",
    "ndjson": "l.ndjson",
}
KILLS = int(os.environ.get("LEADWELL_TEST_KILLS", "12"))

IN_SUITE = ("sqlite", "csv")


def each_of(*schemes: str) -> pytest.MarkDecorator:
    """All of these: a database and a file in the suite, the others in the proofs.

    What is written like one of the two shares its code with it, and every one of them
    meets every value and every fault in the suite.
    """
    each = [
        pytest.param(scheme, marks=[] if scheme in IN_SUITE else [pytest.mark.proof])
        for scheme in schemes
    ]
    return pytest.mark.parametrize("scheme", each)


each_destination = pytest.mark.parametrize("scheme", list(DESTINATIONS))
each_kind = each_of(*DESTINATIONS)
each_file = each_of(*(each for each in DESTINATIONS if each != "postgresql"))
each_database = each_of("sqlite", "duckdb", "postgresql")


def to(scheme: str) -> str:
    return test_histories.to(scheme, Path(NAMES[scheme]))


def check(bench: Bench, reading: Campaign, scheme: str) -> None:
    """The copy is what the hub lists, byte by byte for files of CSV."""
    said = bench.verify(to(scheme), "--json")
    assert (said.code, said.json["exact"]) == (0, True), said
    path = bench.copies / NAMES[scheme]
    if scheme in READERS:
        Follower(reading, scheme, path, "").check()
    elif scheme in SHEETS:
        export = bench.ask("GET", "/export?_format=csv").text
        written = [*map(plain, SHEETS[scheme](path))]
        assert written == [*map(plain, of_csv(export))]
    else:
        export = bench.ask("GET", f"/export?_format={scheme}").data
        assert path.read_bytes() == export


def test_every_destination_is_tested() -> None:
    assert NAMES.keys() == DESTINATIONS.keys()


@each_destination
def test_every_value_arrives_and_changes_follow(
    full_bench: Bench, scheme: str, reading: Campaign
) -> None:
    assert full_bench.sync(to(scheme), "--json").json["added"] == 1301
    check(full_bench, reading, scheme)
    for lead_id in (2, 700, 1200):
        full_bench.ask("DELETE", f"/{lead_id}")
        full_bench.ask("PATCH", f"/{lead_id + 1}", {"status": "won"})
    full_bench.add(name="Last")
    said = full_bench.sync(to(scheme), "--json").json
    assert (said["added"], said["changed"], said["removed"]) == (1, 3, 3)
    check(full_bench, reading, scheme)


@each_kind
def test_two_at_once_make_one_right_copy(
    full_bench: Bench, scheme: str, reading: Campaign
) -> None:
    """Four begin at once; whoever finds the file held by another says so."""
    url = full_bench.url
    running = [full_bench.start("sync", url, "--to", to(scheme)) for _ in range(4)]
    said = [process.communicate(timeout=60) for process in running]
    codes = {process.returncode for process in running}
    assert 0 in codes, said
    assert codes <= ({0, 75} if scheme == "duckdb" else {0}), said
    assert full_bench.sync(to(scheme)).code == 0
    check(full_bench, reading, scheme)


def killed(bench: Bench, scheme: str, after_s: float, *, full: bool) -> bool:
    """Start a sync and kill it at some moment; whether it was still running."""
    arguments = ["--full"] if full else []
    process = bench.start("sync", bench.url, "--to", to(scheme), *arguments)
    time.sleep(after_s)
    is_running = process.poll() is None
    process.kill()
    process.communicate()
    return is_running


def after_kills(bench: Bench, reading: Campaign, scheme: str, kills: int) -> int:
    """Kill many runs while leads change; in the end the copy is right."""
    rolls = random.Random(kills)  # noqa: S311 - a seeded walk, no secret
    hits, latest_s = 0, 1.0
    for number in range(kills):
        lead_id = rolls.randint(2, 1200)
        path = f"/v2/campaigns/362/leads/{lead_id}"
        if number % 3:
            bench.hub.request("PATCH", path, json={"fields": {"name": f"n{number}"}})
        else:
            bench.hub.request("DELETE", path)
        after_s = rolls.uniform(0.1, latest_s)
        is_hit = killed(bench, scheme, after_s, full=rolls.random() < 0.3)
        hits += is_hit
        # How long a run takes depends on the machine: most are to be hit in it.
        latest_s = min(1.0, latest_s * 1.25) if is_hit else max(0.2, after_s)
        if number % 10 == 9:
            assert bench.sync(to(scheme)).code == 0
            check(bench, reading, scheme)
    assert bench.sync(to(scheme)).code == 0
    check(bench, reading, scheme)
    return hits


@each_kind
def test_a_killed_run_goes_on_where_it_was(
    full_bench: Bench, scheme: str, reading: Campaign
) -> None:
    after_kills(full_bench, reading, scheme, 2)


def test_a_run_that_was_killed_while_it_wrote_is_undone(
    full_bench: Bench, reading: Campaign
) -> None:
    """What it had written into the file already does not keep others from reading."""
    assert full_bench.sync(to("sqlite")).code == 0
    dying = [
        "import os, signal, sqlite3, sys",
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)",
        "c.execute('PRAGMA cache_size = 1')",
        "c.execute('BEGIN IMMEDIATE')",
        "c.execute('UPDATE leads SET status = 1')",
        "os.kill(os.getpid(), signal.SIGKILL)",
    ]
    path = full_bench.copies / NAMES["sqlite"]
    subprocess.run(
        [sys.executable, "-c", "\n".join(dying), path], check=False, env=unnoted()
    )
    assert path.with_name(f"{path.name}-journal").stat().st_size > 0
    assert full_bench.sync(to("sqlite"), "--json").json["changed"] == 0
    check(full_bench, reading, "sqlite")


@pytest.mark.proof
@each_destination
def test_many_kills_lose_nothing(
    full_bench: Bench, scheme: str, reading: Campaign
) -> None:
    hits = after_kills(full_bench, reading, scheme, KILLS)
    print(f"{scheme}: {KILLS} kills, {hits} of them in the middle")  # noqa: T201
    assert hits > KILLS / 3


@each_kind
def test_a_hub_that_was_restored_is_copied_anew(
    bench: Bench, reading: Campaign, scheme: str, tmp_path: Path
) -> None:
    kept = bench.add(name="kept")
    database = f"sqlite:///{bench.folder / 'leads.db'}"
    done = bench.run("backup", "b.db", "--database", database)
    assert done.code == 0, done.err
    lost = bench.add(name="lost")
    bench.ask("PATCH", f"/{kept}", {"status": "won"})
    assert bench.sync(to(scheme)).code == 0
    bench.hub.stop()
    done = bench.run("restore", "b.db", "--replace", "--database", database)
    assert done.code == 0, done.err
    hub = served.a_hub(bench.folder, bench.hub.token)
    again = Bench(hub, bench.folder, bench.copies)
    try:
        said = again.sync(to(scheme), "--json")
        assert said.code == 0, said.err
        assert "restored from a backup" in said.err
        assert said.json["removed"] == 1
        assert lost not in again.listed()
    finally:
        again.hub.kill()


@each_file
def test_what_stands_there_already_is_left_alone(standing: Bench, scheme: str) -> None:
    path = standing.copies / NAMES[scheme]
    path.write_text("somebody's own words\n" * 400)
    found = standing.sync(to(scheme))
    assert (found.code, "nothing was touched" in found.err) == (5, True), found.err
    assert path.read_text() == "somebody's own words\n" * 400


@each_database
def test_somebodys_own_tables_are_left_alone(bench: Bench, scheme: str) -> None:
    path = bench.copies / NAMES[scheme]
    change(path, "CREATE TABLE mine (x INTEGER)", "CREATE TABLE people (x INTEGER)")
    if scheme != "sqlite":
        # In another schema, every name is free.
        change(path, "CREATE SCHEMA mart", "CREATE TABLE mart.leads (x INTEGER)")
    found = bench.sync(to(scheme))
    assert (found.code, "has people" in found.err) == (5, True), found.err
    change(path, "DROP TABLE people")
    assert bench.sync(to(scheme)).code == 0
    change(
        path,
        "ALTER TABLE leads ADD COLUMN note VARCHAR",
        "UPDATE leads SET note = 'call'",
        "CREATE VIEW own AS SELECT id, name FROM leads",
    )
    bench.ask("PATCH", "/1", {"status": "won"})
    assert bench.sync(to(scheme)).code == 0
    assert rows(path, "SELECT status, note FROM leads") == [("won", "call")]
    assert bench.verify(to(scheme)).code == 0


@each_database
def test_a_copy_of_another_shape_is_refused(standing: Bench, scheme: str) -> None:
    standing.sync(to(scheme))
    path = standing.copies / NAMES[scheme]
    change(path, "DROP VIEW leads_labelled", 'ALTER TABLE leads DROP COLUMN "budget"')
    found = standing.sync(to(scheme))
    assert (found.code, "lacks budget" in found.err) == (5, True), found.err


@each_kind
def test_the_copy_of_another_campaign_or_token_is_refused(
    bench: Bench, scheme: str
) -> None:
    database = make.a_database_again(bench.folder / "leads.db")
    with database.reading() as connection:
        (account,) = accounts.find_all(connection)
    other = make.a_kept_campaign(database, account, id=400, slug="other")
    key = served.KEY
    elsewhere = make.a_token(database, account, other, key=key)
    known = make.a_token(database, account, None, key=key)
    database.close()
    found = bench.sync(to(scheme))
    assert found.code == 0, found.err
    url = bench.url.replace("/362", "/400")
    for token in (elsewhere, known):
        found = bench.run("sync", url, "--to", to(scheme), "--full", token=token)
        assert (found.code, "copy of campaign 362" in found.err) == (5, True), found
    found = bench.sync(to(scheme), token=known)
    assert (found.code, "another token" in found.err) == (5, True), found.err
    found = bench.sync(to(scheme), "--full", token=known)
    assert found.code == 0, found.err
    found = bench.run("verify", url, "--to", to(scheme), token=known)
    assert found.code == 5, found.err


@each_file
def test_a_place_that_cannot_be_written_is_explained(bench: Bench, scheme: str) -> None:
    assert bench.sync(to(scheme)).code == 0
    bench.add()
    before = held(bench.copies)
    found = bench.sync(to(scheme), first=without_rights(bench.copies))
    bench.copies.chmod(0o755)
    assert (found.code, "look at the rights" in found.err) == (2, True), found.err
    assert held(bench.copies) == before
    for path in bench.copies.glob("l*.*"):
        path.chmod(0o644)
    assert bench.sync(to(scheme)).code == 0
    assert bench.verify(to(scheme)).code == 0


@each_file
def test_a_full_disk_loses_nothing(full_bench: Bench, scheme: str) -> None:
    """A file may not grow past some sizes, at which different writes fail."""
    assert full_bench.sync(to(scheme), "--filter", "id=1").code == 0
    for kilobytes in (40, 300):
        found = full_bench.sync(to(scheme), "--full", first=no_more_than(kilobytes))
        assert (found.code, "run again" in found.err) == (75, True), found.err
        # What was stored is whole; a file is of the moment when it was last written.
        assert full_bench.verify(to(scheme)).code in {0, 6}
    assert full_bench.sync(to(scheme), "--full").code == 0
    assert full_bench.verify(to(scheme)).code == 0


def test_a_locked_file_is_waited_for_and_then_told(
    bench: Bench, reading: Campaign
) -> None:
    assert bench.sync("sqlite:l.db").code == 0
    path = bench.copies / "l.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        pull = Pull(reading, "", SQLiteFile(path, wait_s=0.1), Wanted())
        with pytest.raises(BusyDestination, match="locked by another program"):
            pull.run()
        process = bench.start("sync", bench.url, "--to", "sqlite:l.db")
        time.sleep(1)
        assert process.poll() is None
        other.execute("ROLLBACK")
        process.communicate(timeout=30)
        assert process.returncode == 0


def test_a_database_that_could_not_be_made_is_not_in_the_way(standing: Bench) -> None:
    """Nobody meets one that is half made, and none is left behind."""
    said = standing.sync("duckdb:l.duckdb", first=no_more_than(8))
    assert (said.code, "run again" in said.err) == (75, True), said
    assert list(standing.copies.iterdir()) == []
    assert standing.sync("duckdb:l.duckdb").code == 0


def test_a_database_is_made_where_a_deleted_one_has_left_its_log(
    standing: Bench,
) -> None:
    path = standing.copies / "l.duckdb"
    dying = f"import duckdb, os; c = duckdb.connect({str(path)!r})"
    dying += "; c.execute('CREATE TABLE leads (id INT)'); os._exit(9)"
    subprocess.run([sys.executable, "-c", dying], check=False, env=unnoted())
    assert path.with_name("l.duckdb.wal").exists()
    path.unlink()
    assert standing.sync("duckdb:l.duckdb").code == 0


def test_a_run_that_only_looks_is_waited_for(standing: Bench) -> None:
    path = standing.copies / "l.duckdb"
    duckdb.connect(str(path)).close()
    looking = f"import duckdb, time; c = duckdb.connect({str(path)!r}, read_only=True)"
    looking += "; print('open', flush=True); time.sleep(0.3)"
    command = [sys.executable, "-c", looking]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"open\n"
        DuckDBFile(path).open().close()


def test_a_file_that_another_program_has_open_is_told(standing: Bench) -> None:
    assert standing.sync("duckdb:l.duckdb").code == 0
    with duckdb.connect(str(standing.copies / "l.duckdb")):
        process = standing.start("sync", standing.url, "--to", "duckdb:l.duckdb")
        _, err = process.communicate(timeout=60)
    assert (process.returncode, "open in another program" in err) == (75, True)


def test_a_file_that_was_changed_is_found_out_and_mended(bench: Bench) -> None:
    bench.add()
    assert bench.sync("csv:l.csv").code == 0
    path = bench.copies / "l.csv"
    whole = path.read_bytes()
    path.write_bytes(b"\r\n".join(whole.split(b"\r\n")[:2]) + b"\r\n")
    found = bench.verify("csv:l.csv")
    assert (found.code, "1 missing (2)" in found.out) == (6, True), found
    assert bench.verify("csv:l.csv", "--repair").code == 0
    assert path.read_bytes() == whole
    path.unlink()
    assert bench.verify("csv:l.csv").code == 6
    assert bench.sync("csv:l.csv").code == 0
    assert path.read_bytes() == whole
    path.write_text("id;name\n1;x\n")
    assert bench.verify("csv:l.csv").code == 5


@each_database
def test_what_differs_is_named_and_mended(bench: Bench, scheme: str) -> None:
    for _ in range(3):
        bench.add()
    assert bench.sync(to(scheme)).code == 0
    path = bench.copies / NAMES[scheme]
    change(
        path,
        "UPDATE leads SET version = 9, name = 'x' WHERE id = 2",
        "DELETE FROM leads WHERE id = 3",
        "INSERT INTO leads (id, version) VALUES (77, 1)",
    )
    bench.ask("PATCH", "/4", {"status": "won"})
    found = bench.verify(to(scheme), "--json")
    wrong = [found.json[each] for each in ("stale", "missing", "extra", "waiting")]
    assert (found.code, wrong) == (6, [[2], [3], [77], 1])
    assert bench.verify(to(scheme), "--repair").code == 0
    waiting = bench.verify(to(scheme))
    assert (waiting.code, "right as far as it was pulled" in waiting.out) == (0, True)
    assert bench.sync(to(scheme)).code == 0
    assert bench.verify(to(scheme), "--json").json["exact"]
    assert rows(path, "SELECT name FROM leads WHERE id = 2") == [("Ann",)]


def test_standard_output_gets_everything_once(bench: Bench) -> None:
    bench.add(name="Bo", tags=["a"])
    for _ in range(2):
        said = bench.sync("ndjson:-")
        assert said.code == 0
        assert [line.split(",")[0] for line in said.out.splitlines()] == [
            '{"id":1',
            '{"id":2',
        ]
    assert [path.name for path in bench.copies.iterdir()] == ["hub"]
    assert bench.sync("csv:-", "--follow").code == 2


def test_a_run_that_is_ended_leaves_no_leads_behind(bench: Bench) -> None:
    """A scheduler ends it with SIGTERM, in the middle of what standard output gets."""
    temporary = bench.copies / "temporary"
    temporary.mkdir()
    with FaultServer(bench.url.partition("/v2")[0]) as server:
        server.plan(None, None, faults.SILENT)
        url = f"{server.url}/v2/campaigns/362"
        process = bench.start("sync", url, "--to", "ndjson:-", TMPDIR=str(temporary))
        while not list(temporary.rglob("*.leadwell")):
            assert process.poll() is None
            time.sleep(0.02)
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 130
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("how", [["--follow"], ["--every", "1s"]])
def test_a_sync_goes_on_until_it_is_interrupted(bench: Bench, how: list[str]) -> None:
    process = bench.start("sync", bench.url, "--to", "sqlite:l.db", *how)
    await_row(bench, 1)
    await_row(bench, bench.add())
    await_row(bench, bench.add())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    assert bench.verify("sqlite:l.db").code == 0


def await_row(bench: Bench, lead_id: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if (lead_id,) in rows(bench.copies / "l.db", "SELECT id FROM leads"):
                return
        except sqlite3.OperationalError:
            pass
        time.sleep(0.05)
    raise AssertionError(lead_id)


def change(path: Path, *statements: str) -> None:
    if path.suffix == POSTGRES:
        with connected(path) as opened:
            opened.execute(f"CREATE SCHEMA IF NOT EXISTS {path.stem}".encode())
            for statement in statements:
                opened.execute(statement.encode())
        return
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path)) as opened:
            for statement in statements:
                opened.execute(statement)
        return
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("l*.*")}


def without_rights(folder: Path) -> Callable[[], object]:
    """Take the right to write, and root's privilege to write all the same."""

    def take() -> None:
        for path in folder.glob("l*.*"):
            path.chmod(0o444)
        folder.chmod(0o555)
        drop_from_bounds, overrides = 24, 1
        ctypes.CDLL(None).prctl(drop_from_bounds, overrides)

    return take


def no_more_than(kilobytes: int) -> Callable[[], object]:
    def limit() -> None:
        bound = (kilobytes * 1024, kilobytes * 1024)
        resource.setrlimit(resource.RLIMIT_FSIZE, bound)

    return limit
