"""What is SQLite's own."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import apsw
import pytest
import structlog
from structlog.testing import capture_logs

from leadwell.errors import Refused, Unavailable
from leadwell.model.account import Account
from leadwell.store import accounts
from leadwell.store.connection import Connection
from leadwell.store.engines import checkup, sqlite, sqlite_connection
from leadwell.store.engines.sqlite import SQLiteDatabase
from leadwell.store.engines.sqlite_connection import SQLiteConnection
from tests import make


@pytest.fixture(scope="session")
def engine() -> str:
    return "sqlite"


def test_every_connection_is_durable(database) -> None:
    for read in (database.write(pragmas).result(), in_reader(database)):
        assert read == ("wal", "2", "1", "1", "0", "1")


def pragmas(connection: Connection) -> tuple[str, ...]:
    names = ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
    names += ("trusted_schema", "cell_size_check")
    return tuple(checkup.pragma(connection, name) for name in names)


def in_reader(database: SQLiteDatabase) -> tuple[str, ...]:
    with database.reading() as connection:
        return pragmas(connection)


def test_what_is_no_database_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database at all, but long enough " * 40)
    with pytest.raises(Refused, match="not a SQLite database"):
        SQLiteDatabase(tmp_path / "text")
    with pytest.raises(Refused, match="no folder"):
        SQLiteDatabase(tmp_path / "missing" / "leads.db")
    with pytest.raises(Refused, match="cannot be opened"):
        SQLiteDatabase(tmp_path)


def test_a_broken_rule_is_the_fault_of_its_job_alone(database) -> None:
    def rule(connection: Connection) -> None:
        connection.run("INSERT INTO account (id) VALUES (1)")

    jobs = [rule, lambda connection: accounts.add(connection, "a", "A", 0)]
    broken, kept = [database.write(job) for job in jobs]
    assert isinstance(broken.exception(), apsw.ConstraintError)
    assert kept.exception() is None


def closed(connection: SQLiteConnection) -> None:
    """Leave a connection that cannot even undo what it has begun."""
    connection.raw.close(force=True)


def test_a_connection_that_cannot_go_on_is_opened_anew(database) -> None:
    def add(slug: str) -> Callable[[Connection], Account]:
        return lambda connection: accounts.add(connection, slug, "A", 0)

    for slug in ("first", "second"):
        broken, beside = database.write(closed), database.write(add(slug))
        with capture_logs() as logs, pytest.raises(Unavailable, match="opened anew"):
            broken.result(10)
        assert {each["event"] for each in logs} <= {"connection_lost"}
        # One that came in time to share its commit is refused with it.
        assert isinstance(beside.exception(10), Unavailable | None)
    database.write(lambda c: accounts.add(c, "b", "B", 0)).result(10)


def test_a_log_that_cannot_be_written_keeps_no_writer_waiting(
    database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(connection: Connection) -> None:
        raise apsw.FullError

    with Path("/dev/full").open("w") as disk:
        logger = structlog.wrap_logger(structlog.WriteLogger(disk))
        monkeypatch.setattr(checkup, "_log", logger)
        assert database.write(full).exception(10)
        with suppress(OSError):
            disk.close()
    database.write(lambda c: accounts.add(c, "a", "A", 0)).result(10)


def test_a_writer_that_cannot_be_started_is_started_by_the_next_write(
    database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused(Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    with monkeypatch.context() as short:
        short.setattr(sqlite, "Thread", Refused)
        with pytest.raises(RuntimeError):
            database.write(lambda c: accounts.add(c, "a", "A", 0))
    database.write(lambda c: accounts.add(c, "a", "A", 0)).result(10)


@pytest.mark.parametrize(("group_max", "commits"), [(256, 2), (5, 5)])
def test_writes_that_wait_together_share_one_commit(
    database, monkeypatch: pytest.MonkeyPatch, group_max: int, commits: int
) -> None:
    monkeypatch.setattr(sqlite, "GROUP_MAX", group_max)
    seen: list[int] = []
    has_begun, may_end = Event(), Event()

    def first(connection: SQLiteConnection) -> None:
        connection.raw.set_commit_hook(lambda: bool(seen.append(1)))
        has_begun.set()
        assert may_end.wait(10)

    def add(number: int) -> Callable[[Connection], Account]:
        return lambda c: accounts.add(c, f"a{number}", f"A {number}", 0)

    holder = database.write(first)
    assert has_begun.wait(10)
    waiting = [database.write(add(number)) for number in range(20)]
    may_end.set()
    made = {each.result().slug for each in waiting}
    holder.result()
    # One is that of the job which held the others up.
    assert len(seen) == commits
    with database.reading() as connection:
        assert {each.slug for each in accounts.find_all(connection)} == made


def test_a_database_that_another_process_writes_to_is_unavailable(
    database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connection, "BUSY_TIMEOUT_MS", 20)
    other = make.a_database_again(tmp_path / "leads.db")
    holder = apsw.Connection(str(tmp_path / "leads.db"))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="another process"):
        other.write(lambda connection: accounts.add(connection, "a", "A", 0)).result()
    holder.execute("ROLLBACK")
    holder.close()
    other.write(lambda connection: accounts.add(connection, "a", "A", 0)).result()
    other.close()


def test_a_statement_that_takes_too_long_is_stopped_and_the_next_is_not(
    tmp_path: Path,
) -> None:
    endless = """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT :n)
        SELECT count(*) FROM n
    """
    database = SQLiteDatabase(tmp_path / "leads.db", timeout_s=0.5)

    def count(most: int) -> int:
        return int(database.read(lambda c: c.rows(endless, {"n": most}))[0][0])

    with pytest.raises(Unavailable) as stopped:
        count(10**12)
    assert stopped.value.reason == "statement"
    assert count(1_000) == 1_000
    # What an operator runs has no deadline: a check of the whole file takes its time.
    with database.reading() as connection:
        assert connection.rows(endless, {"n": 3_000_000}) == [(3_000_000,)]
    database.close()
