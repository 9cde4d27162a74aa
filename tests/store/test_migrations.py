"""The way from an older schema, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leadwell.errors import Refused
from leadwell.store import migrations
from leadwell.store.connection import Database
from leadwell.store.engines.postgres_text import rendered
from leadwell.store.migrations import Migration
from tests import make

NEXT = migrations.BASELINE + 1
ADD_COLOUR = Migration(
    NEXT, "colour.sql", "ALTER TABLE account ADD colour TEXT; -- a; comment"
)
BROKEN = Migration(
    NEXT + 1, "broken.sql", "ALTER TABLE account ADD size TEXT; SELECT nonsense;"
)


@pytest.fixture
def old(tmp_path: Path, engine: str) -> Iterator[Database]:
    database = make.an_empty_database(tmp_path / "old.db", engine)
    apply(database)
    yield database
    database.close()


def apply(database: Database, *found: Migration) -> int:
    return database.write(lambda c: migrations.apply(c, 0, found)).result()


def version_of(database: Database) -> int:
    with database.reading() as connection:
        return migrations.version_of(connection)


def has(database: Database, column: str) -> bool:
    try:
        with database.reading() as connection:
            connection.rows(f"SELECT account.{column} FROM account")  # noqa: S608
    except Exception:
        return False
    return True


def test_migrations_are_applied_in_order_and_noted(old) -> None:
    assert version_of(old) == migrations.BASELINE
    assert apply(old, ADD_COLOUR) == NEXT
    assert apply(old, ADD_COLOUR) == NEXT
    assert version_of(old) == NEXT
    assert has(old, "colour")


def test_a_migration_that_fails_leaves_everything_as_it_was(old) -> None:
    with pytest.raises(Exception, match=r"nonsense|42703"):
        apply(old, ADD_COLOUR, BROKEN)
    assert version_of(old) == migrations.BASELINE
    assert not has(old, "colour")
    assert not has(old, "size")
    assert has(old, "slug")


def test_a_database_of_a_newer_release_is_refused(old) -> None:
    apply(old, ADD_COLOUR)
    with pytest.raises(Refused, match=f"schema version {NEXT}"):
        migrations.pending(NEXT, [])


def test_two_processes_may_begin_with_an_empty_database(
    tmp_path: Path, engine: str
) -> None:
    path = tmp_path / "new.db"
    first = make.an_empty_database(path, engine)
    both = [first, make.a_database_again(path, engine)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(apply, both)) == [migrations.BASELINE] * 2
    for database in both:
        assert version_of(database) == migrations.BASELINE
        database.close()


def test_a_database_of_something_else_is_refused(tmp_path: Path, engine: str) -> None:
    database = make.an_empty_database(tmp_path / "other.db", engine)
    database.write(lambda c: c.run("CREATE TABLE other (x INTEGER)")).result()
    with pytest.raises(Refused, match="another program"):
        version_of(database)
    database.close()


def test_the_migrations_lead_to_the_schema_of_a_new_database() -> None:
    # From the first release on, the baseline's own schema is kept beside this test.
    first = migrations.BASELINE + 1
    numbers = [migration.version for migration in migrations.known()]
    assert numbers == list(range(first, first + len(numbers)))


def test_one_script_is_rendered_for_postgresql() -> None:
    sql = """
        CREATE TABLE lead (
            id INTEGER PRIMARY KEY, -- a TEXT
            body BLOB NOT NULL,
            slug TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
    """.replace("        ", "")
    assert " ".join(rendered(sql).split()) == (
        "CREATE TABLE lead ( id BIGINT PRIMARY KEY, body BYTEA NOT NULL, "
        'slug TEXT COLLATE "C" NOT NULL ) WITH (fillfactor = 85);'
    )
    everything = rendered(migrations.schema())
    assert everything.count("fillfactor") == 3
    assert not {"STRICT", "ROWID", "INTEGER", "BLOB"} & set(everything.split())
