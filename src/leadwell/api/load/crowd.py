"""How many requests are open at once: of all, and of one token or link."""

from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum

from prometheus_client import Gauge

from leadwell.errors.limits import Overloaded, TooManyAtOnce

ARRIVED = "arrived"
"""Under which the state of a request has the moment at which it could be begun with."""
LATE_S = 2.0
"""Who has waited so long for the beginning is refused: others wait behind, and more is
asked than can be answered."""
OVER_MAX = 2
"""How many times `in_flight_max` are open at most, once readers that have less than
their share are let in beyond it."""
ASKING: ContextVar[bytes | None] = ContextVar("asking", default=None)
"""Whose request this is, by the key of the token or link; `None`: of a person, or of
what needs no token."""
_WAITING = Gauge(
    "leadwell_long_polls_open",
    "Long polls that wait for a change.",
    multiprocess_mode="livesum",
)


class _Stay(Enum):
    """What an open request does."""

    WORK = "work"
    POLL = "poll"
    """It waits for a change: it costs next to nothing."""
    STREAM = "stream"
    """Its answer is sent piece by piece, as fast as its reader takes it."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many requests may be open at once."""

    in_flight_max: int
    token_in_flight_max: int
    long_polls_max: int
    token_long_polls_max: int


class Crowd:
    """The open requests of one process. Belongs to one event loop."""

    def __init__(self, room: Room) -> None:
        """Nobody is there yet."""
        self._room = room
        self._working = 0
        self._polls = 0
        self._own: Counter[bytes] = Counter()
        """Requests of a reader that are worked on, or whose answers are being sent."""
        self._own_polls: Counter[bytes] = Counter()

    def enter(self, key: bytes, waited_s: float = 0.0) -> "Stay":
        """Let a request in that has waited so long already.

        Raises:
            TooManyAtOnce: its reader has so many open already.
            Overloaded: all readers together have, or it waited too long.
        """
        room = self._room
        if waited_s > LATE_S:
            raise _busy("late")
        if self._own[key] >= room.token_in_flight_max:
            raise TooManyAtOnce(
                f"{room.token_in_flight_max} requests of this token are being answered",
                hint="wait for one of them; more at once are no quicker",
                reason="token_in_flight",
            )
        if self._working >= room.in_flight_max and not self._has_a_share_left(key):
            raise _busy("in_flight")
        self._working += 1
        self._own[key] += 1
        return Stay(self, key)

    def _has_a_share_left(self, key: bytes) -> bool:
        """Whether a reader has less open than its share, though all places are taken.

        Else a few that ask without end would shut out everybody who asks now and then.
        """
        if self._working >= OVER_MAX * self._room.in_flight_max:
            return False
        readers = len(self._own) + (key not in self._own)
        return self._own[key] < max(self._room.in_flight_max // readers, 1)

    def begin_to_wait(self, key: bytes) -> None:
        """Let a request that is worked on wait for a change instead.

        Raises:
            TooManyAtOnce: its reader has so many waiting already.
            Overloaded: all readers together have.
        """
        room = self._room
        if self._own_polls[key] >= room.token_long_polls_max:
            raise TooManyAtOnce(
                f"{room.token_long_polls_max} long polls of this token are open",
                hint="wait for one of them, or ask without _wait",
                reason="token_long_polls",
            )
        if self._polls >= room.long_polls_max:
            raise Overloaded(
                "as many long polls are open as this hub holds",
                hint="ask without _wait",
                reason="long_polls",
            )
        self._working -= 1
        self._forget(self._own, key)
        self._polls += 1
        self._own_polls[key] += 1
        _WAITING.inc()

    def begin_to_stream(self) -> None:
        """Count a request no longer as work; its reader still has it open."""
        self._working -= 1

    def leave(self, key: bytes, stay: _Stay) -> None:
        """Let a request go that was at this."""
        if stay is _Stay.POLL:
            self._polls -= 1
            self._forget(self._own_polls, key)
            _WAITING.dec()
            return
        if stay is _Stay.WORK:
            self._working -= 1
        self._forget(self._own, key)

    @staticmethod
    def _forget(counts: "Counter[bytes]", key: bytes) -> None:
        counts[key] -= 1
        if not counts[key]:
            del counts[key]


def _busy(reason: str) -> Overloaded:
    said = "the hub answers as many requests as it can"
    return Overloaded(said, hint="try again in a moment", reason=reason)


def too_many_connections() -> Overloaded:
    """Return what is said to who connects as one too many."""
    said = "as many connections are open as this hub holds"
    hint = "use one connection for many requests"
    return Overloaded(said, hint=hint, reason="connections")


@dataclass(slots=True)
class Stay:
    """One request that was let in, until it leaves."""

    crowd: Crowd
    key: bytes
    at: _Stay = _Stay.WORK

    def wait(self) -> None:
        """Wait for a change from here on.

        Raises:
            TooManyAtOnce, Overloaded: too many do already.
        """
        if self.at is _Stay.WORK:
            self.crowd.begin_to_wait(self.key)
            self.at = _Stay.POLL

    def stream(self) -> None:
        """Send an answer piece by piece from here on."""
        if self.at is _Stay.WORK:
            self.crowd.begin_to_stream()
            self.at = _Stay.STREAM

    def leave(self) -> None:
        """The request has been answered, one way or the other."""
        self.crowd.leave(self.key, self.at)
