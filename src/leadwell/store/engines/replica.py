"""One replica: a standby of the primary that answers when it knows all it has to."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from leadwell.errors import LeadwellError, Refused, Unavailable
from leadwell.store.connection import Connection
from leadwell.store.engines import citus, postgres_checkup
from leadwell.store.engines.chronicle import Place
from leadwell.store.engines.postgres import Limits, PostgresDatabase
from leadwell.store.engines.postgres_connection import PostgresConnection
from leadwell.store.engines.postgres_errors import (
    Clash,
    DatabaseFault,
    Hindrance,
    Lost,
)
from leadwell.store.hubs import instance

T = TypeVar("T")
WAIT_S = 0.05
"""How long a reader waits for what it has to see, before the primary answers it."""
PATIENCE_S = 0.5
"""How long a connection is waited for."""
ASIDE_S = 1.0
"""How long one is left alone that could not answer."""
TOLD_EVERY_S = 60.0
"""One that comes and goes is logged no more often."""
_SILENT = {
    # A host that falls silent may hold up a reader for so long, not for minutes.
    "tcp_user_timeout": 2_000,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 2,
}
_UNSEEN = "it was not looked at yet"
_REFUSALS = (Unavailable, Refused, DatabaseFault)
"""What a database raises that cannot do something."""
_log = structlog.get_logger("leadwell.replicas")


class NotUsed(Exception):
    """The replica does not answer this time; another one may."""


class BrokenOff(Exception):
    """A job was begun on the replica, and its database refused to go on.

    Whether that is the replica's fault is known once the primary was asked.
    """

    def __init__(self, reason: str) -> None:
        """Break off; without a reason, the replica is not to blame whatever happens."""
        super().__init__(reason)
        self.reason = reason


@dataclass
class Replica:
    """A standby, and whether it may answer. Any thread may ask it.

    It is used once it has shown a beacon that was written to the primary: so it
    follows that primary's history, and how far it has come can be compared.
    """

    url: str
    limits: Limits
    reason: str = _UNSEEN
    """Why it is put aside; empty: it is used."""
    _database: PostgresDatabase | None = None
    _follows: Place | None = None
    """The primary that it was found to follow."""
    _server: str = ""
    """The run of its own server that did."""
    _applied_bytes: int = 0
    """How far its log is known to be applied."""
    _again_at: float = 0.0
    _told: str = ""
    """Why the log says that it is put aside; empty: it does not."""
    _told_at: float = float("-inf")

    def __post_init__(self) -> None:
        """Connect later: a replica that is down keeps no hub from starting."""
        self.address = postgres_checkup.shown(self.url)
        self.limits = replace(
            self.limits, allow_unsafe=True, patience_s=PATIENCE_S, options=_SILENT
        )

    @property
    def is_due(self) -> bool:
        """Whether it is put aside, and may be looked at again."""
        return bool(self.reason) and time.monotonic() >= self._again_at

    def read(self, job: Callable[[Connection], T], newest: Place) -> T:
        """Run a job at a moment that is no earlier than the primary's place.

        What the job itself raises is its answer, as it would be at the primary.

        Raises:
            NotUsed: it does not follow that primary, is not that far, or is away.
            BrokenOff: it refused something that the job asked.
        """
        database = self._database
        if self.reason or database is None:
            raise NotUsed
        connection: PostgresConnection | None = None
        try:
            self._check_follows(newest)
            if self._applied_bytes < newest.log_bytes:
                self._await(database, newest.log_bytes)
            with database.reading() as connection:
                self._check_is_same(connection.place)
                connection.history = newest.history or ""
                return job(connection)
        except Exception as error:
            if connection is None and isinstance(error, _REFUSALS):
                raise self._aside(_said(error)) from None
            if connection is None or connection.fault is None:
                raise
            raise self._broken_off(connection.fault) from None

    def blame(self, reason: str) -> None:
        """Put it aside for a while: the primary could do what it could not."""
        if reason:
            self._aside(reason)

    def look(self, beacon: bytes, newest: Place) -> None:
        """Use it from now on, if it can see what was written to the primary."""
        try:
            self._look(beacon, newest)
        except NotUsed:
            return
        except (LeadwellError, DatabaseFault) as error:
            self._aside(_said(error))
            # Its pool would try to connect less and less often.
            self.close()
            return
        self.reason = ""

    def tell(self) -> None:
        """Say in the log that it was put aside, or is used again; not all the time."""
        now = time.monotonic()
        if self.reason and self.reason not in {self._told, _UNSEEN}:
            if now - self._told_at >= TOLD_EVERY_S:
                self._told, self._told_at = self.reason, now
                _log.warning("replica_aside", replica=self.address, reason=self.reason)
        elif self._told and not self.reason:
            self._told = ""
            _log.info("replica_used", replica=self.address)

    def close(self) -> None:
        """Close its connections."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _look(self, beacon: bytes, newest: Place) -> None:
        if self._database is None:
            self._database = PostgresDatabase(self.url, self.limits)
        place = self._database.place()
        if self._server not in {"", place.server}:
            # It may be made anew, of a history without what is remembered of it.
            self.close()
            self._database = PostgresDatabase(self.url, self.limits)
        if place.history is not None:
            raise self._aside("it is no standby: it takes writes of its own")
        with self._database.reading() as connection:
            is_lit = instance.is_lit(connection, beacon)
            is_spread = citus.is_there(connection)
        if is_spread:
            raise self._aside("Citus gives each machine a log of its own")
        if not is_lit:
            raise self._aside("it lags far behind, or is of another database")
        self._follows, self._server = newest, place.server
        self._applied_bytes = place.log_bytes
        self._await(self._database, newest.log_bytes)

    def _await(self, database: PostgresDatabase, log_bytes: int) -> None:
        """Wait a moment until the log is applied that far."""
        until, pause_s = time.monotonic() + WAIT_S, 0.001
        while True:
            place = database.place()
            self._check_is_same(place)
            # A snapshot that is taken from now on sees all of it.
            self._applied_bytes = max(self._applied_bytes, place.log_bytes)
            if self._applied_bytes >= log_bytes:
                return
            if time.monotonic() + pause_s > until:
                raise self._aside("it lags behind the primary")
            time.sleep(pause_s)
            pause_s *= 2

    def _check_follows(self, newest: Place) -> None:
        follows = self._follows
        if follows is None or follows[:2] != newest[:2]:
            raise self._aside("the primary is another one than it followed")

    def _check_is_same(self, place: Place) -> None:
        if place.history is not None or place.server != self._server:
            raise self._aside("it was promoted, or started anew")

    def _broken_off(self, fault: Exception) -> Exception:
        if isinstance(fault, Lost):
            return self._aside(_said(fault))
        # A clash is with what the primary sent: one question is ended, no other.
        return BrokenOff("" if isinstance(fault, Clash) else _said(fault))

    def _aside(self, reason: str) -> NotUsed:
        """Put it aside for a while."""
        self.reason, self._again_at = reason, time.monotonic() + ASIDE_S
        return NotUsed(reason)


def _said(error: Exception) -> str:
    told = error.meaning if isinstance(error, Hindrance) else error
    return told.detail if isinstance(told, LeadwellError) else str(told)
