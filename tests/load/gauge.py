"""What a hub's processes hold and use, looked at once a second."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import mean
from threading import Event, Thread

from tests.served import Served
from tests.sizes import Size, size_of


@dataclass
class Gauge:
    """The sizes of a hub, one a second, from the first look on."""

    hub: Served
    sizes: list[Size] = field(default_factory=list)

    @property
    def peak_kib(self) -> int:
        return max(size.memory_kib for size in self.sizes)

    def mean_kib(self, begin: float, end: float) -> float:
        """Return the mean memory of a part: of 0.5 to 0.6, say, of the time."""
        many = len(self.sizes)
        part = self.sizes[int(many * begin) : max(int(many * end), 1)]
        return mean(size.memory_kib for size in part)


@contextmanager
def watched(hub: Served, every_s: float = 1.0) -> Iterator[Gauge]:
    """Look at a hub until it is over, and once more then."""
    gauge, is_over = Gauge(hub, [size_of(hub)]), Event()

    def look() -> None:
        while not is_over.wait(every_s):
            gauge.sizes.append(size_of(hub))

    thread = Thread(target=look, daemon=True)
    thread.start()
    try:
        yield gauge
    finally:
        is_over.set()
        thread.join()
    gauge.sizes.append(size_of(hub))


@dataclass
class Polite:
    """A reader that asks once in a while, and how it fared."""

    hub: Served
    path: str
    waits_s: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def ask(self) -> float:
        """Ask once; return how long that took."""
        started = time.monotonic()
        answer = self.hub.request("GET", self.path)
        self.waits_s.append(time.monotonic() - started)
        self.statuses.append(answer.status_code)
        return self.waits_s[-1]
