"""Cut off who asks for an answer and does not take it: it lies in memory meanwhile."""

import asyncio

from leadwell.api.entrance import metrics

TAKEN_BYTES_MIN = 65_536
"""What has to be taken of an answer within the deadline, while so much waits."""


class ReaderDeadline:
    """How long the reader of one connection may leave an answer where it is.

    It runs while more waits for the reader than a transport holds gladly, and begins
    anew with each part that is taken: a slow line is no reason to be cut off.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout_s: float) -> None:
        """Prepare; nothing runs before `begin`."""
        self._loop = loop
        self._timeout_s = timeout_s
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, transport: asyncio.Transport) -> None:
        """More waits than is good: the reader has to take some of it."""
        self.end()
        waiting = transport.get_write_buffer_size()
        self._timer = self._loop.call_later(
            self._timeout_s, self._look, transport, waiting
        )

    def end(self) -> None:
        """The reader has taken it, or has gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, transport: asyncio.Transport, waiting: int) -> None:
        self._timer = None
        if waiting - transport.get_write_buffer_size() >= TAKEN_BYTES_MIN:
            self.begin(transport)
            return
        metrics.met("slow_reader")
        transport.abort()
