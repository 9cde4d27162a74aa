"""What an operator wants to know of a SQLite database's health."""

import apsw

from leadwell.store.connection import Connection, Finding

DAMAGED = "stop the hub, keep the file, and restore the newest backup"


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
