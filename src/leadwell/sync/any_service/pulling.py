"""The pull from any service: walks its lists, and keeps what it read as one step.

A run reads what was updated since the last one. The first run, and one that looks for
leads that are gone, reads everything before. Where it stands is kept with the leads, so
that a run which is killed is gone on with.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from leadwell.errors import UsageError
from leadwell.sync.any_service import columns, reading_ahead, removals, repeating
from leadwell.sync.any_service.columns import Columns
from leadwell.sync.any_service.keeping import Keeping
from leadwell.sync.any_service.lists import Fetched, Lists, OtherPage
from leadwell.sync.any_service.place import Place, Position, place_of
from leadwell.sync.any_service.probing import orders_of, probe
from leadwell.sync.any_service.reading_ahead import CutShort
from leadwell.sync.any_service.shaping import moment_of, stamp, version_of
from leadwell.sync.any_service.traits import Traits
from leadwell.sync.any_service.windows import Walk
from leadwell.sync.destinations.base import Copy, Destination, Overtaken
from leadwell.sync.errors import BusyDestination, OtherQuestion, UnstableService
from leadwell.sync.pulling import Summary, Tell, Wanted, check, silent
from leadwell.sync.state import State

BATCH_LEADS = 1000
"""What is stored as one step, and so what a killed run reads again at most."""
BREAKS_MAX = 200
"""How often a walk steps back before it gives up."""
_NEVER = 2**63
"""No lead has a later version."""


@dataclass(frozen=True, slots=True)
class How:
    """How a service is read that is no hub of ours."""

    workers: int = 4
    reconcile: bool = False
    """Read everything, and remove what is not there any more."""
    max_removals: int | None = None
    """So many at most; `None`: 1 % of the copy, or 100."""


@dataclass(slots=True)
class AnyPull:
    """One run: brings a copy to where the service was when the run began."""

    lists: Lists
    url: str
    destination: Destination
    wanted: Wanted
    how: How
    tell: Tell = silent
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    summary: Summary = field(default_factory=Summary)
    _state: State | None = field(default=None, init=False)
    _place: Place = field(init=False)
    _columns: Columns = field(init=False)
    _begins: bool = field(default=False, init=False)
    """Whether everything is read next."""
    _has_begun: bool = field(default=False, init=False)
    _is_other: bool = field(default=False, init=False)
    """Whether the copy was made with another question."""

    def run(self) -> Summary:
        """Pull until the copy is up to date; it is closed when this returns.

        Nothing is made before the service has answered.

        Raises:
            HubError: the service refused, or could not be asked; what was kept is kept.
            DestinationError: nothing of the present step was kept.
        """
        self._check_filter()
        looked = self.destination.look()
        if looked is not None:
            with looked:
                self._state = looked.state()
        self._stand()
        with self.destination.open() as copy:
            while not self._comes(copy):
                self._state = copy.state()
                self._stand()
            copy.settle()
        self.summary.requests = self.lists.requests
        self.summary.is_up_to_date = True
        return self.summary

    def _check_filter(self) -> None:
        names = self.lists.profile.parameters
        used = {names.page, names.per_page, names.updated_after}
        taken = sorted(used.intersection(self.lists.asked_names))
        if taken:
            raise UsageError(
                f"--filter has {taken[0]}, which the walk itself asks for",
                hint="leave it out",
            )

    def _stand(self) -> None:
        """Find out where the copy stands, and what the service can do."""
        state, wanted = self._state, self.wanted
        if state is not None:
            check(state, self.lists.campaign_id, self.destination.text, wanted)
        place = place_of(state.cursor) if state else None
        if state is not None and place is None and not wanted.full:
            raise OtherQuestion(
                f"{self.destination.text} follows the change feed of a hub",
                hint="leave out --profile, or begin anew with --full",
            )
        self._is_other = state is not None and (
            place is None or state.query != wanted.query
        )
        walk = place.walk if place else None
        goes_on = walk is not None and walk.retells and not walk.is_over
        self._has_begun |= goes_on and not self._is_other
        asks_all = (wanted.full or self.how.reconcile) and not self._has_begun
        self._begins = place is None or self._is_other or asks_all
        self._place = self._placed(None if self._is_other else place)
        self._columns = self._known_columns()
        self.summary.guarantees = self._place.traits.guarantees(self._lag_s)

    def _placed(self, place: Place | None) -> Place:
        if place is None:
            return Place(probe(self.lists))
        if self._begins or not place.traits.is_fresh:
            place.traits = probe(self.lists)
        if self._begins or (place.walk is not None and place.walk.is_over):
            # What was to come after it was refused or killed: it is begun when asked.
            place.walk = None
        return place

    def _known_columns(self) -> Columns:
        given = columns.served(self.lists.schema()) if self._begins else None
        if given is not None:
            self._place.is_served = True
            return given
        if self._state is None:
            return columns.inferred()
        return Columns(self._state.schema, is_served=self._place.is_served)

    @property
    def _lag_s(self) -> int:
        return self.lists.profile.lag + self._place.skew

    def _comes(self, copy: Copy) -> bool:
        """Go on to the end; false: somebody else has moved the copy on meanwhile."""
        keeping = Keeping(
            copy,
            self._columns,
            self._place,
            self._first_state(),
            self.now,
            self.summary.tally,
            is_strict=self.wanted.strict,
        )
        try:
            self._go(keeping)
        except Overtaken:
            state = copy.state()
            if state and state.step == keeping.state.step:
                raise BusyDestination(
                    f"{self.destination.text} is being changed by another program",
                    hint="run again: what was stored is kept",
                ) from None
            return False
        return True

    def _first_state(self) -> State:
        known = self._state
        state = known or State(self.lists.campaign_id, self.url, self.wanted.query)
        return msgspec.structs.replace(
            state,
            url=self.url,
            query=self.wanted.query,
            keeps_removed=state.keeps_removed or self.wanted.keep_removed,
        )

    def _go(self, keeping: Keeping) -> None:
        place = self._place
        position: Position | None = place.walk or self._first_walk(keeping)
        while position is not None:
            place.walk = position
            if position.is_over:
                self._reconcile(keeping, position)
            else:
                self._walk(keeping, position)
            position = self._next_walk(keeping, position)

    def _first_walk(self, keeping: Keeping) -> Position:
        if self._begins or self._place.after is None:
            return self._everything(keeping, retells=self._begins)
        return Position(since=self._place.after)

    def _next_walk(self, keeping: Keeping, done: Position) -> Position | None:
        walk = self._place.walk
        return self._everything(keeping) if not walk and self._is_due(done) else walk

    def _everything(self, keeping: Keeping, *, retells: bool = True) -> Position:
        self._has_begun = self.summary.was_anew = True
        retells = retells and self._state is not None
        keeping.begins = retells
        return Position(since=None, retells=retells)

    def _is_due(self, position: Position) -> bool:
        """Whether to look for leads that are gone, by the service's clock."""
        every_s = self.lists.profile.reconcile_every
        began = moment_of(position.began, UTC)
        last = moment_of(self._place.reconciled, UTC)
        if not every_s or self._has_begun or began is None:
            return False
        return last is None or (began - last).total_seconds() >= every_s

    def _walk(self, keeping: Keeping, position: Position) -> None:
        """Walk to the end of a list, storing what was read in steps."""
        retells, replaces = position.retells, self.wanted.full and not position.since
        for fetched, walk in self._answers(position):
            self._look_at(fetched, position)
            keeping.take(fetched, self._cutoff(position))
            if keeping.waiting >= BATCH_LEADS:
                if walk is not None:
                    position.note(walk)
                keeping.store(retells=retells, replaces=replaces, is_up_to_date=False)
                self._progress()
        self._turn(keeping, position)
        is_last = self._place.walk is None
        keeping.store(retells=retells, replaces=replaces, is_up_to_date=is_last)
        self._progress()

    def _answers(self, position: Position) -> Iterator[tuple[Fetched, Walk | None]]:
        traits, since = self._place.traits, position.since
        if since is not None and traits.updated_after == "days":
            since = since[: len("YYYY-MM-DD")]
        if not traits.is_anchored:
            found = repeating.read(
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
            yield from self._answers(position)

    def _wonders(self, known: Traits) -> bool:
        """Find out anew what a service can do; whether it is less than was known."""
        found = probe(self.lists)
        is_less = found.per_page < known.per_page or not found.is_anchored
        # If pages are as large as they were, there are fewer leads than it says.
        self._place.traits = msgspec.structs.replace(found, says_total=is_less)
        return is_less

    def _anchored(
        self, walk: Walk, since: str | None
    ) -> Iterator[tuple[Fetched, Walk | None]]:
        for fetched in reading_ahead.read(
            walk,
            lambda window: self.lists.window(window, since),
            self.how.workers,
            trusts_total=self._place.traits.says_total,
        ):
            if walk.breaks > BREAKS_MAX:
                raise UnstableService(
                    "the list moves faster than it can be read",
                    hint="run again when less is going on: what was stored is kept",
                )
            yield fetched, walk

    def _look_at(self, fetched: Fetched, position: Position) -> None:
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
        if ahead_s > self._lag_s:
            self._place.skew = max(self._place.skew, ahead_s)
            self.summary.notes.append(
                f"leads are updated up to {ahead_s} s after the service's own clock: "
                "changes are asked for from so much earlier on"
            )

    def _cutoff(self, position: Position) -> int:
        """Return the version from which on leads are read again by the next run."""
        after = self._after(position.began)
        moment = moment_of(after, UTC)
        return _NEVER if moment is None else version_of(moment)

    def _after(self, began: str | None) -> str | None:
        moment = moment_of(began, UTC)
        if moment is None or not self._place.traits.tells_changes:
            return None
        lag_s = self._place.traits.lag_s(self._lag_s)
        return stamp(moment - timedelta(seconds=lag_s))

    def _turn(self, keeping: Keeping, position: Position) -> None:
        """Say what comes after a walk that has come to its end."""
        place = self._place
        place.after = self._after(position.began)
        place.recent = keeping.recent(self._cutoff(position))
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

    def _reconcile(self, keeping: Keeping, position: Position) -> None:
        """Remove what is gone, and end the walk."""
        place, copy = self._place, keeping.copy
        untold = copy.untold()
        held = [lead_id for lead_id, _ in copy.held()]
        if not self._is_other:
            most = self.how.max_removals
            removals.check(untold, len(held), most, self.destination.text)
        met = next((each for each in held if each not in untold), None)
        found = removals.judge(
            untold,
            frozenset(place.missing),
            removals.Single(self.lists.has, met),
            cannot_move=position.cannot_move and place.traits.is_anchored,
            is_whole=not self.wanted.query,
        )
        place.missing = sorted(found.open)
        place.reconciled = position.everything_began
        place.walk = None
        if found.open:
            self.summary.notes.append(
                f"{len(found.open):,} leads were not met, which may have moved: the "
                "next --reconcile tells whether they are gone"
            )
        keeping.remove(found.gone)
        self._progress()

    def _progress(self) -> None:
        self.summary.requests = self.lists.requests
        self.tell(self.summary)
