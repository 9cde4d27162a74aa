"""Leads on their way over several connections at once, and what became of each."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from types import TracebackType

from leadwell.sync.destinations.push.exchanging import Outcome
from leadwell.sync.destinations.push.lead import Item

Send = Callable[[Sequence[Item]], Outcome]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of some leads."""

    items: Sequence[Item]
    result: Outcome | BaseException
    """An error is a fault of ours: what a receiver does is an outcome."""

    def outcome(self) -> Outcome:
        """Return what the receiver did, or raise what went wrong here."""
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


class Sending:
    """Sends on threads of its own. Use it as a context manager.

    Whoever begins takes every end; the threads know nothing of a ledger. They end with
    the process, whatever they wait for.
    """

    def __init__(self, send: Send, connections: int) -> None:
        """Start no thread before there is something to send."""
        self.under_way = 0
        self._send = send
        self._connections = connections
        self._threads = 0
        self._begun: SimpleQueue[Sequence[Item] | None] = SimpleQueue()
        self._ended: deque[Sent] = deque()
        self._news = threading.Event()

    @property
    def has_room(self) -> bool:
        """Whether a connection is free."""
        return self.under_way < self._connections

    def begin(self, items: Sequence[Item]) -> None:
        """Have some leads sent."""
        self.under_way += 1
        self._begun.put(items)
        if self._threads < self.under_way:
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()

    def ended(self, within_s: float | None = None) -> Sent | None:
        """Wait for what ends next, which stays the next until `taken` is called.

        An interrupt can come at any moment, and nothing may be lost by it.

        Args:
            within_s: how long to wait, in seconds; `None`: as long as it takes

        Returns:
            what ended; `None`: nothing did in that time.
        """
        while not self._ended:
            if not self._news.wait(within_s):
                return None
            self._news.clear()
        return self._ended[0]

    def taken(self) -> None:
        """Have done with what ended."""
        self._ended.popleft()
        self.under_way -= 1

    def __enter__(self) -> "Sending":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _ in range(self._threads):
            self._begun.put(None)

    def _work(self) -> None:
        while (items := self._begun.get()) is not None:
            result: Outcome | BaseException
            try:
                result = self._send(items)
            except BaseException as error:
                # Whoever takes the end raises it.
                result = error
            self._ended.append(Sent(items, result))
            self._news.set()
