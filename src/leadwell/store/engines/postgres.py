"""PostgreSQL through psycopg: a pool of connections, and a few threads that write.

The jobs of one campaign wait for each other at its ticket, so their order is that of
their commits; those of two run side by side.
"""

import logging
import secrets
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import psycopg
import psycopg_pool
from psycopg.conninfo import conninfo_to_dict

from leadwell.errors import Unavailable
from leadwell.store.connection import Connection, Finding, Row
from leadwell.store.engines import chronicle, citus, postgres_checkup
from leadwell.store.engines.chronicle import Chronicle, Moments, Place
from leadwell.store.engines.postgres_connection import PostgresConnection, Raw, adapt
from leadwell.store.engines.postgres_errors import (
    Hindrance,
    Lost,
    Troubles,
    meaning,
    unreachable,
)
from leadwell.store.engines.postgres_writing import Writers
from leadwell.store.hubs import wakes
from leadwell.store.hubs.wakes import Wakes

T = TypeVar("T")

WRITERS = 4
READERS_MAX = 12
"""More than the threads of one process read with at once."""
CONNECT_TIMEOUT_S = 5
WARM = WRITERS
"""Connections of a hub that are open before its first request, and stay."""
PREPARE_AFTER = 5
"""A statement that one connection has run so often is prepared."""
SILENT = {
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""After about ten seconds a host is given up that has fallen silent, as one does that
lost its power: Linux would wait for it for a quarter of an hour, and every job with it,
though a standby was promoted. A server that works long is not silent."""
LOCK_TIMEOUT_MS = 10_000
"""How long a job waits for another one's ticket: as long as SQLite waits."""

# The pool would log what libpq says of a connection, people's data and all.
logging.getLogger("psycopg").disabled = True
logging.getLogger("psycopg.pool").disabled = True

_STATE = f"""
SELECT CASE WHEN NOT pg_is_in_recovery()
             AND NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')
       THEN {chronicle.SNAPSHOT} END, {chronicle.COLUMNS}
"""
"""What two transactions of one server have in common that see the same (ADR 0016)."""
_WHERE = f"SELECT NULL, {chronicle.COLUMNS}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operator decides about a PostgreSQL database."""

    statement_timeout_s: float = 10.0
    allow_unsafe: bool = False
    patience_s: float = CONNECT_TIMEOUT_S
    """How long a connection is waited for."""
    options: Mapping[str, int] = field(default_factory=lambda: SILENT)
    """What libpq is told besides, where the address says nothing of it."""
    is_pooled: bool = False
    """Whether each transaction may have another connection of the server's."""


class PostgresDatabase:
    """One database of a PostgreSQL server."""

    is_remote = True

    def __init__(
        self, url: str, limits: Limits | None = None, epoch: bytes | None = None
    ) -> None:
        """Connect, and look whether the server keeps what it answers.

        `epoch` names what this process adds to histories; it is random unless given.

        Raises:
            UsageError: the address cannot be read.
            Refused: it cannot be reached, is too old, or may lose answered writes.
        """
        limits = limits or Limits()
        self.address = self.identity = postgres_checkup.shown(url)
        self._chronicle = Chronicle.begun(epoch)
        self._troubles = Troubles(self.address)
        timeout_ms = max(1, int(limits.statement_timeout_s * 1000))
        self._moments = Moments()
        self._is_spread = _checked(url, limits)
        one_moment, tell_nodes = (
            (citus.ONE_MOMENT, citus.TELL_NODES) if self._is_spread else ("", "")
        )
        self._begin_read = (
            f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {one_moment}"
            f"SET LOCAL statement_timeout = {timeout_ms}; {_STATE}"
        )
        self._begin_write = (
            f"BEGIN ISOLATION LEVEL READ COMMITTED; {tell_nodes}"
            "SET LOCAL statement_timeout = 0; "
            f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}; {_WHERE}"
        )
        kwargs = _kwargs(url, limits)
        self._pool = psycopg_pool.ConnectionPool[Raw](
            url,
            kwargs=kwargs,
            min_size=1,
            max_size=READERS_MAX + WRITERS,
            timeout=limits.patience_s,
            configure=adapt,
            open=True,
        )
        self._writers = Writers(self._writing, WRITERS)
        why_off = wakes.why_off(is_pooled=limits.is_pooled, is_spread=self._is_spread)
        self._wakes = Wakes(
            partial(_lend, self._pool, self._troubles),
            partial(psycopg.connect, url, **kwargs),
            why_off,
        )

    @contextmanager
    def reading(self) -> Generator[PostgresConnection]:
        """Open a read transaction: all its statements see the same moment."""
        try:
            with self._transaction(self._begin_read) as connection:
                connection.moments = self._moments
                connection.is_spread = self._is_spread
                yield connection
        except Hindrance as hindrance:
            # Even a read clashes: on a standby, with what the primary sent. Nothing
            # was written that could be done or not.
            is_lost = isinstance(hindrance, Lost)
            raise (Lost() if is_lost else hindrance).meaning from None

    def read(self, job: Callable[[Connection], T]) -> T:
        """Run a job in a read transaction."""
        with self.reading() as connection:
            return job(connection)

    def place(self) -> Place:
        """Return where the server stands now; no transaction is open for it.

        Raises:
            Unavailable: it cannot be reached.
        """
        try:
            begun = self._begun(_WHERE)
        except Hindrance as hindrance:
            raise hindrance.meaning from None
        self._pool.putconn(begun.raw)
        return begun.place

    def write(
        self,
        job: Callable[[Connection], T],
        *,
        campaign_id: int | None = None,
        is_repeatable: bool = False,
    ) -> "Future[T]":
        """Hand a job to the writers; the future is done once the job is durable."""
        return self._writers.hand_in(job, campaign_id, is_repeatable=is_repeatable)

    @property
    def is_hearing(self) -> bool:
        """Whether it is heard at this moment what processes tell."""
        return self._wakes.is_hearing

    def hear(self, heard: Callable[[int | None], None]) -> None:
        """Listen from now on, over a connection beside the pool."""
        self._wakes.hear(heard)

    def check_unused(self) -> None:
        """Refuse a database that anybody else is connected to.

        Raises:
            Refused: somebody is, and may write.
        """
        postgres_checkup.check_unused(self.reading, self.address)

    def warm(self) -> None:
        """Open some connections, and have each run a first statement.

        That is the slow one: it reads what the server knows of the tables, and on a
        cluster reaches the other nodes. A server that is away is no hindrance.
        """
        self._pool.resize(WARM, READERS_MAX + WRITERS)
        _warm(self._pool, self._troubles)

    def empty_log(self) -> bool:
        """Nothing to do: the server recycles its log, see the how-to page."""
        return True

    def aside(self) -> list[str]:
        """Return nothing: it has no replicas."""
        return []

    def checkup(self, *, deep: bool = False) -> list[Finding]:
        """Look at what an operator wants to know of the database's health."""
        with self.reading() as connection:
            found = postgres_checkup.findings(connection)
        found = [*found, self._wakes.finding()]
        return [*found, *postgres_checkup.pages(self.reading)] if deep else found

    def close(self) -> None:
        """Finish the jobs that were handed in, and close."""
        self._writers.close()
        self._wakes.close()
        self._pool.close()

    def _writing(self) -> AbstractContextManager[PostgresConnection]:
        # What a job reads may be undone: it must not be remembered.
        return self._transaction(self._begin_write, {})

    @contextmanager
    def _transaction(
        self, begin: str, memo: dict[Row, Any] | None = None
    ) -> Generator[PostgresConnection]:
        connection = self._begun(begin, memo)
        try:
            yield connection
            connection.commit()
            if connection.told:
                self._wakes.tell(connection.told)
        except BaseException as error:
            _roll_back(connection.raw)
            self._troubles.note(error)
            raise
        finally:
            # The pool throws a broken connection away.
            self._pool.putconn(connection.raw)

    def _begun(
        self, begin: str, memo: dict[Row, Any] | None = None
    ) -> PostgresConnection:
        """Begin a transaction; connections that died while they were idle are passed.

        Raises:
            Unavailable: the server cannot be reached.
        """
        for _ in range(READERS_MAX + WRITERS + 1):
            raw = _taken(self._pool, self._troubles)
            try:
                done = raw.execute(begin.encode())
                while done.nextset():
                    pass
                snapshot, *where = done.fetchall()[0]
            except psycopg.Error as error:
                is_broken = raw.broken
                self._pool.putconn(raw)
                if not is_broken:
                    raise meaning(error, is_broken=False) from None
            else:
                place = Place(*where)
                part = self._chronicle.at(place)
                known = part.memo if memo is None else memo
                begun = PostgresConnection(raw, known, part.epoch)
                begun.snapshot, begun.place = snapshot, place
                begun.history = place.history or ""
                return begun
        raise Unavailable("the database ends every connection")


