"""Who has asked for how much lately: one number for each reader (GCRA).

The number is the moment *until* which a reader has spent its rate. A request of so many
points moves it by the time in which the rate earns them; while it is less than the
burst ahead of the clock, requests are let through. A reader whose moment has passed
has its whole burst, and needs no entry.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from threading import Lock

KEYS_MAX = 50_000
"""Readers that are known at once: beyond it the passed ones go, then the oldest."""
DEBT_S = 60.0
"""How long a reader may have to wait for the cost of one large answer."""
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Rate:
    """How much a reader may ask for: points a second, and for how long at once."""

    per_s: float
    burst_s: float

    @cached_property
    def window_s(self) -> float:
        """The burst in seconds: one point at least can always be spent at once."""
        return max(self.burst_s, 1 / self.per_s)

    @cached_property
    def burst(self) -> int:
        """The burst in points."""
        return int(self.window_s * self.per_s + _TINY)


@lru_cache(maxsize=256)
def rate_of(per_s: float, burst_s: float) -> Rate:
    """Return a rate; what follows from it is worked out once."""
    return Rate(per_s, burst_s)


@dataclass(slots=True)
class _Spending:
    until: float
    fresh_s: float = 0.0
    """What was spent since the other processes were told, in seconds of the rate."""


class Rates:
    """What readers have spent in this process, and in others as far as it was told.

    May be used by several threads. Moments are of a clock that never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody has asked for anything yet."""
        self._clock = clock
        self._known: dict[bytes, _Spending] = {}
        self._lock = Lock()

    def take(self, key: bytes, rate: Rate, points: float = 1.0) -> float:
        """Spend points and return 0, or spend nothing and return how long to wait."""
        cost_s = points / rate.per_s
        with self._lock:
            now = self._clock()
            found = self._at(key, now)
            wait_s = found.until + cost_s - now - rate.window_s
            if wait_s > _TINY:
                return wait_s
            found.until += cost_s
            found.fresh_s += cost_s
        return 0.0

    def wait_s(self, key: bytes, rate: Rate, points: float = 1.0) -> float:
        """Return how long it takes until so many points may be spent; 0: not at all."""
        now, found = self._clock(), self._known.get(key)
        until = now if found is None else max(found.until, now)
        wait_s = until + points / rate.per_s - now - rate.window_s
        return wait_s if wait_s > _TINY else 0.0

    def charge(self, key: bytes, rate: Rate, points: float) -> None:
        """Spend points whether or not they are there; below 0 gives them back."""
        cost_s = points / rate.per_s
        with self._lock:
            now = self._clock()
            found = self._at(key, now)
            until = min(found.until + cost_s, now + rate.window_s + DEBT_S)
            found.fresh_s += until - found.until
            found.until = until

    def ahead_s(self, key: bytes) -> float:
        """Return in how many seconds the reader has its whole burst again."""
        found = self._known.get(key)
        return 0.0 if found is None else max(found.until - self._clock(), 0.0)

    def fresh(self, at_least_s: float) -> dict[bytes, float]:
        """Hand over what was spent since the last time; less than that is forgotten."""
        with self._lock:
            found = [(key, each) for key, each in self._known.items() if each.fresh_s]
            told = {k: e.fresh_s for k, e in found if e.fresh_s >= at_least_s}
            for _, each in found:
                each.fresh_s = 0.0
        return told

    def agree(self, ahead_s: dict[bytes, float]) -> None:
        """Take over how far ahead readers are, in all processes together."""
        with self._lock:
            now = self._clock()
            for key, seconds in ahead_s.items():
                found = self._at(key, now)
                found.until = max(found.until, now + seconds + found.fresh_s)

    def _at(self, key: bytes, now: float) -> _Spending:
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= KEYS_MAX:
                self._make_room(now)
            found = self._known[key] = _Spending(now)
        elif found.until < now:
            found.until = now
        return found

    def _make_room(self, now: float) -> None:
        kept = [(key, each) for key, each in self._known.items() if each.until > now]
        self._known = dict(kept[-KEYS_MAX // 2 :])
