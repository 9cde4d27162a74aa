"""Reading one list to its end, and what its answers say of the service."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta

import msgspec

from leadwell.sync.any_service import reading
from leadwell.sync.any_service.lists import Fetched, Lists, OtherPage
from leadwell.sync.any_service.place import Place, Position
from leadwell.sync.any_service.probing import orders_of, probe
from leadwell.sync.any_service.reading import CutShort
from leadwell.sync.any_service.shaping import moment_of, repeated, stamp, version_of
from leadwell.sync.any_service.traits import Traits
from leadwell.sync.any_service.windows import Walk
from leadwell.sync.errors import UnstableList
from leadwell.sync.pulling import Summary

BREAKS_MAX = 200
"""How often a walk steps back before it gives up."""
_NEVER = 2**63
"""No lead has a later version."""
SKEW_MAX_S = 86_400
"""A day: a stamp that lies further ahead is a lead's mistake, not the clock's."""


@dataclass(frozen=True, slots=True)
class Walking:
    """Reads the lists of a service; what is found out goes to the place."""

    lists: Lists
    place: Place
    workers: int
    summary: Summary

    @property
    def lag_s(self) -> int:
        """How late `updated_at` may show, in seconds."""
        return self.lists.profile.lag + self.place.skew

    def answers(self, position: Position) -> Iterator[tuple[Fetched, Walk | None]]:
        """Read to the end of a list; with each answer, the walk if there is one.

        Raises:
            HubError: the service refused, or did not answer.
            UnstableList: the list moves faster than it can be read.
        """
        traits, since = self.place.traits, position.since
        if since is not None and traits.updated_after == "days":
            since = since[: len("YYYY-MM-DD")]
        if not traits.is_anchored:
            found = reading.read_again(
                lambda window: self.lists.page(window, since), traits.per_page
            )
            yield from ((each, None) for each in found)
            return
        walk = position.walk(traits.per_page)
        try:
            yield from self._anchored(walk, since)
        except (CutShort, OtherPage) as surprise:
            position.note(walk)
            if not self._wonders(traits) and isinstance(surprise, OtherPage):
                raise
            yield from self.answers(position)

    def _wonders(self, known: Traits) -> bool:
        """Find out anew what a service can do; whether it is less than was known."""
        found = probe(self.lists)
        is_less = found.per_page < known.per_page or not found.is_anchored
        # If pages are as large as they were, there are fewer leads than it says.
        self.place.traits = msgspec.structs.replace(found, says_total=is_less)
        return is_less

    def _anchored(
        self, walk: Walk, since: str | None
    ) -> Iterator[tuple[Fetched, Walk | None]]:
        for fetched in reading.read(
            walk,
            lambda window: self.lists.window(window, since),
            self.workers,
            trusts_total=self.place.traits.says_total,
        ):
            if walk.breaks > BREAKS_MAX:
                raise UnstableList(
                    "the list moves faster than it can be read",
                    hint="run again when less is going on: what was stored is kept",
                )
            yield fetched, walk

    def look_at(self, fetched: Fetched, position: Position) -> None:
        """Note what an answer says of the service: its clock, its order."""
        if position.began is None:
            position.began = stamp(fetched.date)
        orders = orders_of(fetched.leads)
        position.orders = [each for each in position.orders if each in orders]
        self.summary.total = fetched.listing.total
        newest = max((lead.version for lead in fetched.leads), default=0)
        if fetched.date is None:
            return
        ahead_s = (newest - version_of(fetched.date)) // 1_000_000
        if ahead_s > self.lag_s:
            earlier_s = min(ahead_s, SKEW_MAX_S)
            self.place.skew = max(self.place.skew, earlier_s)
            self.summary.notes.append(
                f"leads are updated up to {ahead_s} s after the service's own clock: "
                f"changes are asked for from {earlier_s} s earlier on"
            )

    def cutoff(self, position: Position) -> int:
        """Return the version from which on leads are read again by the next run."""
        after = self.after(position.began)
        moment = moment_of(after, UTC)
        return _NEVER if moment is None else version_of(moment)

    def after(self, began: str | None) -> str | None:
        """Return since when is asked next, after a walk that began then."""
        moment = moment_of(began, UTC)
        if moment is None or not self.place.traits.tells_changes:
            return None
        lag_s = self.place.traits.lag_s(self.lag_s)
        after = moment - timedelta(seconds=lag_s)
        # In an hour that comes twice, what is written later may look earlier.
        return stamp(after - repeated(after, self.lists.profile.zone))

    def turn(self, position: Position, recent: Callable[[int], dict[int, str]]) -> None:
        """Say what comes after a walk that has come to its end.

        Args:
            recent: returns the content of leads from a version on, hashed
        """
        place = self.place
        place.after = self.after(position.began)
        place.recent = recent(self.cutoff(position))
        if position.since is None:
            position.everything_began = position.began
            if not position.retells:
                place.reconciled = position.began
        if position.since is None and place.after is not None:
            # What was touched while it was read is where nobody looked any more.
            place.walk = Position(
                place.after,
                position.retells,
                everything_began=position.began,
                orders=position.orders,
            )
        elif position.retells:
            position.is_over = True
        else:
            place.walk = None

    def is_due(self, began: str | None) -> bool:
        """Whether to look for leads that are gone, by the service's clock."""
        every_s = self.lists.profile.reconcile_every
        now, last = moment_of(began, UTC), moment_of(self.place.reconciled, UTC)
        if not every_s or now is None:
            return False
        return last is None or (now - last).total_seconds() >= every_s
