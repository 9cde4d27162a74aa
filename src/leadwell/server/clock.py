"""The machine's clock, and whether it may be believed (ADR 0013)."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from leadwell.api.hub import Hub
from leadwell.errors import Refused, Unavailable
from leadwell.schema.times import from_microseconds
from leadwell.store.connection import Database
from leadwell.store.hubs import instance

JUMP_MAX = timedelta(days=1)
"""How far a clock may be put ahead while the hub runs, with no questions asked."""
APART_MAX = timedelta(hours=1)
"""How far a clock may be from another one where what is too old is done away with."""
QUIET_MAX = timedelta(days=7)
"""How long nothing may have been noted before somebody has to confirm the clock."""
_PUT_RIGHT = "put the clock right; if it is right, say so: --clock-is-right"
_SINCE_START: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux calls it so; elsewhere the monotonic clock counts what the machine slept."""
_log = structlog.get_logger("leadwell.clock")


def now() -> datetime:
    """Return the moment on the machine's clock."""
    return datetime.now(UTC)


def elapsed_s() -> float:
    """Return the seconds since the machine started: nobody can set them."""
    return time.clock_gettime(_SINCE_START)


def check_against(database: Database, moment: datetime) -> None:
    """Refuse a moment that the database speaks against.

    For a command that does what cannot be undone, and has not seen the clock go on as
    a hub has. A server has a clock of its own; a file only knows what was noted in it.

    Raises:
        Refused: the clock is far from the server's, behind what was noted already, or
            so far ahead of it that it may have jumped.
    """
    with database.reading() as connection:
        theirs = from_microseconds(connection.clock())
        last = from_microseconds(instance.last_seen(connection))
    if database.is_remote and abs(moment - theirs) > APART_MAX:
        raise Refused(
            f"this machine's clock says {moment:%Y-%m-%d %H:%M} UTC, "
            f"and the database's {theirs:%Y-%m-%d %H:%M}",
            hint=_PUT_RIGHT,
        )
    if last - moment > APART_MAX:
        raise Refused(
            f"the clock says {moment:%Y-%m-%d %H:%M} UTC, "
            f"and something was noted at {last:%Y-%m-%d %H:%M} already",
            hint=_PUT_RIGHT,
        )
    if not database.is_remote and moment - last > QUIET_MAX:
        raise Refused(
            f"the clock says {moment:%Y-%m-%d %H:%M} UTC, and nothing was noted here "
            f"since {last:%Y-%m-%d %H:%M}: it may have been put ahead",
            hint=_PUT_RIGHT,
        )


def apart_s(ours_us: int, theirs_us: int) -> int:
    """Return by how many seconds a clock is too far from another one; 0: it is not."""
    is_far = abs(ours_us - theirs_us) > APART_MAX / timedelta(microseconds=1)
    return (ours_us - theirs_us) // 1_000_000 if is_far else 0


def believed(hub: Hub) -> int | None:
    """Return the moment by which a hub removes what is too old, in microseconds.

    `None`: nothing may be removed while the clock cannot be believed, or is far from
    that of the database. To one that is a year ahead, all of this week is a year old.
    """
    try:
        now = hub.now
    except Unavailable:
        # The guard has told the operator.
        return None
    if ahead_s := apart_s(now, hub.agreed):
        _log.error("clock_differs", ahead_s=ahead_s)
        return None
    return now


class JumpGuard:
    """Refuses moments that the clock did not come to by itself.

    It compares what the clock says has passed with what has passed. It forgets
    nothing and remembers nothing: a clock that is put right is believed again.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] = now,
        elapsed: Callable[[], float] = elapsed_s,
    ) -> None:
        """Believe the clock as it is now: whoever starts the hub confirms it."""
        self._elapsed = elapsed
        self._zero = clock() - timedelta(seconds=elapsed())
        self._is_told = False

    def __call__(self, moment: datetime) -> None:
        """Pass, or refuse what would be stamped with this moment.

        Raises:
            Unavailable: the clock is more than a day ahead of the time that passed.
        """
        ahead = moment - self._zero - timedelta(seconds=self._elapsed())
        if ahead <= JUMP_MAX:
            self._is_told = False
            return
        if not self._is_told:
            self._is_told = True
            _log.error("clock_jumped", ahead_s=round(ahead.total_seconds()))
        raise Unavailable(
            "the hub's clock was put ahead by more than a day while it ran",
            hint="its operator checks the clock, and restarts the hub if it is right",
        )


class AgreedClock:
    """The clock of the database, carried on by the time that has passed here.

    All hubs of a database agree on it, whatever their own clocks say or are put to.
    """

    def __init__(
        self, database: Database, elapsed: Callable[[], float] = elapsed_s
    ) -> None:
        """Look at the database's clock."""
        self._database = database
        self._elapsed = elapsed
        self._zero = 0
        self.look()

    def look(self) -> None:
        """Look again: two clocks never run alike."""
        # Of the primary: a replica has a clock of its own.
        with self._database.reading() as connection:
            self._zero = connection.clock() - self._passed()

    def __call__(self) -> int:
        """Return the moment, in microseconds since 1970."""
        return self._zero + self._passed()

    def _passed(self) -> int:
        return int(self._elapsed() * 1_000_000)
