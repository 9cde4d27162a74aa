"""Telling other processes that something has changed, after it was committed."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Condition, Thread

APART_S = 0.01
"""How long what is to be told gathers after something was told: each telling costs the
server a small transaction, and one tells of any number of campaigns."""

CLOSE_S = 5.0
"""How long a server that does not answer is waited for at the end."""


class Teller:
    """A thread that sends what was handed in, each word once, beside the writers.

    What cannot be sent is dropped: whoever waits for it looks from time to time.
    """

    def __init__(self, send: Callable[[list[str]], None]) -> None:
        """Begin with no thread: the first word starts it. `send` may raise anything."""
        self._send = send
        self._words: set[str] = set()
        self._state = Condition()
        self._is_open = True
        self._thread: Thread | None = None

    def tell(self, words: Iterable[str]) -> None:
        """Have words sent soon; nobody waits for it."""
        with self._state:
            self._words.update(words)
            if not self._words or not self._is_open:
                return
            if self._thread is None:
                self._thread = Thread(target=self._run, name="teller", daemon=True)
                self._thread.start()
            self._state.notify()

    def close(self) -> None:
        """Send what was handed in, and end."""
        with self._state:
            self._is_open = False
            self._state.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while words := self._next():
            # What fails is a hint that is lost; that the database is away, its users
            # are told.
            with suppress(Exception):
                self._send(words)
            with self._state:
                self._state.wait_for(lambda: not self._is_open, APART_S)

    def _next(self) -> list[str]:
        with self._state:
            self._state.wait_for(lambda: self._words or not self._is_open)
            words = sorted(self._words)
            self._words.clear()
            return words
