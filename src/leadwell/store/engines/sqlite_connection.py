"""One transaction of SQLite, behind the protocol that the store knows."""

import ctypes
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

import apsw
import msgspec

from leadwell.store.connection import Params, Row

BUSY_TIMEOUT_MS = 10_000
_STATEMENT_CACHE = 256
_STEPS = 20_000
"""After how many steps of a statement it is looked whether it takes too long: some
tenths of a millisecond."""
_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA secure_delete = ON;
PRAGMA cell_size_check = ON;
PRAGMA cache_size = -8192;
PRAGMA mmap_size = 2147418112;
"""
"""`mmap_size`, in bytes, is the most that SQLite takes: fifty leads from here and there
are fifty blocks, which are looked at where the system holds them and not copied first.
Such memory is the system's, and no private memory of the process."""


class SQLiteDialect:
    """SQLite's way of reading JSON, and of saying what tables there are."""

    tables = "SELECT name FROM sqlite_schema WHERE type = 'table'"
    size = "SELECT page_count * page_size FROM pragma_page_count JOIN pragma_page_size"

    def held(self, column: str, field_id: int, *, is_number: bool) -> str:
        """Read a member of a JSON object; its own type decides how it compares."""
        del is_number
        return f"json_extract(lead.{column}, '$.\"{int(field_id)}\"')"

    def among(self, column: str, name: str) -> str:
        """Read the list from JSON: one statement, however many they are."""
        return f"{column} IN (SELECT value FROM json_each(:{name}))"

    def listed(self, held: Sequence[int] | Sequence[str]) -> str:
        """Write the list as JSON."""
        return msgspec.json.encode(held).decode()


class SQLiteConnection:
    """One connection, used by one thread at a time."""

    dialect = SQLiteDialect()
    history = ""

    def __init__(
        self,
        path: Path,
        memo: dict[Row, Any] | None = None,
        epoch: bytes = b"",
        vfs: str | None = None,
        gone: Event | None = None,
    ) -> None:
        """Open the file through a VFS by its name.

        `gone` is set once the file is not where it was; without it the file is made
        where there is none.
        """
        self._gone = gone or Event()
        self.memo: dict[Row, Any] = {} if memo is None else memo
        self.moment: dict[Row, Any] | None = None
        self._version = -1
        self.timeout_s: float | None = None
        """How long each statement may take; `None`: as long as it does."""
        self._until = 0.0
        self.epoch = epoch
        flags = apsw.SQLITE_OPEN_READWRITE | (0 if gone else apsw.SQLITE_OPEN_CREATE)
        self.raw = apsw.Connection(
            str(path), flags, vfs=vfs, statementcachesize=_STATEMENT_CACHE
        )
        self.raw.set_busy_timeout(BUSY_TIMEOUT_MS)
        # A plan that depends on what is bound would be made anew for each value.
        self.raw.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        # Fetched to the end: apsw stops at a row until it is asked for the next.
        self.raw.execute(_PRAGMAS).fetchall()
        if self.raw.readonly("main"):
            self.raw.close()
            raise apsw.ReadOnlyError
        self.raw.set_progress_handler(self._is_late, _STEPS)

    def moment_of(self, campaign_id: int | None) -> dict[Row, Any] | None:
        """Return what was read of this moment: all campaigns have the same one."""
        del campaign_id
        return self.moment

    def tell(self, campaign_id: int | None) -> None:
        """Tell nobody: a look at a file costs so little that all may look."""

    def clock(self) -> int:
        """Return the machine's clock, in microseconds since 1970."""
        return time.time_ns() // 1_000

    def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        """Run one statement and return all its rows."""
        if self.timeout_s is not None:
            self._until = time.monotonic() + self.timeout_s
        return list(self.raw.execute(sql, params))

    def _is_late(self) -> bool:
        return self.timeout_s is not None and time.monotonic() > self._until

    def run(self, sql: str, params: Params | None = None) -> None:
        """Run one statement that answers nothing."""
        self.raw.execute(sql, params).fetchall()

    def run_many(self, sql: str, params: list[Params]) -> None:
        """Run one statement once for each set of parameters."""
        self.raw.executemany(sql, params).fetchall()

    def load(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add many rows to a table by one statement that is read once."""
        holes = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({holes})"
        self.raw.executemany(sql, rows).fetchall()

    def begin(self) -> None:
        """Begin a read transaction, and forget what others have changed since.

        The version of the data differs when another connection has committed.
        """
        self.check_there()
        self.raw.execute("BEGIN")
        version = self.raw.pragma("data_version")
        if self.moment is None or version != self._version:
            self._version, self.moment = version, {}

    def check_there(self) -> None:
        """Refuse a file that was moved, replaced or removed since it was opened.

        SQLite would go on in it, and what it was given would be found by nobody. Nor is
        it trusted when it is back: its log may not be.
        """
        is_moved = ctypes.c_int(0)
        at = ctypes.addressof(is_moved)
        self.raw.file_control("main", apsw.SQLITE_FCNTL_HAS_MOVED, at)
        if is_moved.value:
            self._gone.set()
        if self._gone.is_set():
            raise apsw.CantOpenError

    def lock_schema(self) -> None:
        """Nothing to wait for: SQLite has one writer at a time."""

    def as_run(self, sql: str) -> str:
        """Return a script of the schema: it is written for SQLite."""
        return sql

    def change_schema(self, sql: str) -> None:
        """Run a script; it may hold several statements."""
        self.raw.execute(sql).fetchall()
