"""Which leads are gone: those of the copy that a reading of everything did not meet."""

from collections.abc import Callable
from dataclasses import dataclass

from leadwell.sync.errors import TooManyRemovals

SHARE, LEAST = 0.01, 100
"""How many may go at once: this part of the copy, or so many where that is more."""


@dataclass(slots=True)
class Single:
    """Asks for single leads, of a service that may not know them by their ids."""

    has: Callable[[int], bool | None]
    met: int | None
    """A lead that is there; if it cannot be asked for, "not found" means nothing."""
    _is_able: bool | None = None

    def __call__(self, lead_id: int) -> bool | None:
        """Return whether there is such a lead; `None`: nobody knows."""
        if self._is_able is None:
            self._is_able = self.met is not None and self.has(self.met) is True
        return self.has(lead_id) if self._is_able else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of leads that were not met."""

    gone: frozenset[int]
    open: frozenset[int]
    """Perhaps they moved while they were looked for: the next time tells."""


def check(untold: set[int], held: int, most: int | None, place: str) -> None:
    """Check that not so many leads are missing that it may be another question.

    Args:
        held: how many leads the copy has
        most: what the user allows; `None`: 1 % of the copy, or 100

    Raises:
        TooManyRemovals: there are more.
    """
    bound = max(LEAST, int(held * SHARE)) if most is None else most
    if len(untold) > bound:
        raise TooManyRemovals(
            f"{len(untold):,} of the {held:,} leads of {place} are not shown any more, "
            f"and at most {bound:,} may go at once; none was removed",
            hint="a filter that was narrowed, or another token, looks like this; if "
            f"they are gone indeed: --reconcile --max-removals {len(untold)}",
        )


def judge(
    untold: set[int],
    before: frozenset[int],
    has: Callable[[int], bool | None],
    *,
    cannot_move: bool,
    is_whole: bool,
) -> Verdict:
    """Tell leads that are gone from leads that moved while everything was read.

    A lead that nobody touches is met. One that was touched may have moved to where
    nobody looked any more; so it counts as gone if it cannot move, if the service says
    that it has no such lead, or if it was not met the last time either.

    Args:
        before: those that were not met the last time
        has: asks for a single lead
        cannot_move: whether the order of the list is one in which leads stay
        is_whole: whether the list has every lead that `has` knows
    """
    if cannot_move:
        return Verdict(frozenset(untold), frozenset())
    gone, unclear = set[int](), set[int]()
    for lead_id in sorted(untold):
        is_there = has(lead_id)
        if is_there is False or (lead_id in before and not (is_there and is_whole)):
            gone.add(lead_id)
        elif not (is_there and is_whole):
            unclear.add(lead_id)
    return Verdict(frozenset(gone), frozenset(unclear))