def _checked(url: str, limits: Limits) -> bool:
    """Look at the server; return whether its tables may be spread."""
    try:
        with psycopg.connect(
            url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S
        ) as raw:
            connection = PostgresConnection(raw, {})
            postgres_checkup.check(connection, allow_unsafe=limits.allow_unsafe)
            return citus.is_there(connection)
    except psycopg.Error as error:
        raise unreachable(error, postgres_checkup.shown(url)) from None
    except Hindrance as hindrance:
        raise hindrance.meaning from None


def _kwargs(url: str, limits: Limits) -> dict[str, Any]:
    """Return how each connection of the process is made."""
    return {
        "autocommit": True,
        "connect_timeout": CONNECT_TIMEOUT_S,
        # Tells the connections of one process from those of all others.
        "application_name": f"leadwell {secrets.token_hex(4)}",
        **_unsaid(url, limits.options),
        # What is prepared stays with a connection of the server's.
        "prepare_threshold": None if limits.is_pooled else PREPARE_AFTER,
    }


def _taken(pool: psycopg_pool.ConnectionPool[Raw], troubles: Troubles) -> Raw:
    try:
        return pool.getconn()
    except (psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed):
        troubles.note(Lost())
        raise Unavailable(
            "the database does not answer", hint="try again in a moment"
        ) from None


def _lend(
    pool: psycopg_pool.ConnectionPool[Raw],
    troubles: Troubles,
    job: Callable[[Raw], None],
) -> None:
    raw = _taken(pool, troubles)
    try:
        job(raw)
    finally:
        pool.putconn(raw)


def _unsaid(url: str, options: Mapping[str, int]) -> dict[str, int]:
    """Return those options of which the address says nothing."""
    said = conninfo_to_dict(url)
    return {name: value for name, value in options.items() if name not in said}


def _warm(pool: psycopg_pool.ConnectionPool[Raw], troubles: Troubles) -> None:
    taken: list[Raw] = []
    try:
        # All are taken at once, so that none is twice; yet no two transactions are
        # open: a pooler may have fewer connections.
        with suppress(Unavailable, psycopg.Error):
            for _ in range(WARM):
                taken.append(_taken(pool, troubles))
                taken[-1].execute(b"SELECT 1 FROM counter WHERE campaign_id = 0")
    finally:
        for raw in taken:
            pool.putconn(raw)


def _roll_back(raw: Raw) -> None:
    try:
        raw.execute(b"ROLLBACK")
    except psycopg.Error:
        # The connection is lost, and the transaction with it.
        raw.close()
