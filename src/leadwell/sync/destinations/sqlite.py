"""SQLite: a file that every language and most tools can open."""

import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec

from leadwell.sync.cells import Cell, Row
from leadwell.sync.destinations.base import Copy
from leadwell.sync.destinations.database import quoted
from leadwell.sync.destinations.meanings import (
    FULL,
    NOT_OPENED,
    OTHER_TABLES,
    READ_ONLY,
    Meaning,
    meant,
    unknown,
)
from leadwell.sync.destinations.tables import Tables
from leadwell.sync.errors import (
    BusyDestination,
    ForeignDestination,
    FullDestination,
)
from leadwell.sync.table import Column, Kind

WAIT_S = 30.0
"""How long another program that writes is waited for."""

WRITTEN = "leadwell_written"


@dataclass(frozen=True, slots=True)
class SQLiteFile:
    """A SQLite database in a file."""

    path: Path
    wait_s: float = WAIT_S
    scheme: ClassVar[str] = "sqlite"
    follows: ClassVar[bool] = True

    @property
    def text(self) -> str:
        """How the user names it."""
        return f"{self.scheme}:{self.path}"

    @property
    def exists(self) -> bool:
        """Whether there is anything in it."""
        return self.path.exists() and self.path.stat().st_size > 0

    def look(self) -> Copy | None:
        """Open it to read; `None`: there is no file, or an empty one."""
        if not self.exists:
            return None
        # Not "ro": what a killed run has left half done could not be undone then, and
        # nothing could be read. SQLite itself leaves a file alone that is protected.
        return SQLiteCopy(self.text, opened(self, "rw"))

    def open(self) -> "SQLiteCopy":
        """Open it to write."""
        return SQLiteCopy(self.text, opened(self, "rwc"))


class SQLiteCopy(Tables):
    """An open copy in SQLite."""

    types: ClassVar[Mapping[Kind, str]] = {
        Kind.WHOLE: "INTEGER",
        Kind.TEXT: "TEXT",
        # Not REAL, which would make 1200 into 1200.0.
        Kind.NUMBER: "NUMERIC",
        Kind.DECIMAL: "TEXT",
        Kind.BOOLEAN: "BOOLEAN",
        Kind.DATE: "TEXT",
        Kind.MOMENT: "TEXT",
        Kind.CHOICE: "TEXT",
        Kind.CHOICES: "TEXT",
        Kind.PERSON: "INTEGER",
        Kind.DATA: "TEXT",
    }
    key: ClassVar[str] = "PRIMARY KEY NOT NULL"
    listed: ClassVar[str] = "SELECT value FROM json_each(?)"
    chosen_labels: ClassVar[str] = (
        "CASE WHEN {column} IS NOT NULL THEN"
        " (SELECT json_group_array(coalesce(o.label, j.value))"
        " FROM json_each({column}) AS j"
        " LEFT JOIN options AS o ON o.field = {field} AND o.slug = j.value) END"
    )

    def __init__(self, text: str, connection: sqlite3.Connection) -> None:
        """Take over a connection."""
        self._text = text
        self._connection = connection

    @property
    def place(self) -> str:
        """Name the destination in messages."""
        return self._text

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def alone(self) -> AbstractContextManager[None]:
        """Keep all others from writing for a while."""
        return self._transaction()

    def leads(self, columns: Sequence[str]) -> Iterator[Any]:
        """Return all leads by their ids, also those that are marked as removed."""
        listed = ", ".join(map(quoted, columns))
        return self._rows(f"SELECT {listed} FROM leads ORDER BY id")

    def written(self) -> tuple[str, int] | None:
        """Return as what, and in which step, a file was made from the copy."""
        if WRITTEN not in self._names():
            return None
        ((scheme, step),) = self._run(f"SELECT scheme, step FROM {WRITTEN}")
        return scheme, step

    def note_written(self, scheme: str, step: int) -> None:
        """Note that a file was made from the copy."""
        self._run(
            f"CREATE TABLE IF NOT EXISTS {WRITTEN}"
            " (scheme TEXT NOT NULL, step INTEGER NOT NULL)"
        )
        self._run(f"DELETE FROM {WRITTEN}")
        self._run(f"INSERT INTO {WRITTEN} VALUES (?, ?)", [scheme, step])

    def _run(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with explained(self._text):
            return self._connection.execute(sql, parameters).fetchall()

    def _many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with explained(self._text):
            self._connection.executemany(sql, rows)

    def _rows(self, sql: str) -> Iterator[Any]:
        with explained(self._text):
            yield from self._connection.execute(sql)

    def _names(self) -> set[str]:
        return {name for (name,) in self._run("SELECT name FROM sqlite_master")}

    def _columns(self) -> set[str]:
        found = self._run("SELECT name FROM pragma_table_info('leads')")
        return {name for (name,) in found}

    def _put(self, rows: Sequence[Row], columns: Sequence[Column]) -> None:
        names = [quoted(column.name) for column in columns]
        held = ", ".join(f"{name} = excluded.{name}" for name in names)
        if self._keeps_removed():
            held += ", _removed_at = NULL, _removed_reason = NULL"
        self._many(
            f"INSERT INTO leads ({', '.join(names)})"
            f" VALUES ({', '.join('?' * len(names))})"
            f" ON CONFLICT (id) DO UPDATE SET {held}",
            [tuple(map(_bound, row.cells)) for row in rows],
        )

    @contextmanager
    def _transaction(self) -> "Generator[None]":
        # At once, so that what is read before the first write is of the same moment.
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            # A full disk has ended it already.
            if self._connection.in_transaction:
                self._connection.rollback()
            raise


def opened(file: SQLiteFile, mode: str) -> sqlite3.Connection:
    """Open a database in a file; `mode` is SQLite's own: rw or rwc."""
    address = f"file:{quote(str(file.path.absolute()))}?mode={mode}"
    with explained(file.text):
        connection = sqlite3.connect(
            address, uri=True, timeout=file.wait_s, isolation_level=None
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            connection.close()
            raise
    return connection


def _bound(cell: Cell) -> Cell:
    return msgspec.json.encode(cell).decode() if isinstance(cell, list) else cell


@contextmanager
def explained(text: str) -> "Generator[None]":
    """Say of SQLite's errors what they mean for the user."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        raise meant(text, _WHAT.get(code, unknown(error))) from error


_WHAT: Mapping[int, Meaning] = {
    sqlite3.SQLITE_ERROR: OTHER_TABLES,
    sqlite3.SQLITE_BUSY: (
        BusyDestination,
        "is locked by another program",
        "end what holds it, and run again: what was stored is kept",
    ),
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_IOERR: (
        FullDestination,
        "cannot be written or read now",
        "look at the disk, and run again: what was stored is kept",
    ),
    sqlite3.SQLITE_CANTOPEN: NOT_OPENED,
    sqlite3.SQLITE_NOTADB: (
        ForeignDestination,
        "is no SQLite database",
        "nothing was touched: name another file",
    ),
}
