"""Reading a list: several windows at once, or, where none overlap, again and again."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import count as counted
from queue import SimpleQueue

from leadwell.sync.any_service.lists import Fetched
from leadwell.sync.any_service.windows import Mark, Walk, Window

PATIENCE_MAX = 64
PASSES_MAX = 4
"""Each finds less; a list that nobody changes takes two."""
Ask = Callable[[Window], Fetched]


class Workers:
    """Threads that ask, and end with the process whatever they wait for."""

    def __init__(self, count: int, ask: Ask) -> None:
        """Start no thread before there is work for it."""
        self.count = count
        self._ask = ask
        self._started = 0
        self._wanted: SimpleQueue[tuple[Window, Future[Fetched]] | None] = SimpleQueue()

    def begin(self, window: Window) -> Future[Fetched]:
        """Have a window asked for."""
        future: Future[Fetched] = Future()
        self._wanted.put((window, future))
        if self._started < self.count:
            self._started += 1
            threading.Thread(target=self._work, daemon=True).start()
        return future

    def end(self) -> None:
        """Let the threads end when they have done what they do."""
        for _ in range(self._started):
            self._wanted.put(None)

    def _work(self) -> None:
        while (item := self._wanted.get()) is not None:
            window, future = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._ask(window))
            except BaseException as error:
                # Whoever waits for the answer raises it.
                future.set_exception(error)


@dataclass(slots=True)
class Guesses:
    """How many windows are asked for at once."""

    most: int
    now: int = 1
    _patience: int = 1
    """After so many windows that fit there are twice as many."""
    _fitting: int = 0

    def learn(self, *, is_broken: bool) -> None:
        """Learn from one more window."""
        if is_broken:
            self.now, self._fitting = 1, 0
            self._patience = min(self._patience * 2, PATIENCE_MAX)
            return
        self._fitting += 1
        if self._fitting >= self._patience:
            self.now, self._fitting = min(self.now * 2, self.most), 0
            self._patience = max(self._patience // 2, 1)


class CutShort(Exception):
    """A page had fewer leads than were asked for, though there are said to be more."""


def read(
    walk: Walk, ask: Ask, count: int, *, trusts_total: bool = True
) -> Iterator[Fetched]:
    """Walk to the end of a list; each answer is given, also those that lead back.

    The first window is asked for alone, so that its date comes before all others. Then
    the guesses grow to `count` windows. Where no known lead reappears there is one
    again, and the more often that happens the longer it takes them to grow: a guess
    that is thrown away has cost time in which the list moved on.

    Args:
        trusts_total: whether the list is as long as it is said to be

    Raises:
        HubError: the service refused, or did not answer.
        CutShort: pages are not as large as it was thought.
    """
    workers = Workers(count, ask)
    begun: dict[Window, Future[Fetched]] = {}
    guesses, total, breaks = Guesses(count), None, walk.breaks
    try:
        while not walk.is_over:
            windows = walk.ahead(guesses.now, total)
            _begin(workers, begun, windows)
            fetched = begun.pop(windows[0]).result()
            total = fetched.listing.total if trusts_total else None
            if total is not None and _is_cut(fetched, total):
                raise CutShort
            walk.take(fetched.window, [lead.mark for lead in fetched.leads], total)
            yield fetched
            guesses.learn(is_broken=walk.breaks > breaks)
            breaks = walk.breaks
    finally:
        for future in begun.values():
            future.cancel()
        workers.end()


def _begin(
    workers: Workers, begun: dict[Window, Future[Fetched]], windows: list[Window]
) -> None:
    """Have these windows asked for, and no others."""
    for window in begun.keys() - set(windows):
        begun.pop(window).cancel()
    for window in windows:
        if window not in begun:
            begun[window] = workers.begin(window)


def _is_cut(fetched: Fetched, total: int) -> bool:
    window, count = fetched.window, len(fetched.leads)
    return count < window.per_page and window.start + count < total


def read_again(ask: Ask, per_page: int) -> Iterator[Fetched]:
    """Read a list page by page. Best effort: what moves each time can be missed."""
    known: set[Mark] = set()
    for _ in range(PASSES_MAX):
        before = len(known)
        for fetched in _once(ask, per_page):
            known |= {lead.mark for lead in fetched.leads}
            yield fetched
        if len(known) == before:
            return


def _once(ask: Ask, per_page: int) -> Iterator[Fetched]:
    met: set[Mark] = set()
    for page in counted(1):
        fetched = ask(Window(page, per_page))
        marks = {lead.mark for lead in fetched.leads}
        # Some services answer what is behind their last page with that page.
        yield fetched
        if marks <= met:
            return
        met |= marks
