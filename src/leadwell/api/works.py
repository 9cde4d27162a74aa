"""Work that people have asked for and that goes on beside requests, in threads."""

from collections.abc import Callable
from threading import Event, Lock, Thread


class Works:
    """All of it in this process. Each piece stops soon after it is told to."""

    def __init__(self) -> None:
        """Nothing is being done yet."""
        self.stopping = Event()
        """Set when the hub stops: work ends where it can be gone on with."""
        self._threads: list[Thread] = []
        self._lock = Lock()

    def start(self, work: Callable[[], None]) -> None:
        """Begin with a piece of work."""
        thread = Thread(target=work, name="work", daemon=True)
        with self._lock:
            self._threads = [each for each in self._threads if each.is_alive()]
            self._threads.append(thread)
            thread.start()

    def settle(self) -> None:
        """Wait until all that was begun is done."""
        with self._lock:
            begun = list(self._threads)
        for thread in begun:
            thread.join()

    def stop(self) -> None:
        """Have everything end, and wait for it."""
        self.stopping.set()
        self.settle()
