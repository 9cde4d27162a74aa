"""How far a pull is, for whoever waits for it: a bar, or a line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from leadwell.cli import output

if TYPE_CHECKING:
    from rich.progress import Progress

    from leadwell.client import Campaign
    from leadwell.sync.pulling import Summary

LINE_EVERY_S = 10.0
"""How long a file, or the log of a service, waits for the next line."""


class Meter:
    """A bar on stderr where that is a terminal, else a line each ten seconds."""

    def __init__(self, campaign: Campaign, query: str) -> None:
        """Show nothing before something was stored."""
        self._campaign = campaign
        self._query = query
        self._bar: Progress | None = None
        self._delivers = False
        self._total: int | None = None
        self._is_total_known = False
        self._said_at = time.monotonic()

    def tell(self, summary: Summary) -> None:
        """Show how many leads were stored."""
        if not sys.stderr.isatty():
            if self._is_due():
                self._say("stored", summary.tally.total, self._total_of(summary))
            return
        if self._bar is None:
            from leadwell.cli.pull import bar

            self._bar = bar.started(self._total_of(summary), "Leads")
        self._bar.update(self._bar.task_ids[0], completed=summary.tally.total)

    def deliver(self, sent: int, total: int) -> None:
        """Show how many leads were sent on, of those that wait."""
        if not sys.stderr.isatty():
            if self._is_due():
                self._say("delivered", sent, total)
            return
        if not self._delivers:
            from leadwell.cli.pull import bar

            self._delivers = True
            self._stop()
            self._bar = bar.started(total, "Delivered")
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=sent)

    def __enter__(self) -> Meter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _is_due(self) -> bool:
        return time.monotonic() - self._said_at >= LINE_EVERY_S

    def _say(self, done: str, number: int, total: int | None) -> None:
        self._said_at = time.monotonic()
        of = f" of {total:,}" if total is not None else ""
        output.hint(f"{number:,}{of} leads {done}")

    def _total_of(self, summary: Summary) -> int | None:
        """Return how many there will be, if that can be known; asked for once."""
        if not self._is_total_known:
            from leadwell.sync.pulling import pairs_of

            self._is_total_known, self._total = True, summary.total
            if self._total is None and summary.was_anew:
                asked = [*pairs_of(self._query), ("per_page", "1")]
                self._total = self._campaign.page(asked).total
        return self._total
