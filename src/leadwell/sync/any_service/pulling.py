"""The pull from any service: walks its lists, and keeps what it read as one step.

A run reads what was updated since the last one. The first run, and one that looks for
leads that are gone, reads everything before. Where it stands is kept with the leads, so
that a run which is killed is gone on with.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from leadwell.sync.any_service import columns, removals
from leadwell.sync.any_service.columns import Columns
from leadwell.sync.any_service.keeping import Keeping
from leadwell.sync.any_service.lists import Lists
from leadwell.sync.any_service.place import Place, Position, place_of
from leadwell.sync.any_service.probing import probe
from leadwell.sync.any_service.walking import Walking
from leadwell.sync.destinations.base import Copy, Destination, Overtaken
from leadwell.sync.errors import BusyDestination, OtherQuestion
from leadwell.sync.pulling import Summary, Tell, Wanted, check, silent
from leadwell.sync.state import State

BATCH_LEADS = 1000
"""What is stored as one step, and so what a killed run reads again at most."""


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
    _walking: Walking = field(init=False)
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
        self.lists.check()
        looked = self.destination.look()
        if looked is not None:
            with looked:
                self._state = looked.state()
        self._stand()
        with self.destination.open() as copy:
            while not self._comes(copy):
                self._state = copy.state()
                self._stand()
            self.summary.delivered = copy.settle()
        self.summary.requests = self.lists.requests
        self.summary.is_up_to_date = True
        return self.summary

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
        self._walking = Walking(self.lists, self._place, self.how.workers, self.summary)
        self._columns = self._known_columns()
        self.summary.guarantees = self._place.traits.guarantees(self._walking.lag_s)

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

    def _comes(self, copy: Copy) -> bool:
        """Go on to the end; false: somebody else has moved the copy on meanwhile."""
        known, first = self._state, self._first_state()
        keeping = Keeping(
            copy,
            self._columns,
            self._place,
            first,
            self.now,
            self.summary.tally,
            is_strict=self.wanted.strict,
            alters=known is not None and first.keeps_removed != known.keeps_removed,
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
        if walk or self._has_begun or not self._walking.is_due(done.began):
            return walk
        return self._everything(keeping)

    def _everything(self, keeping: Keeping, *, retells: bool = True) -> Position:
        self._has_begun = self.summary.was_anew = True
        retells = retells and self._state is not None
        keeping.begins = retells
        return Position(since=None, retells=retells)

    def _walk(self, keeping: Keeping, position: Position) -> None:
        """Walk to the end of a list, storing what was read in steps."""
        retells, replaces = position.retells, self.wanted.full and not position.since
        for fetched, walk in self._walking.answers(position):
            self._walking.look_at(fetched, position)
            keeping.take(fetched, self._walking.cutoff(position))
            if keeping.waiting >= BATCH_LEADS:
                if walk is not None:
                    position.note(walk)
                keeping.store(retells=retells, replaces=replaces, is_up_to_date=False)
                self._progress()
        self._walking.turn(position, keeping.recent)
        is_last = self._place.walk is None
        keeping.store(retells=retells, replaces=replaces, is_up_to_date=is_last)
        self._progress()

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
