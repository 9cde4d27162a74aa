"""The way from an older schema, on both databases."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.errors import Refused
from leadwell.store import migrations
from leadwell.store.connection import Connection, Database
from leadwell.store.engines.postgres_text import rendered, statements
from leadwell.store.migrations import Migration
from tests import make
from tests.asking import Whole
from tests.rules.test_sql import plain, tables_of, uncommented

NEXT = migrations.BASELINE + 1
ADD_COLOUR = Migration(
    NEXT, "colour.sql", "ALTER TABLE account ADD colour TEXT; -- a; comment"
)
BASELINE_SQL = Path(__file__).with_name("baseline.sql").read_text("utf-8")
"""The schema of a new database as the first migration found it."""
SHAPES = {
    "sqlite": ["SELECT type, tbl_name, name, sql FROM sqlite_schema"],
    "postgres": [
        """
        SELECT table_name, column_name, ordinal_position, data_type, is_nullable,
               column_default, collation_name
          FROM information_schema.columns WHERE table_schema = current_schema()
        """,
        """
        SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()
        """,
        """
        SELECT relname, CAST(reloptions AS TEXT) FROM pg_class
         WHERE relkind = 'r' AND relnamespace = CAST(current_schema() AS regnamespace)
        """,
    ],
}
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


def test_two_processes_may_migrate_at_once(tmp_path: Path, old, engine: str) -> None:
    again = make.a_database_again(tmp_path / "old.db", engine)
    steps = (ADD_COLOUR, Migration(NEXT + 1, "b.sql", "CREATE TABLE b (x INTEGER);"))
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda each: apply(each, *steps), [old, again]))
    assert done == [NEXT + 1] * 2
    with again.reading() as connection:
        noted = connection.rows("SELECT version FROM migration ORDER BY version")
    assert noted == [(migrations.BASELINE,), (NEXT,), (NEXT + 1,)]
    again.close()


def test_a_database_of_something_else_is_refused(tmp_path: Path, engine: str) -> None:
    database = make.an_empty_database(tmp_path / "other.db", engine)
    database.write(lambda c: c.run("CREATE TABLE other (x INTEGER)")).result()
    with pytest.raises(Refused, match="another program"):
        version_of(database)
    database.close()


def test_migrations_are_numbered_without_a_gap() -> None:
    first = migrations.BASELINE + 1
    numbers = [migration.version for migration in migrations.known()]
    assert numbers == list(range(first, first + len(numbers)))
    assert migrations.newest() == numbers[-1]


def _baseline(connection: Connection) -> None:
    connection.change_schema(BASELINE_SQL)
    connection.run(
        "INSERT INTO migration (version, applied_at) VALUES (:version, 0)",
        {"version": migrations.BASELINE},
    )


def _shape(database: Database, engine: str) -> list[tuple[str, ...]]:
    """All tables with their columns, and all indexes, as the database tells them."""
    with database.reading() as connection:
        found = [row for sql in SHAPES[engine] for row in connection.rows(sql)]
    # SQLite writes a column that is added with other space before its comma.
    return sorted(
        tuple(re.sub(r"\s+([,)])", r"\1", plain(str(text))) for text in row)
        for row in found
    )


def test_the_migrations_lead_to_the_schema_of_a_new_database(
    tmp_path: Path, engine: str
) -> None:
    path = tmp_path / "old.db"
    old = make.an_empty_database(path, engine)
    new = make.an_empty_database(tmp_path / "new.db", engine)
    old.write(_baseline).result()
    assert old.write(lambda c: migrations.apply(c, 0)).result() == migrations.newest()
    new.write(lambda c: migrations.apply(c, 0)).result()
    assert version_of(old) == version_of(new) == migrations.newest()
    assert len(_shape(new, engine)) > 30
    assert _shape(old, engine) == _shape(new, engine)
    old.close()
    new.close()


def test_what_an_older_release_kept_is_answered_after_the_migrations(
    tmp_path: Path, engine: str
) -> None:
    """Rows as the first schema held them; ids, tokens, cursors and digests go on."""
    new = make.a_database(tmp_path / "new.db", engine)
    account = make.an_account(new)
    campaign = make.a_kept_campaign(new, account)
    token = make.a_token(new, account, campaign, "source=partner-west")
    inside = {"name": "Jane", "source": "partner-west"}
    make.leads(new, campaign, [{"fields": inside}, {"fields": {"name": "Joe"}}])
    old = make.an_empty_database(tmp_path / "old.db", engine)
    old.write(_baseline).result()
    for name, lines in tables_of(BASELINE_SQL).items():
        columns = [line.split()[0] for line in lines if line[0].islower()]
        with new.reading() as connection:
            sql = f"SELECT {', '.join(columns)} FROM {name}"  # noqa: S608
            rows = connection.rows(sql)
        if name not in {"migration", "last_id"}:
            old.write(lambda c, n=name, s=columns, r=rows: c.load(n, s, r)).result()
    cursor = _followed(new, token, None)
    assert old.write(lambda c: migrations.apply(c, 0)).result() == migrations.newest()
    assert _followed(old, token, cursor["cursor"])["data"] == []
    again = _followed(old, token, None)
    assert [each["id"] for each in again["data"]] == [1]
    assert again["digest"] == cursor["digest"]
    new.close()
    old.close()


def _followed(database: Database, token: str, cursor: str | None) -> Any:
    hub = Hub(database, make.KEYS, make.Clock(), "https://hub.example")
    asked = {"_digest": "1"} | ({"_cursor": cursor} if cursor else {})
    with Whole(app(hub)) as client:
        headers = {"Authorization": f"Bearer {token}"}
        path = "/v2/campaigns/362/leads/changes"
        answer = client.get(path, params=asked, headers=headers)
    hub.indexes.close()
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("migration", migrations.known(), ids=lambda each: each.name)
def test_a_migration_leaves_what_a_running_hub_of_before_needs(
    migration: Migration,
) -> None:
    """Hubs of the release before go on while others are of this one already.

    They know neither a new table nor a new column: so nothing is taken away, renamed or
    given another meaning, and what is new need not be given.
    """
    assert not narrowed(migration.sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE lead;",
        "DROP INDEX lead_by_updated;",
        "ALTER TABLE lead DROP COLUMN body;",
        "ALTER TABLE lead RENAME COLUMN body TO text;",
        "ALTER TABLE lead ADD size INTEGER NOT NULL;",
        "CREATE UNIQUE INDEX lead_by_key ON lead (campaign_id, external_id);",
        "UPDATE lead SET version = 1;",
        "DELETE FROM reader;",
    ],
)
def test_a_migration_that_takes_away_is_found(sql: str) -> None:
    assert narrowed(sql)


def test_a_migration_that_adds_is_none_of_these() -> None:
    assert not narrowed("ALTER TABLE lead ADD size INTEGER NOT NULL DEFAULT 0;")
    assert not narrowed("CREATE TABLE a (\n    x INTEGER NOT NULL\n) STRICT;")
    assert not narrowed("ALTER TABLE lead ADD size INTEGER;")


def narrowed(sql: str) -> list[str]:
    """The statements of a migration that a hub of before could trip over."""
    made = set(tables_of(sql))
    found = (plain(each) for each in uncommented(sql).split(";"))
    return [each for each in found if each and not _widens(each, made)]


def _widens(statement: str, made: set[str]) -> bool:
    if statement.startswith("CREATE UNIQUE INDEX"):
        return statement.split(" ON ")[1].split(maxsplit=1)[0] in made
    if statement.startswith("ALTER TABLE"):
        is_needed = "NOT NULL" in statement and "DEFAULT" not in statement
        return bool(re.match(r"ALTER TABLE \w+ ADD\b", statement)) and not is_needed
    return statement.startswith(("CREATE TABLE", "CREATE INDEX"))


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


def test_a_script_is_run_statement_by_statement() -> None:
    assert statements("; CREATE TABLE a (b);\n\nINSERT INTO a VALUES (';')\n;;") == [
        "CREATE TABLE a (b)",
        "INSERT INTO a VALUES (';')",
    ]
    assert statements("SELECT 'it''s; so' AS \"a;b\"; SELECT 2") == [
        "SELECT 'it''s; so' AS \"a;b\"",
        "SELECT 2",
    ]
    everything = statements(rendered(migrations.schema()))
    assert all(each.startswith(("CREATE ", "INSERT ")) for each in everything)
