"""Windows that are asked for before they are needed, by several workers."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue

from leadwell.sync.any_service.lists import Fetched
from leadwell.sync.any_service.windows import Walk, Window

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


class CutShort(Exception):
    """A page had fewer leads than were asked for, though there are said to be more."""


def read(
    walk: Walk, ask: Ask, count: int, *, trusts_total: bool = True
) -> Iterator[Fetched]:
    """Walk to the end of a list; each answer is given, also those that lead back.

    The first window is asked for alone, so that its date comes before all others. Then
    the guesses grow to `count` windows, and after a lead that did not reappear there
    is one again.

    Args:
        trusts_total: whether the list is as long as it is said to be

    Raises:
        HubError: the service refused, or did not answer.
        CutShort: pages are not as large as it was thought.
    """
    workers = Workers(count, ask)
    begun: dict[Window, Future[Fetched]] = {}
    guesses, total, breaks = 1, None, walk.breaks
    try:
        while not walk.is_over:
            windows = walk.ahead(guesses, total)
            for window in begun.keys() - set(windows):
                begun.pop(window).cancel()
            for window in windows:
                if window not in begun:
                    begun[window] = workers.begin(window)
            fetched = begun.pop(windows[0]).result()
            total = fetched.listing.total if trusts_total else None
            if total is not None and _is_cut(fetched, total):
                raise CutShort
            walk.take(fetched.window, [lead.mark for lead in fetched.leads], total)
            yield fetched
            guesses = 1 if walk.breaks > breaks else min(guesses * 2, count)
            breaks = walk.breaks
    finally:
        for future in begun.values():
            future.cancel()
        workers.end()


def _is_cut(fetched: Fetched, total: int) -> bool:
    window, count = fetched.window, len(fetched.leads)
    return count < window.per_page and window.start + count < total
