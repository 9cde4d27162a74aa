"""SQLite through apsw: many readers, and one writer that groups commits.

WAL with `synchronous=FULL`: an answered write survives a power cut, which NORMAL
does not promise (explanation/durability). Several requests share one commit.
"""

import secrets
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from operator import itemgetter
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, TypeVar

import apsw

from leadwell.errors import Refused, Unavailable
from leadwell.store.connection import (
    EPOCH_BYTES,
    Connection,
    Finding,
    Joint,
    Row,
    joined,
    outcome_of,
)
from leadwell.store.engines import checkup, copying
from leadwell.store.engines.sqlite_connection import SQLiteConnection
from leadwell.store.figures import COMMIT_SECONDS, WRITES, WRITES_WAITING

T = TypeVar("T")

GROUP_MAX = 256
"""How many waiting jobs share one commit."""
SAFE_VERSION = (3, 51, 3)
"""Before it, two connections that checkpoint at once can corrupt a WAL database."""
_Job = tuple[Callable[[Connection], Any], "Future[Any]"]
_Outcome = tuple["Future[Any]", Any, BaseException | None]


class SQLiteDatabase:
    """One database file: a pool of readers and one writer thread."""

    is_remote = False
    is_hearing = False

    def __init__(
        self,
        path: Path,
        epoch: bytes | None = None,
        vfs: str | None = None,
        *,
        timeout_s: float | None = None,
    ) -> None:
        """Open the file; a SQLite that could corrupt it is refused.

        `epoch` names what this process adds to histories; it is random unless given.
        `vfs` names what stands between SQLite and the disk, if not the usual.
        `timeout_s` is how long a statement of a request may take.

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
        self._timeout_s = timeout_s
        self._memo: dict[Row, Any] = {}
        self._epoch = epoch or secrets.token_bytes(EPOCH_BYTES)
        self._idle: deque[SQLiteConnection] = deque()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._writer: Thread | None = None
        self._lock = Lock()
        self._is_open = True
        self._gone = Event()
        self._idle.append(self._first())

    def hear(self, heard: Callable[[int | None], None]) -> None:
        """Hear nothing: no process tells anything."""

    @contextmanager
    def reading(self) -> Generator[SQLiteConnection]:
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
            raise checkup.meaning(error) from None
        finally:
            connection.timeout_s = None
            if connection.raw.in_transaction:
                connection.raw.execute("ROLLBACK")
            self._idle.append(connection)

    def read(self, job: Callable[[Connection], T]) -> T:
        """Run a job in a read transaction; a statement that takes too long is stopped.

        Raises:
            Unavailable: one did.
        """
        with self.reading() as connection:
            connection.timeout_s = self._timeout_s
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
                writer = Thread(target=self._work, name="writer", daemon=True)
                writer.start()
                self._writer = writer
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

    def checkup(self, *, deep: bool = False) -> list[Finding]:
        """Look at what an operator wants to know of the database's health."""
        with self.reading() as connection:
            return checkup.findings(connection, deep=deep)

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

    def _work(self) -> None:
        connection: SQLiteConnection | None = None
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
                connection = _served(self._opened, connection, group)
        if connection is not None:
            connection.raw.close()


def _served(
    opened: Callable[[], SQLiteConnection],
    connection: SQLiteConnection | None,
    group: list[_Job],
) -> SQLiteConnection | None:
    """Do what waits, or say why not; return the connection if it is fit for more.

    Raises nothing: without its thread, whoever writes would wait for ever.
    """
    # From here a job can no longer be called off by who waits for it.
    group = [each for each in group if each[1].set_running_or_notify_cancel()]
    try:
        connection = connection or opened()
        outcomes = _commit_together(connection, group)
    except BaseException as error:
        connection = connection and _undone(connection)
        outcomes = _refused(group, error, is_lost=connection is None)
    for done, result, fault in outcomes:
        if fault is None:
            done.set_result(result)
        else:
            done.set_exception(fault)
    return connection


def _commit_together(connection: SQLiteConnection, group: list[_Job]) -> list[_Outcome]:
    """Run the jobs in one transaction, each undone alone if it raises."""
    outcomes: list[_Outcome] = []
    connection.raw.execute("BEGIN IMMEDIATE")
    for run in joined(group, itemgetter(0)):
        outcomes += _run_together(connection, run)
    connection.check_there()
    connection.raw.execute("COMMIT")
    return outcomes


def _refused(
    group: list[_Job], error: BaseException, *, is_lost: bool
) -> list[_Outcome]:
    """Say the same of all of them."""
    # A disk that is full may be that of the log, too.
    with suppress(Exception):
        error = checkup.meaning(error, is_lost=is_lost)
    return [(done, None, error) for _, done in group]


def _undone(connection: SQLiteConnection) -> SQLiteConnection | None:
    """Undo what was not committed; what cannot be undone by itself is by closing."""
    # A schema that one job wrote and another read never was: it is forgotten.
    connection.memo.clear()
    try:
        if connection.raw.in_transaction:
            connection.raw.execute("ROLLBACK")
    except Exception:
        with suppress(apsw.Error):
            connection.raw.close(force=True)
        return None
    return connection


def _run_together(connection: SQLiteConnection, run: list[_Job]) -> list[_Outcome]:
    """Run jobs in one go; where that fails, one by one, so that the others are done."""
    first, _ = run[0]
    if isinstance(first, Joint) and len(run) > 1:
        found, fault = _run_alone(connection, first.with_all([job for job, _ in run]))
        if fault is None:
            pairs = zip(run, map(outcome_of, found), strict=True)
            return [(done, *outcome) for (_, done), outcome in pairs]
    return [(done, *_run_alone(connection, job)) for job, done in run]


def _run_alone(
    connection: SQLiteConnection, job: Callable[[Connection], Any]
) -> tuple[Any, Exception | None]:
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
        return None, error
    except Exception as error:
        return None, error
    return result, None


def _check_version() -> None:
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < SAFE_VERSION:
        raise Refused(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt a database in WAL mode",
            hint="install apsw 3.51.3 or newer",
        )
