"""Ask for changes: one answer, or as many as are stored as one step."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from leadwell.client import Campaign, HubError
from leadwell.sync.batches import ERASED
from leadwell.sync.destinations.base import Copy
from leadwell.sync.feeding import Answer
from leadwell.sync.proving import check_onward

PAGE_LEADS = 1000
"""The most that one answer may have."""
STEP_LEADS = 5000
"""What is stored as one step where answers come quickly: each step has a price."""
STEP_S = 0.5
"""How long answers are gathered: what came slowly is not to be lost."""


class Counts(Protocol):
    """What is counted of a run."""

    requests: int


@dataclass(slots=True)
class Asker:
    """Asks one campaign, always the same question."""

    campaign: Campaign
    query: Sequence[tuple[str, str]]
    counts: Counts
    keeps: bool
    """Whether what is told is kept anywhere: else nothing is confirmed to the hub."""
    _has_forgotten: bool = True
    """Whether all that was erased before the cursor is gone where the leads went."""
    failure: HubError | None = None
    """What went wrong behind what was gathered: it is raised by the next request."""

    def look(self, copy: Copy) -> None:
        """Look what may be confirmed once the copy's cursor is sent."""
        self._has_forgotten = copy.has_forgotten()

    def ask(self, cursor: str | None, *, proves: bool) -> Answer:
        """Return what follows a cursor.

        Args:
            proves: whether the hub is to count what the copy has to hold at the end

        Raises:
            HubError: the hub refused, or could not be asked.
            UnprovenCopy: it says that there is more where it was asked from.
        """
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        self.counts.requests += 1
        answer = self.campaign.changes_as(
            Answer,
            cursor,
            limit=PAGE_LEADS,
            query=self.query,
            digest=proves,
            confirm=self.keeps and self._has_forgotten,
        )
        check_onward(cursor, answer)
        return answer

    def gather(self, answer: Answer, *, proves: bool) -> Answer:
        """Ask on until there is enough for a step; a failure waits until it is kept."""
        started, last = time.monotonic(), answer
        while answer.has_more and len(answer.entries) < STEP_LEADS:
            # Who sends a cursor confirms the erasures before it: they are kept first.
            if time.monotonic() - started > STEP_S or _has_erasure(last):
                break
            try:
                last = self.ask(answer.cursor, proves=proves)
            except HubError as error:
                self.failure = error
                break
            answer = answer.plus(last)
        return answer


def _has_erasure(answer: Answer) -> bool:
    return any(each.reason == ERASED for each in answer.entries)
