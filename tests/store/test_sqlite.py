import sqlite3
import threading
from concurrent.futures import wait
from pathlib import Path

import apsw
import pytest

from leadwell.errors import Refused, Unavailable
from leadwell.store import accounts, migrations
from leadwell.store.connection import Connection
from leadwell.store.engines import checkup
from leadwell.store.engines.sqlite import SQLiteConnection, SQLiteDatabase
from leadwell.store.migrations import Migration
from tests import make


def add(slug: str):
    return lambda connection: accounts.add(connection, slug, slug, 0)


def slugs(database: SQLiteDatabase) -> list[str]:
    with database.reading() as connection:
        return [account.slug for account in accounts.find_all(connection)]


def test_many_writes_at_once_are_all_kept(database) -> None:
    futures = [database.write(add(f"a-{number:03d}")) for number in range(300)]
    wait(futures)
    assert slugs(database) == [f"a-{number:03d}" for number in range(300)]


def test_a_job_that_raises_is_undone_alone(database) -> None:
    held = threading.Event()

    def broken(connection: Connection) -> None:
        add("broken")(connection)
        raise LookupError("broken")

    def rule(connection: Connection) -> None:
        connection.run(
            "INSERT INTO account (id, slug, name, created_at) VALUES (1, 'b', 'b', 0)"
        )

    waiting = database.write(lambda _: held.wait(5))
    jobs = [database.write(job) for job in (add("a"), broken, rule, add("c"))]
    held.set()
    waiting.result()
    faults = [job.exception() for job in jobs]
    assert [type(fault).__name__ for fault in faults] == [
        "NoneType",
        "LookupError",
        "ConstraintError",
        "NoneType",
    ]
    assert slugs(database) == ["a", "c"]


def test_a_write_that_was_called_off_is_not_made(database) -> None:
    held = threading.Event()
    first = database.write(lambda _: held.wait(5))
    second = database.write(add("second"))
    third = database.write(add("third"))
    assert second.cancel()
    held.set()
    first.result()
    third.result()
    assert slugs(database) == ["third"]


def test_a_reader_sees_one_moment(database) -> None:
    with database.reading() as connection:
        before = accounts.find_all(connection)
        database.write(add("new")).result()
        assert accounts.find_all(connection) == before == []
    assert slugs(database) == ["new"]


def test_closing_finishes_what_was_handed_in(tmp_path: Path) -> None:
    database = make.a_database(tmp_path / "leads.db")
    futures = [database.write(add(f"a-{number}")) for number in range(50)]
    database.close()
    assert all(future.done() for future in futures)
    with pytest.raises(Unavailable):
        database.write(add("late"))
    again = make.a_database_again(tmp_path / "leads.db")
    assert len(slugs(again)) == 50
    again.close()


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
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE other (x)")
    other.close()
    opened = SQLiteConnection(tmp_path / "other.db")
    with pytest.raises(Refused, match="another program"):
        migrations.version_of(opened)
    opened.raw.close()


ADD_COLOUR = Migration(3, "0003-colour.sql", "ALTER TABLE account ADD colour TEXT;")
BROKEN = Migration(
    4, "0004-broken.sql", "ALTER TABLE account ADD size TEXT; SELECT nonsense;"
)


@pytest.fixture
def old(tmp_path: Path):
    opened = SQLiteConnection(tmp_path / "old.db")
    migrations.apply(opened, 0, [])
    yield opened
    opened.raw.close()


def columns(connection: SQLiteConnection) -> set[str]:
    return {row[1] for row in connection.rows("PRAGMA table_info(account)")}


def test_migrations_are_applied_in_order_and_noted(old) -> None:
    assert migrations.version_of(old) == migrations.BASELINE
    assert migrations.apply(old, 0, [ADD_COLOUR]) == 3
    assert migrations.apply(old, 0, [ADD_COLOUR]) == 3
    assert "colour" in columns(old)


def test_a_migration_that_fails_leaves_everything_as_it_was(old) -> None:
    with pytest.raises(apsw.SQLError):
        migrations.apply(old, 0, [ADD_COLOUR, BROKEN])
    assert migrations.version_of(old) == migrations.BASELINE
    assert not columns(old) & {"colour", "size"}


def test_a_database_of_a_newer_release_is_refused(old) -> None:
    migrations.apply(old, 0, [ADD_COLOUR])
    with pytest.raises(Refused, match="schema version 3"):
        migrations.pending(3, [])


def test_the_migrations_lead_to_the_schema_of_a_new_database(tmp_path: Path) -> None:
    # From the first release on, the baseline's own schema is kept beside this test.
    assert [m.version for m in migrations.known()] == list(
        range(
            migrations.BASELINE + 1, migrations.BASELINE + 1 + len(migrations.known())
        )
    )
