"""Which database an address means, and opening it at today's schema."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from leadwell.errors import Refused, UsageError
from leadwell.settings import Settings
from leadwell.store import migrations
from leadwell.store.connection import Connection, Database
from leadwell.store.engines.sqlite import SQLiteDatabase

if TYPE_CHECKING:
    from leadwell.store.engines.postgres import Limits, PostgresDatabase

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")
_BETWEEN = re.compile(r",(?=\s*postgres(?:ql)?://)|,\s*$")
"""Addresses may hold commas: those of several hosts."""
_KEY_NAME = "leadwell.key"
_ERASURES_NAME = "leadwell.erasures"
_SECRETS = re.compile(r"(?<=://).*@|(?<=password=)[^&\s]*")


def open_database(settings: Settings, *, create: bool, now: int) -> Database:
    """Open the database; an empty one gets today's schema if it may be created.

    `now` is in microseconds since 1970.

    Raises:
        Refused: it is missing, older than this release, or something else's.
    """
    database = connect(settings, create=create)
    try:
        _check_schema(database, create=create, now=now)
    except BaseException:
        database.close()
        raise
    return database


def connect(settings: Settings, *, create: bool = False) -> Database:
    """Open the database as it is, whatever its schema.

    Raises:
        Refused: it is missing or not safe to use.
        UsageError: its address cannot be read, or needs an extra.
    """
    url = settings.database
    if url.startswith(_POSTGRES):
        return _postgres(settings)
    path = _path(url)
    if not path.exists() and not create:
        raise Refused(
            f"there is no database {path}",
            hint="choose it with --database or LEADWELL_DATABASE, "
            "or make one: leadwell campaign create schema.yaml",
        )
    return SQLiteDatabase(path, timeout_s=settings.statement_timeout_s or None)


def with_replicas(database: Database, settings: Settings) -> Database:
    """Have a database's reads answered by its replicas too, if it has any.

    Raises:
        UsageError: the address of one cannot be read, or the database is a file.
    """
    parts = _BETWEEN.split(settings.database_replicas)
    urls = [part.strip() for part in parts if part.strip()]
    if not urls:
        return database
    for url in (settings.database, *urls):
        if url.startswith(_POSTGRES):
            continue
        raise UsageError(
            f"{_SECRETS.sub('…', url)!r} has no replicas, and is none",
            hint="write LEADWELL_DATABASE, and what LEADWELL_DATABASE_REPLICAS names, "
            "as postgresql://user:password@host/name",
        )
    from leadwell.store.engines import replicas  # noqa: PLC0415 - an extra

    primary = cast("PostgresDatabase", database)
    return replicas.ReplicatedDatabase(primary, urls, _limits(settings))


def migrate(database: Database, now: int) -> int:
    """Bring the database to today's schema; return its version.

    Raises:
        Refused: it may only be read, or the schema not be changed.
    """
    check_writable(database)
    return database.write(lambda c: migrations.apply(c, now)).result()


def check_writable(database: Database) -> None:
    """Refuse a database that takes no writes; a file says so when it is opened.

    Raises:
        Refused: it is in read-only mode, or a standby.
    """
    if database.is_remote:
        from leadwell.store.engines import postgres_checkup  # noqa: PLC0415 - an extra

        database.write(postgres_checkup.check_writable).result()


def key_path(settings: Settings) -> Path:
    """Return where the instance key is kept."""
    if settings.key_file:
        return Path(settings.key_file)
    if settings.database.startswith(_POSTGRES):
        return Path(_KEY_NAME)
    return Path(f"{_path(settings.database)}.key")


def erasure_path(settings: Settings) -> Path:
    """Return where the erasures are kept: apart from the database's backups."""
    if settings.erasure_file:
        return Path(settings.erasure_file)
    if settings.database.startswith(_SQLITE):
        return Path(f"{settings.database.removeprefix(_SQLITE)}.erasures")
    return Path(_ERASURES_NAME)


def disk_of(settings: Settings) -> Path | None:
    """Return the folder of a database that is a file."""
    is_file = settings.database.startswith(_SQLITE)
    return _path(settings.database).absolute().parent if is_file else None


def _path(url: str) -> Path:
    path = url.removeprefix(_SQLITE)
    if not url.startswith(_SQLITE) or not path:
        raise UsageError(
            f"{_SECRETS.sub('…', url)!r} is not the address of a database",
            hint="write sqlite:///leads.db, sqlite:////var/lib/leads.db "
            "or postgresql://user:password@host/name",
        )
    return Path(path)


def _postgres(settings: Settings) -> Database:
    try:
        from leadwell.store.engines import postgres  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError(
            "PostgreSQL needs a part of Leadwell that is not installed",
            hint="pip install 'leadwell[server,postgres]'",
        ) from None
    return postgres.PostgresDatabase(settings.database, _limits(settings))


def _limits(settings: Settings) -> Limits:
    from leadwell.store.engines.postgres import Limits  # noqa: PLC0415 - an extra

    return Limits(
        statement_timeout_s=settings.statement_timeout_s,
        allow_unsafe=settings.allow_unsafe_database,
        is_pooled=settings.database_pooler,
    )


def _check_schema(database: Database, *, create: bool, now: int) -> None:
    with database.reading() as connection:
        version = migrations.check_current(connection)
        if version and database.is_remote:
            _check_spread(connection)
    if version == 0 and not create:
        raise Refused(
            f"the database {database.address} is empty",
            hint="fill it: leadwell campaign create schema.yaml",
        )
    if version == 0:
        migrate(database, now)
    elif create:
        check_writable(database)


def _check_spread(connection: Connection) -> None:
    from leadwell.store.engines import citus  # noqa: PLC0415 - of an extra

    citus.check(connection)
