"""When the next request may be sent, for all who send to one place."""

import threading
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Pace:
    """Turns, in their order. Threads may share it; durations in seconds."""

    gap_s: float = 0.0
    """The shortest time between two requests."""
    turns: int = 0
    """How many requests were sent."""
    _next_at: float = 0.0
    _held_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self) -> float:
        """Take the next turn; returns how long to wait for it."""
        with self._lock:
            self.turns += 1
            now = time.monotonic()
            turn = max(now, self._next_at, self._held_until)
            self._next_at = turn + self.gap_s
            return turn - now

    def held_s(self) -> float:
        """Return how much longer all are held back, those who wait already too."""
        return max(self._held_until - time.monotonic(), 0.0)

    def hold(self, seconds: float) -> None:
        """Hold all back: whoever is asked wants that."""
        with self._lock:
            self._held_until = max(self._held_until, time.monotonic() + seconds)
