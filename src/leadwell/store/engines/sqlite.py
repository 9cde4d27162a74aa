"""SQLite through apsw: many readers, and one writer that groups commits.

WAL with `synchronous=FULL`: an answered write survives a power cut, which NORMAL
does not promise (explanation/durability). Several requests share one commit.
"""

import ctypes
import secrets
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, TypeVar

import apsw

from leadwell.errors import Refused, Unavailable
from leadwell.store.connection import EPOCH_BYTES, Connection, Finding, Params, Row
from leadwell.store.engines import checkup, copying
from leadwell.store.figures import COMMIT_SECONDS, WRITES, WRITES_WAITING

T = TypeVar("T")

GROUP_MAX = 256
"""How many waiting jobs share one commit."""
BUSY_TIMEOUT_MS = 10_000
SAFE_VERSION = (3, 51, 3)
"""Before it, two connections that checkpoint at once can corrupt a WAL database."""
_STATEMENT_CACHE = 256
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

_Job = tuple[Callable[[Connection], Any], "Future[Any]"]
_Outcome = tuple["Future[Any]", Any, BaseException | None]


class SQLiteDialect:
    """SQLite's way of reading JSON, and of saying what tables there are."""

    tables = "SELECT name FROM sqlite_schema WHERE type = 'table'"

    def held(self, column: str, field_id: int, *, is_number: bool) -> str:
        """Read a member of a JSON object; its own type decides how it compares."""
        del is_number
        return f"json_extract(lead.{column}, '$.\"{int(field_id)}\"')"

    def among(self, name: str) -> str:
        """Read the list from JSON: one statement, however many they are."""
        return f"lead.id IN (SELECT value FROM json_each(:{name}))"

    def listed(self, ids: Sequence[int]) -> str:
        """Write the ids as JSON."""
        return f"[{','.join(map(str, ids))}]"


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
        self.memo: dict[Row, Any] = {} if memo is None else memo
        self.moment: dict[Row, Any] | None = None
        self._gone = gone or Event()
        self._version = -1
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

    def clock(self) -> int:
        """Return the machine's clock, in microseconds since 1970."""
        return time.time_ns() // 1_000

    def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        """Run one statement and return all its rows."""
        return list(self.raw.execute(sql, params))

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


