"""The way from an older database to today's schema: numbered SQL scripts.

`schema.sql` is the truth for a new database and counts as `BASELINE`; each
later release adds `NNNN-words.sql` here and the same change there. A test holds the
two equal. Both are written for SQLite and rendered for PostgreSQL (ADR 0012).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from leadwell.errors import Refused
from leadwell.store.connection import Connection

BASELINE = 3
"""Version 1 was that of databases made before the first release."""
HALF = "copying"
"""The table that marks half a copy of another database (store.moving)."""
_OURS = {"migration", "account", "campaign", "counter"}
"""Every version of the schema has these, and hardly another program."""
_NAME = re.compile(r"(\d{4})-[a-z0-9-]+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One script, and the version of the schema that it leads to."""

    version: int
    name: str
    sql: str


def known() -> tuple[Migration, ...]:
    """Return all migrations of this release, oldest first."""
    found: list[Migration] = []
    for file in resources.files(__package__).iterdir():
        shape = _NAME.fullmatch(file.name)
        if shape:
            sql = file.read_text(encoding="utf-8")
            found.append(Migration(int(shape[1]), file.name, sql))
    return tuple(sorted(found, key=lambda migration: migration.version))


def newest(migrations: Sequence[Migration] | None = None) -> int:
    """Return the version of today's schema."""
    migrations = known() if migrations is None else migrations
    return max((migration.version for migration in migrations), default=BASELINE)


def schema() -> str:
    """Return the SQL of a new database."""
    path = resources.files("leadwell.store") / "schema.sql"
    return path.read_text(encoding="utf-8")


def version_of(connection: Connection) -> int:
    """Return the version of the database's schema; 0 when it has none yet.

    Raises:
        Refused: the database is one of something else, or half a copy.
    """
    if source := copied_from(connection):
        raise Refused(
            f"the database holds half a copy of {source}",
            hint="run again what began it: leadwell copy",
        )
    tables = _tables(connection)
    if not tables:
        return 0
    if tables >= _OURS:
        (version,) = connection.rows("SELECT max(version) FROM migration")[0]
        if version:
            return int(version)
    raise Refused(
        "the database belongs to another program",
        hint="choose another one, or make one for Leadwell alone",
    )


def copied_from(connection: Connection) -> str | None:
    """Return what a database holds half a copy of; `None`: it does not."""
    if HALF not in _tables(connection):
        return None
    ((source,),) = connection.rows(f"SELECT source FROM {HALF}")
    return str(source)


def check_current(connection: Connection) -> int:
    """Return the version of a database's schema, which is today's, or 0: it is empty.

    Raises:
        Refused: it is another one, and why.
    """
    version = version_of(connection)
    if waiting := pending(version) if version else ():
        raise Refused(
            f"the database has schema version {version}, "
            f"this release needs {waiting[-1].version}",
            hint="back it up, then run: leadwell migrate",
        )
    return version


def pending(
    version: int, migrations: Sequence[Migration] | None = None
) -> tuple[Migration, ...]:
    """Return the migrations that lead from this version to today's schema.

    Raises:
        Refused: the database is newer than this release.
    """
    migrations = known() if migrations is None else migrations
    if 0 < version < BASELINE:
        raise Refused(
            f"the database has schema version {version}, of before the first release",
            hint="import its leads into a new database",
        )
    if version > (today := newest(migrations)):
        raise Refused(
            f"the database is of a newer Leadwell: it has schema version {version}, "
            f"this release knows {today}",
            hint="install the release that made it, or a newer one",
        )
    return tuple(m for m in migrations if m.version > max(version, BASELINE))


def script(connection: Connection) -> list[str]:
    """Return the SQL that `apply` would run in this database.

    Raises:
        Refused: as `version_of` and `pending`.
    """
    version = version_of(connection)
    scripts = [step.sql for step in pending(version)] if version else [schema()]
    return [connection.as_run(sql) for sql in scripts]


def apply(
    connection: Connection,
    now: int,
    migrations: Sequence[Migration] | None = None,
) -> int:
    """Bring the database to today's schema, in one transaction; return its version.

    `now` is in microseconds since 1970. A new database is made from the schema file.
    """
    migrations = known() if migrations is None else migrations
    connection.lock_schema()
    version = version_of(connection)
    if version == 0:
        connection.change_schema(schema())
        _note(connection, newest(migrations), now)
        return newest(migrations)
    for migration in pending(version, migrations):
        connection.change_schema(migration.sql)
        _note(connection, migration.version, now)
        version = migration.version
    return version


def _tables(connection: Connection) -> set[str]:
    return {row[0] for row in connection.rows(connection.dialect.tables)}


def _note(connection: Connection, version: int, now: int) -> None:
    connection.run(
        "INSERT INTO migration (version, applied_at) VALUES (:version, :now)",
        {"version": version, "now": now},
    )
