"""Entries side by side: so many at a time, and none stopped by another's failure."""

from __future__ import annotations

import queue
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from leadwell.cli import output
from leadwell.cli.app import exit_code
from leadwell.cli.pull.repeating import repeated
from leadwell.errors import InternalError, LeadwellError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leadwell.cli.many.plan import Entry
    from leadwell.cli.pull.report import Outcome
    from leadwell.cli.pull.sync import Copying
    from leadwell.client import Campaign
    from leadwell.sync.destinations import Destination
    from leadwell.sync.pulling import Wanted

PARTLY = 7
"""Exit code: some entries are done, and others are not."""


@dataclass(frozen=True)
class Ended:
    """How an entry ended."""

    entry: Entry
    code: int
    outcome: Outcome | None = None
    """`None`: it could not begin."""
    error: LeadwellError | None = None


@dataclass(frozen=True)
class Going:
    """An entry that goes on, and takes its turn with the others for each pull."""

    copying: Copying
    turn: AbstractContextManager[object]
    tell: Callable[[Outcome], None]

    @property
    def campaign(self) -> Campaign:
        """The campaign that is read."""
        return self.copying.campaign

    @property
    def destination(self) -> Destination:
        """Where the leads go."""
        return self.copying.destination

    def once(self, wanted: Wanted) -> Outcome:
        """Pull once, when it is its turn."""
        with self.turn:
            outcome = self.copying.pulled(wanted)
        if outcome.error is not None:
            raise outcome.error
        self.tell(outcome)
        return outcome


@dataclass(frozen=True)
class Runner:
    """Carries out entries."""

    begin: Callable[[Entry], tuple[Copying, Wanted]]
    tell: Callable[[Entry, Outcome], None]
    """Told each pull of an entry that goes on."""
    workers: int

    def run(self, entries: Sequence[Entry]) -> Iterator[Ended]:
        """Yield each entry as it ends.

        Those that go on hold a thread each, as they wait most of the time; how many
        pull at a time is bounded all the same.
        """
        waiting: queue.SimpleQueue[Entry] = queue.SimpleQueue()
        ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        turn = threading.BoundedSemaphore(self.workers)
        staying = [each for each in entries if each.every or each.follow]
        passing = [each for each in entries if each not in staying]
        for each in passing:
            waiting.put(each)

        def carry_out(entry: Entry) -> None:
            ended.put(self._ended(entry, turn))

        def work() -> None:
            while True:
                try:
                    entry = waiting.get_nowait()
                except queue.Empty:
                    return
                carry_out(entry)

        jobs: list[Callable[[], None]] = [work] * min(self.workers, len(passing))
        jobs += [partial(carry_out, each) for each in staying]
        for job in jobs:
            # Ctrl-C need not wait for them: a pull may be killed at any moment.
            threading.Thread(target=job, daemon=True).start()
        for _ in entries:
            yield ended.get()

    def _ended(self, entry: Entry, turn: AbstractContextManager[object]) -> Ended:
        try:
            return self._carried_out(entry, turn)
        except LeadwellError as error:
            return Ended(entry, exit_code(error, goes_on=True), error=error)
        except Exception as error:
            # A fault of ours in one entry must not hold the others up.
            fault = InternalError(f"{type(error).__name__} in {entry.name}")
            return Ended(entry, 1, error=fault)

    def _carried_out(self, entry: Entry, turn: AbstractContextManager[object]) -> Ended:
        copying, wanted = self.begin(entry)
        if not entry.every and not entry.follow:
            with turn:
                outcome = copying.pulled(wanted)
            return Ended(entry, outcome.code, outcome, outcome.error)
        going = Going(copying, turn, lambda outcome: self.tell(entry, outcome))
        code = repeated(going, wanted, every=entry.every, follow=entry.follow)
        return Ended(entry, code)


def together(codes: Sequence[int]) -> int:
    """Return the exit code of several.

    It is that of those that failed, where they agree and none was done, or where the
    next run will do; else it was done in part.
    """
    failed = {code for code in codes if code}
    if not failed:
        return 0
    if failed == {output.RUN_AGAIN} or (len(failed) == 1 and 0 not in codes):
        return failed.pop()
    return PARTLY
