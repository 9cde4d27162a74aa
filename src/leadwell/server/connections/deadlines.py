"""By when something has to arrive over a connection."""

import asyncio
from collections.abc import Callable


class Deadline:
    """One that is set anew for each head and body, and mostly met.

    It has one timer, which looks whether it came too early: one of its own for each
    deadline would be set and taken back in vain.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, passed: Callable[[], None]
    ) -> None:
        """Set none yet; `passed` is called when one has passed."""
        self._loop = loop
        self._passed = passed
        self._at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        """Whether something is waited for."""
        return self._at is not None

    def begin(self, within_s: float) -> None:
        """Wait for something from now on."""
        self._at = self._loop.time() + within_s
        if self._timer is None:
            self._timer = self._loop.call_later(within_s, self._look)
        elif self._timer.when() > self._at:
            self._timer.cancel()
            self._timer = self._loop.call_at(self._at, self._look)

    def met(self) -> None:
        """It has arrived."""
        self._at = None

    def end(self) -> None:
        """Nothing is waited for any more, over this connection."""
        self._at = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._at is None:
            return
        if self._loop.time() < self._at:
            self._timer = self._loop.call_at(self._at, self._look)
        else:
            self._at = None
            self._passed()
