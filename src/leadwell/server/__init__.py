"""Put the server together: settings, database, key and application."""

import logging
import os
import secrets
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog
from starlette.routing import Router
from starlette.types import ASGIApp

from leadwell.api.app import app
from leadwell.api.hub import Hub, Limits
from leadwell.errors import Refused, UsageError
from leadwell.schema.times import microseconds
from leadwell.settings import Settings, from_environment
from leadwell.store import migrations
from leadwell.store.engines.sqlite import SQLiteConnection, SQLiteDatabase

KEY_BYTES = 32
_SCHEME = "sqlite:///"


def now() -> datetime:
    """Return the moment on the machine's clock."""
    return datetime.now(UTC)


def database_path(url: str) -> Path:
    """Return the file behind `sqlite:///leads.db` (four slashes: an absolute path).

    Raises:
        UsageError: it is no address of a database that this hub knows.
    """
    path = url.removeprefix(_SCHEME)
    if not url.startswith(_SCHEME) or not path:
        raise UsageError(
            f"{url!r} is not the address of a database",
            hint="write sqlite:///leads.db, or sqlite:////var/lib/leads.db",
        )
    return Path(path)


def open_database(url: str, *, create: bool) -> SQLiteDatabase:
    """Open the database; a new file gets today's schema if it may be created.

    Raises:
        Refused: it is missing, older than this release, or something else's.
    """
    path = database_path(url)
    if not path.exists() and not create:
        raise Refused(
            f"there is no database {path}",
            hint="choose it with --database or LEADWELL_DATABASE, "
            "or make one: leadwell campaign create schema.yaml",
        )
    database = SQLiteDatabase(path)
    try:
        _check_schema(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _check_schema(database: SQLiteDatabase, path: Path) -> None:
    with database.reading() as connection:
        version = migrations.version_of(connection)
        pending = migrations.pending(version) if version else ()
    if version == 0:
        migrate(path)
    if pending:
        raise Refused(
            f"the database has schema version {version}, "
            f"this release needs {pending[-1].version}",
            hint="back it up, then run: leadwell migrate",
        )


def migrate(path: Path) -> int:
    """Bring the database file to today's schema; return its version."""
    connection = SQLiteConnection(path)
    try:
        return migrations.apply(connection, microseconds(now()))
    finally:
        connection.raw.close()


def key_path(settings: Settings) -> Path:
    """Return where the instance key is kept."""
    if settings.key_file:
        return Path(settings.key_file)
    return Path(f"{database_path(settings.database)}.key")


def instance_key(settings: Settings) -> bytes:
    """Return the key under which tokens are kept, making it at first use.

    Raises:
        Refused: the key file cannot be read, or is too short to be one.
    """
    path = key_path(settings)
    try:
        if not path.exists():
            _make_key(path)
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise Refused(
            f"the key file {path} cannot be used: {error}",
            hint="restore it from your backup; without it every token is void",
        ) from None
    if len(key) < KEY_BYTES:
        raise Refused(
            f"the key file {path} is too short", hint="it holds 64 hexadecimal digits"
        )
    return key


def hub_of(settings: Settings, *, create: bool = True) -> Hub:
    """Open everything one hub needs."""
    database = open_database(settings.database, create=create)
    own = f"http://{settings.host}:{settings.port}{settings.root_path}"
    return Hub(
        database=database,
        key=instance_key(settings),
        clock=now,
        public_url=(settings.public_url or own).rstrip("/"),
        limits=Limits(
            url_bytes_max=settings.url_bytes_max,
            header_bytes_max=settings.header_bytes_max,
            body_bytes_max=settings.body_bytes_max,
            batch_bytes_max=settings.batch_bytes_max,
            body_timeout_s=settings.body_timeout_s,
        ),
    )


def application() -> ASGIApp:
    """Build the application of a worker process from its environment."""
    settings = from_environment()
    configure_logs(settings.log_level)
    hub = hub_of(settings)

    @asynccontextmanager
    async def lifespan(router: Router) -> AsyncGenerator[None]:
        del router
        yield
        # Jobs that were handed in are finished; their answers may be out already.
        hub.database.close()

    return app(hub, lifespan)


def configure_logs(level: str) -> None:
    """Log one JSON object a line to stderr, without personal data.

    Raises:
        UsageError: there is no such level.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise UsageError(
            f"{level!r} is not a log level", hint="use debug, info, warning or error"
        )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _make_key(path: Path) -> None:
    # Only the owner may read it, from the first moment on.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_bytes(KEY_BYTES).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link never replaces a key that another process has made meanwhile.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
