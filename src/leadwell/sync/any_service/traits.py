"""What a service can do, as far as it was found out, and what that lets us promise."""

from typing import Any, Literal

from msgspec import Struct

Answers = Literal["moments", "days", "unknown", "ignored", "none"]
"""What `updated_after` takes; `ignored` and `none`: there is no use in asking."""
DAYS_LAG_S = 36 * 3600
"""Enough for a day that begins in another time zone."""


class Traits(Struct, frozen=True):
    """What was found out about one service, with one token."""

    variant: str
    """The envelope of its lists."""
    per_page: int
    """The most leads that it answers with at once."""
    takes_sizes: bool | None = None
    """Whether pages have the size that is asked for; `None`: not known yet."""
    order: str = ""
    """`id`, `-id`, `updated_at`, `-updated_at`, as far as one can tell."""
    is_stable: bool = True
    """Whether the same question was answered in the same order."""
    says_total: bool = False
    """Whether it says how many leads there are, and is right."""
    has_date: bool = True
    """Whether answers have a `Date`; without one nothing says where to go on."""
    has_stamps: bool = True
    """Whether leads say when they were updated."""
    updated_after: Answers = "unknown"
    is_inclusive: bool | None = None
    """Whether `updated_after` answers with leads of that very moment."""
    is_fresh: bool = False
    """Whether everything could be found out, so that it need not be asked again."""

    @property
    def is_anchored(self) -> bool:
        """Whether pages can overlap, so that none is missed."""
        return self.takes_sizes is not False and self.is_stable

    @property
    def tells_changes(self) -> bool:
        """Whether it can be asked for changes alone."""
        is_asked = self.updated_after not in {"ignored", "none"}
        return is_asked and self.has_date and self.has_stamps

    def lag_s(self, lag_s: int) -> int:
        """Return how far before the service's clock it is asked again."""
        is_exact = self.updated_after == "moments"
        return lag_s if is_exact else max(lag_s, DAYS_LAG_S)

    def guarantees(self, lag_s: int) -> dict[str, Any]:
        """Say what a copy of this service is, for programs."""
        changes = f"updated_after, {self.lag_s(lag_s)} s before the last run"
        return {
            "service": self.variant,
            "reading": "exact" if self.is_anchored else "best_effort",
            "changes": changes if self.tells_changes else "everything, each time",
            "removals": "reconcile",
            "order": self.order or "unknown",
            "per_page": self.per_page,
            "words": self.words(lag_s),
        }

    def words(self, lag_s: int) -> str:
        """Say what a copy of this service is, for people."""
        reading = (
            "every lead is read, also while others write"
            if self.is_anchored
            else "best effort: pages cannot be made to overlap, so a lead that moves "
            "while they are read can be missed until the next --full"
        )
        changes = (
            f"changes by updated_after, {_duration(self.lag_s(lag_s))} back"
            if self.tells_changes
            else "it cannot be asked for changes, so each run reads everything"
        )
        return (
            f"no hub of Leadwell's: {reading}; {changes}; "
            "leads that are gone are found by --reconcile alone"
        )


def _duration(seconds: int) -> str:
    return f"{seconds} s" if seconds < 3600 else f"{seconds // 3600} h"
