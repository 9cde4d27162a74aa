"""What an operator wants to know of a SQLite database's health."""

import apsw

from leadwell.store.connection import Connection, Finding


def pragma(connection: Connection, name: str) -> str:
    """Return the value of one of SQLite's own settings."""
    ((value,),) = connection.rows(f"PRAGMA {name}")
    return str(value)


def faults(connection: Connection) -> list[str]:
    """Check the whole file; an empty list means that it is sound."""
    found = [str(row[0]) for row in connection.rows("PRAGMA quick_check(10)")]
    return [] if found == ["ok"] else found


def findings(connection: Connection) -> list[Finding]:
    """Check the file, and whether SQLite waits for the disk."""
    broken = faults(connection)
    sound = Finding("ok", "integrity", "the file is sound")
    journal = pragma(connection, "journal_mode")
    level = pragma(connection, "synchronous")
    is_durable = (journal, level) == ("wal", "2")
    said = f"journal_mode {journal}, synchronous {level}"
    return [
        Finding("fail", "integrity", "; ".join(broken)) if broken else sound,
        Finding("ok" if is_durable else "fail", "durability", said),
    ]


def last_stamp(connection: Connection) -> int:
    """Return the newest moment that was stamped on a lead, in microseconds."""
    ((newest,),) = connection.rows("SELECT coalesce(max(stamped_at), 0) FROM counter")
    return int(newest)


def sqlite_version() -> str:
    """Return the version of the SQLite library."""
    return apsw.sqlite_lib_version()
