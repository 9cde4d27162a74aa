"""What is remembered of a moment is that moment's: nothing of another one."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from leadwell.store import accounts
from leadwell.store.connection import Connection, Database, remember
from tests import make, postgres


def names(connection: Connection) -> list[str]:
    return [account.name for account in accounts.find_all(connection)]


def told(database: Database) -> list[str]:
    with database.reading() as connection:
        return remember(connection, None, ("names",), lambda: names(connection))


def add(database: Database, name: str) -> None:
    database.write(lambda c: accounts.add(c, name.lower(), name, now=0)).result()


@pytest.mark.one_server
def test_the_same_moment_is_read_once(database, account) -> None:
    calls = itertools.count()
    for _ in range(5):
        with database.reading() as connection:
            assert remember(connection, None, ("calls",), lambda: next(calls)) == 0


def test_what_was_written_is_read_at_once(database, account) -> None:
    assert told(database) == ["Demo"]
    for place, name in enumerate(["Ann", "Bo", "Cid"]):
        add(database, name)
        assert len(told(database)) == place + 2


@pytest.mark.usefixtures("account")
def test_another_process_is_seen_at_once(database, tmp_path, engine) -> None:
    path = tmp_path / "leads.db"
    other = make.a_database_again(path, engine)
    for place, name in enumerate(["Ann", "Bo", "Cid"]):
        assert len(told(database)) == place + 1
        add(other, name)
        assert len(told(database)) == place + 2
    other.close()


def test_what_is_not_committed_is_not_read(database, account) -> None:
    written, may_end = Event(), Event()

    def job(connection: Connection) -> None:
        accounts.add(connection, "ann", "Ann", now=0)
        written.set()
        assert may_end.wait(10)

    assert told(database) == ["Demo"]
    done = database.write(job)
    assert written.wait(10)
    for _ in range(3):
        assert told(database) == ["Demo"]
    may_end.set()
    done.result()
    assert told(database) == ["Ann", "Demo"]


def test_a_write_that_was_undone_leaves_no_trace(database, account) -> None:
    def job(connection: Connection) -> None:
        accounts.add(connection, "ann", "Ann", now=0)
        raise ValueError("changed my mind")

    assert told(database) == ["Demo"]
    with pytest.raises(ValueError, match="changed my mind"):
        database.write(job).result()
    assert told(database) == ["Demo"]


def test_readers_side_by_side_never_go_back(database, account) -> None:
    """Each reader, on whatever connection it gets, sees what was answered before."""
    is_over = Event()

    def read() -> None:
        seen = 0
        while not is_over.is_set():
            found = len(told(database))
            assert found >= seen
            seen = found

    with ThreadPoolExecutor() as pool:
        readers = [pool.submit(read) for _ in range(4)]
        for number in range(30):
            add(database, f"Name {number}".replace(" ", "-"))
            assert len(told(database)) == number + 2
        is_over.set()
        for reader in readers:
            reader.result()


@pytest.mark.one_server
@pytest.mark.parametrize("engine", ["postgres"])
def test_a_server_that_has_crashed_is_read_anew(database) -> None:
    """It gives numbers again that it gave before, and may give them to others."""

    def asked(sql: str) -> tuple[Any, str]:
        with database.reading() as connection:
            ((found,),) = connection.rows(sql)
            return found, connection.snapshot.partition(" ")[2]

    pid, before = asked("SELECT pg_backend_pid()")
    assert asked("SELECT 1") == (1, before)
    postgres.server().lose(pid)
    assert asked("SELECT 1") != (1, before)