class SQLiteDatabase:
    """One database file: a pool of readers and one writer thread."""

    is_remote = False

    def __init__(
        self, path: Path, epoch: bytes | None = None, vfs: str | None = None
    ) -> None:
        """Open the file; a SQLite that could corrupt it is refused.

        `epoch` names what this process adds to histories; it is random unless given.
        `vfs` names what stands between SQLite and the disk, if not the usual.

        Raises:
            Refused: the SQLite library is too old, or the folder is missing.
        """
        _check_version()
        if not path.parent.is_dir():
            raise Refused(
                f"there is no folder {path.parent}",
                hint="make it first, or choose another --database",
            )
        self.path = path
        self.address = str(path)
        self.identity = f"sqlite:///{path.resolve()}"
        self._vfs = vfs
        self._memo: dict[Row, Any] = {}
        self._epoch = epoch or secrets.token_bytes(EPOCH_BYTES)
        self._idle: deque[SQLiteConnection] = deque()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._writer: Thread | None = None
        self._lock = Lock()
        self._is_open = True
        self._gone = Event()
        self._idle.append(self._first())

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """Open a read transaction: all its statements see the same moment."""
        try:
            # The one used last: what it remembers is the newest.
            connection = self._idle.pop()
        except IndexError:
            connection = self._opened()
        try:
            connection.begin()
            yield connection
        except apsw.Error as error:
            raise checkup.meaning(error) from error
        finally:
            if connection.raw.in_transaction:
                connection.raw.execute("ROLLBACK")
            self._idle.append(connection)

    def read(self, job: Callable[[Connection], T]) -> T:
        """Run a job in a read transaction."""
        with self.reading() as connection:
            return job(connection)

    def write(
        self,
        job: Callable[[Connection], T],
        *,
        campaign_id: int | None = None,
        is_repeatable: bool = False,
    ) -> "Future[T]":
        """Hand a job to the writer; the future is done once the job is durable.

        All share commits, whatever their campaign; a file does not go away.
        """
        del campaign_id, is_repeatable
        done: Future[T] = Future()
        with self._lock:
            if not self._is_open:
                raise Unavailable("the hub is stopping", hint="try again in a moment")
            if self._writer is None:
                self._writer = Thread(
                    target=self._work,
                    args=(self._opened(),),
                    name="writer",
                    daemon=True,
                )
                self._writer.start()
            WRITES_WAITING.inc()
            self._jobs.put((job, done))
        return done

    def check_unused(self) -> None:
        """Refuse a file that another process has open.

        Raises:
            Refused: one has, a hub or a command.
        """
        # Readers of our own would stand in the way; others are opened when needed.
        while self._idle:
            self._idle.pop().raw.close()
        copying.check_unused(self.path)

    def warm(self) -> None:
        """Nothing to open: a file is there at once."""

    def empty_log(self) -> bool:
        """Move the log into the database and cut it off; `False`: a reader needs it."""
        connection = self._opened()
        try:
            ((is_busy, _, _),) = connection.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.raw.close()
        return not is_busy

    def aside(self) -> list[str]:
        """Return nothing: it has no replicas."""
        return []

    def checkup(self) -> list[Finding]:
        """Look at what an operator wants to know of the database's health."""
        with self.reading() as connection:
            return checkup.findings(connection)

    def close(self) -> None:
        """Finish the jobs that were handed in, and close."""
        with self._lock:
            self._is_open = False
            writer = self._writer
        if writer is not None:
            self._jobs.put(None)
            writer.join()
        while self._idle:
            self._idle.pop().raw.close()

    def _opened(self) -> SQLiteConnection:
        given = (self.path, self._memo, self._epoch, self._vfs)
        try:
            return SQLiteConnection(*given, self._gone)
        except apsw.Error as error:
            raise checkup.meaning(error) from error

    def _first(self) -> SQLiteConnection:
        try:
            return SQLiteConnection(self.path, self._memo, self._epoch, self._vfs)
        except apsw.NotADBError:
            raise Refused(
                f"{self.path} is not a SQLite database",
                hint="choose another file with --database",
            ) from None
        except (apsw.CantOpenError, apsw.ReadOnlyError):
            raise Refused(
                f"{self.path} cannot be opened",
                hint="check that the file and its folder may be written",
            ) from None

    def _work(self, connection: SQLiteConnection) -> None:
        while (first := self._jobs.get()) is not None:
            group = [first]
            while len(group) < GROUP_MAX and not self._jobs.empty():
                following = self._jobs.get()
                if following is None:
                    self._jobs.put(None)
                    break
                group.append(following)
            WRITES_WAITING.dec(len(group))
            WRITES.inc(len(group))
            with COMMIT_SECONDS.time():
                _commit_together(connection, group)
        connection.raw.close()


def _commit_together(connection: SQLiteConnection, group: list[_Job]) -> None:
    """Run the jobs in one transaction, each undone alone if it raises."""
    # From here a job can no longer be called off by who waits for it.
    group = [(job, done) for job, done in group if done.set_running_or_notify_cancel()]
    outcomes: list[_Outcome] = []
    try:
        connection.raw.execute("BEGIN IMMEDIATE")
        for job, done in group:
            outcomes.append(_run_alone(connection, job, done))
        connection.check_there()
        connection.raw.execute("COMMIT")
    except BaseException as error:
        meaning = checkup.meaning(error)
        if connection.raw.in_transaction:
            connection.raw.execute("ROLLBACK")
        # A schema that one job wrote and another read never was: it is forgotten.
        connection.memo.clear()
        outcomes = [(done, None, meaning) for _, done in group]
    for done, result, fault in outcomes:
        if fault is None:
            done.set_result(result)
        else:
            done.set_exception(fault)


def _run_alone(
    connection: SQLiteConnection, job: Callable[[Connection], Any], done: "Future[Any]"
) -> _Outcome:
    result: Any = None
    # What a job reads may be undone: nobody else may remember it.
    connection.memo = {}
    try:
        with connection.raw:
            result = job(connection)
    except apsw.Error as error:
        # A broken rule is the job's own fault; a full disk is everybody's.
        if not isinstance(error, apsw.ConstraintError):
            raise
        return done, None, error
    except Exception as error:
        return done, None, error
    return done, result, None


def _check_version() -> None:
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < SAFE_VERSION:
        raise Refused(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt a database in WAL mode",
            hint="install apsw 3.51.3 or newer",
        )
