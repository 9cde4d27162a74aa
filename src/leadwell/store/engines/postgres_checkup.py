"""Whether a PostgreSQL server keeps what it answers, and what messages call it."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import psycopg
from psycopg.conninfo import conninfo_to_dict

from leadwell.errors import LeadwellError, Refused, UsageError
from leadwell.store.connection import Connection, Finding
from leadwell.store.engines import citus
from leadwell.store.engines.postgres_errors import DatabaseFault

VERSION_MIN = 15
LEAVE_S = 2.0
"""How long a connection that was closed may be seen on the server."""
_PAUSE_S = 0.05
_INDEXES = """
SELECT c.relname
  FROM pg_class c
  JOIN pg_am a ON a.oid = c.relam
 WHERE c.relkind = 'i' AND a.amname = 'btree'
   AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
 ORDER BY c.relname
"""
_CHECK = "SELECT bt_index_check(CAST(:name AS regclass))"
_ALLOW = "GRANT EXECUTE ON FUNCTION bt_index_check(regclass) TO the hub's user"
_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


def shown(url: str) -> str:
    """Write an address as it may be shown: without its password.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        raise UsageError(
            "the address of the PostgreSQL database cannot be read",
            hint="write postgresql://user:password@host:5432/name, with %40 for an @ "
            "and the like in the password",
        ) from None
    user = f"{parts['user']}@" if "user" in parts else ""
    port = f":{parts['port']}" if "port" in parts else ""
    return f"postgresql://{user}{parts.get('host', '')}{port}/{parts.get('dbname', '')}"


def check(connection: Connection, *, allow_unsafe: bool) -> None:
    """Refuse a server on which a hub would lose or misread leads.

    Raises:
        Refused: it is older than 15, or has another encoding than UTF-8, or it
            does not wait for the disk.
    """
    version, encoding = _about(connection)
    if int(version.split(".")[0].split()[0]) < VERSION_MIN:
        raise Refused(
            f"the server is PostgreSQL {version}",
            hint=f"{VERSION_MIN} is the oldest that a hub can use",
        )
    if encoding != "UTF8":
        raise Refused(
            f"the database has the encoding {encoding}",
            hint="make another one: createdb --encoding UTF8 --template template0 …",
        )
    unsafe = [] if allow_unsafe else list(_unsafe(connection))
    if unsafe:
        raise Refused(
            f"the server may lose answered writes: {', '.join(unsafe)}",
            hint="turn it on; only for trials, set allow_unsafe_database",
        )


def findings(connection: Connection) -> list[Finding]:
    """Tell what the server is, and whether it waits for the disk."""
    version, encoding = _about(connection)
    values = [f"{name} {_setting(connection, name)}" for name in _DURABLE]
    state = "fail" if list(_unsafe(connection)) else "ok"
    return [
        Finding("ok", "server", f"PostgreSQL {version}, encoding {encoding}"),
        Finding(state, "durability", ", ".join(values)),
    ]


def pages(
    reading: Callable[[], AbstractContextManager[Connection]],
) -> Iterator[Finding]:
    """Have the server look at every page of every index, while others use them.

    It needs the extension `amcheck`, and the right to run it.
    """
    with reading() as connection:
        has_it = connection.rows("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'")
        names = [row[0] for row in connection.rows(_INDEXES)]
    if not has_it:
        said = "not looked at: CREATE EXTENSION amcheck, as its administrator"
        yield Finding("warn", "integrity", said)
        return
    wrong: list[str] = []
    sound = 0
    for name in names:
        # Each in a transaction of its own: one that fails ends it.
        try:
            with reading() as connection:
                connection.rows(_CHECK, {"name": name})
            sound += 1
        except DatabaseFault:
            wrong.append(name)
        except Refused:
            yield Finding("warn", "integrity", f"not looked at: {_ALLOW}")
            return
        except LeadwellError as error:
            yield Finding(
                "warn", "integrity", f"{name} was not looked at: {error.detail}"
            )
    if wrong:
        said = (
            f"{', '.join(wrong)} are damaged: REINDEX each, run this again, and look "
            f"at the disk and at the server's log; if that does not help, restore"
        )
        yield Finding("fail", "integrity", said)
    else:
        yield Finding("ok", "integrity", f"{sound} indexes are sound")


def check_writable(connection: Connection) -> None:
    """Refuse a database that takes no writes, for a job that writes.

    Raises:
        Refused: it is in read-only mode, or a standby.
    """
    if _setting(connection, "transaction_read_only") == "on":
        raise Refused(
            "the database is in read-only mode",
            hint="name the primary, or turn default_transaction_read_only off",
        )


def connected(connection: Connection) -> list[str]:
    """Return the programs that are connected to the database beside this process.

    On a cluster they are those of every machine, but for what its machines keep open
    among themselves.
    """
    view = "citus_stat_activity" if citus.is_there(connection) else "pg_stat_activity"
    found = connection.rows(
        f"""
        SELECT DISTINCT usename, application_name FROM {view}
         WHERE datname = current_database() AND backend_type = 'client backend'
           AND application_name <> current_setting('application_name')
           AND application_name NOT LIKE 'citus%'
         ORDER BY usename, application_name
        """
    )
    return [f"{name or 'nothing named'} of {user}" for user, name in found]


def _about(connection: Connection) -> tuple[str, str]:
    return _setting(connection, "server_version"), _setting(
        connection, "server_encoding"
    )


def _unsafe(connection: Connection) -> Iterator[str]:
    for name in _DURABLE:
        if _setting(connection, name) == "off":
            yield f"{name} is off"


def _setting(connection: Connection, name: str) -> str:
    ((value,),) = connection.rows("SELECT current_setting(:name)", {"name": name})
    return str(value)


def check_unused(
    reading: Callable[[], AbstractContextManager[Connection]], address: str
) -> None:
    """Refuse a database that anybody else is connected to.

    Raises:
        Refused: somebody is, and may write.
    """
    deadline = time.monotonic() + LEAVE_S
    while True:
        with reading() as connection:
            others = connected(connection)
        if not others:
            return
        if time.monotonic() > deadline:
            raise Refused(
                f"{address} is in use, by {', '.join(others)}",
                hint="stop the hub, and close what else is connected",
            )
        time.sleep(_PAUSE_S)
