"""What an operator wants to know of a SQLite database's health, and of its faults."""

import apsw
import structlog

from leadwell.errors import InternalError, LeadwellError, Unavailable
from leadwell.errors.limits import took_too_long
from leadwell.store.connection import Connection, Finding

DAMAGED = "stop the hub, keep the file, and restore the newest backup"
_log = structlog.get_logger("leadwell.database")
_DAMAGED = (apsw.CorruptError, apsw.NotADBError)
_HINDERED: tuple[tuple[type[apsw.Error], str, str], ...] = (
    (apsw.FullError, "the disk of the database is full", "make room on it"),
    (apsw.ReadOnlyError, "the database can only be read", "see who may write it"),
    (
        apsw.CantOpenError,
        "the database is not where it was",
        "stop the hub, put the file back, and start the hub again",
    ),
    (apsw.IOError, "the disk of the database fails", "see the log of the system"),
)
"""What an operator has to see to; it is told to whom it stands in the way."""


def pragma(connection: Connection, name: str) -> str:
    """Return the value of one of SQLite's own settings."""
    ((value,),) = connection.rows(f"PRAGMA {name}")
    return str(value)


def faults(connection: Connection, *, deep: bool = False) -> list[str]:
    """Check the whole file; an empty list means that it is sound.

    `deep`: also whether every index has exactly the rows of its table.
    """
    check = "PRAGMA integrity_check(10)" if deep else "PRAGMA quick_check(10)"
    try:
        found = [str(row[0]) for row in connection.rows(check)]
    except apsw.CorruptError as error:
        found = [str(error)]
    return [] if found == ["ok"] else found


def findings(connection: Connection, *, deep: bool = False) -> list[Finding]:
    """Check the file, and whether SQLite waits for the disk."""
    broken = faults(connection, deep=deep)
    sound = "the file and its indexes are sound" if deep else "the file is sound"
    journal = pragma(connection, "journal_mode")
    level = pragma(connection, "synchronous")
    is_durable = (journal, level) == ("wal", "2")
    said = f"journal_mode {journal}, synchronous {level}"
    return [
        Finding("fail", "integrity", f"{'; '.join(broken)}: {DAMAGED}")
        if broken
        else Finding("ok", "integrity", sound),
        Finding("ok" if is_durable else "fail", "durability", said),
    ]


def last_stamp(connection: Connection) -> int:
    """Return the newest moment that was stamped on a lead, in microseconds."""
    ((newest,),) = connection.rows("SELECT coalesce(max(stamped_at), 0) FROM counter")
    return int(newest)


def sqlite_version() -> str:
    """Return the version of the SQLite library."""
    return apsw.sqlite_lib_version()


def meaning(error: BaseException, *, is_lost: bool = False) -> BaseException:
    """Return what is told of an error; one that stays is logged for the operator.

    `is_lost`: the connection is of no more use, whatever the error says.
    """
    if isinstance(error, apsw.BusyError):
        return Unavailable(
            "another process is writing to the database", hint="try again in a moment"
        )
    if isinstance(error, apsw.InterruptError):
        return took_too_long()
    if isinstance(error, _DAMAGED):
        _log.error("damaged", hint=DAMAGED)
        return InternalError(
            "the database is damaged", hint="its operator has to restore a backup"
        )
    for kind, said, hint in _HINDERED:
        if isinstance(error, kind):
            _log.error("hindered", by=said, hint=hint)
            return Unavailable(said, hint="try again once its operator has seen to it")
    if is_lost and not isinstance(error, LeadwellError):
        _log.error("connection_lost", exc_info=error)
        return Unavailable(
            "the database has to be opened anew", hint="try again in a moment"
        )
    return error
