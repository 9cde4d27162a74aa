"""How far a pull is, on the terminal of whoever waits for it."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

    from leadwell.client import Campaign
    from leadwell.sync.pulling import Summary


class Meter:
    """A bar on stderr, where that is a terminal."""

    def __init__(self, campaign: Campaign, query: str) -> None:
        """Show nothing before something was stored."""
        self._campaign = campaign
        self._query = query
        self._bar: Progress | None = None
        self._delivers = False

    def tell(self, summary: Summary) -> None:
        """Show how many leads were stored."""
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            self._bar = self._begun(summary)
        self._bar.update(self._bar.task_ids[0], completed=summary.tally.total)

    def deliver(self, sent: int, total: int) -> None:
        """Show how many leads were sent on, of those that wait."""
        if not sys.stderr.isatty():
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

    def _begun(self, summary: Summary) -> Progress:
        from leadwell.cli.pull import bar
        from leadwell.sync.pulling import pairs_of

        total = summary.total
        if total is None and summary.was_anew:
            asked = [*pairs_of(self._query), ("per_page", "1")]
            total = self._campaign.page(asked).total
        return bar.started(total, "Leads")
