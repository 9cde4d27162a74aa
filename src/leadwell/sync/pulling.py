"""The pull: asks for changes, and keeps some answers and their cursor as one step."""

import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from leadwell.client import (
    Campaign,
    CursorLost,
    NotFound,
    QuestionRefused,
)
from leadwell.client.feed import SETTLE_S
from leadwell.errors import UsageError
from leadwell.sync.asking import Asker
from leadwell.sync.batches import Batch, Delivered, Tally, told_by
from leadwell.sync.cells import Fault
from leadwell.sync.destinations.base import Copy, Destination, Overtaken
from leadwell.sync.errors import (
    BrokenValue,
    BusyDestination,
    ForeignDestination,
    OtherQuestion,
    UnprovenCopy,
)
from leadwell.sync.feeding import Answer
from leadwell.sync.proving import prove
from leadwell.sync.state import State
from leadwell.sync.table import table_of

ANEW = "the copy was not what the hub says: everything was read again"
SETTLE_TRIES = 30
"""How often a hub is asked that is carrying out an edit of a filter or schema."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is to do."""

    query: str = ""
    """Conditions as in a query string: only leads that match are kept."""
    full: bool = False
    """Begin anew, and remove what is not told again."""
    keep_removed: bool = False
    strict: bool = False
    """Stop at a value that breaks the schema."""


@dataclass(slots=True)
class Summary:
    """What one run did."""

    tally: Tally = field(default_factory=Tally)
    requests: int = 0
    is_up_to_date: bool = False
    was_anew: bool = False
    """Whether everything was told."""
    lost: bool = False
    """Whether the hub has lost the history that the copy followed."""
    delivered: Delivered | None = None
    """What was sent on, where leads go to a receiver."""
    total: int | None = None
    """How many leads there are, where that is known."""
    guarantees: Mapping[str, Any] | None = None
    """What a service lets us promise that is no hub of ours."""
    notes: list[str] = field(default_factory=list[str])
    """What people should know of this run."""


Tell = Callable[[Summary], None]


def silent(summary: Summary) -> None:
    """Tell nobody how far it is."""
    del summary


@dataclass(slots=True)
class Pull:
    """One run: brings a copy to where the hub is."""

    campaign: Campaign
    url: str
    destination: Destination
    wanted: Wanted
    tell: Tell = silent
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    pause: Callable[[float], None] = time.sleep
    summary: Summary = field(default_factory=Summary)
    _state: State | None = field(default=None, init=False)
    _begins: bool = field(default=False, init=False)
    """Whether everything is asked for next."""
    _has_begun: bool = field(default=False, init=False)
    """Whether this run has begun to tell everything."""
    _waited: int = field(default=0, init=False)
    _asker: Asker = field(init=False)

    def run(self) -> Summary:
        """Pull until the copy is up to date; it is closed when this returns.

        Nothing is made before the hub has answered: a wrong token leaves no file.

        Raises:
            HubError: the hub refused, or could not be asked; what was kept is kept.
            DestinationError: nothing of the present step was kept.
            UnprovenCopy: the answers do not add up; nothing of the last one was kept.
        """
        query, keeps = pairs_of(self.wanted.query), self.destination.follows
        self._asker = Asker(self.campaign, query, self.summary, keeps)
        looked = self.destination.look()
        if looked is not None:
            with looked:
                self._state = looked.state()
                self._asker.look(looked)
        self._check()
        self._begins = self._begins_anew
        # Stored by itself: whoever waits soon sees that it goes.
        answer = self._ask()
        with self.destination.open() as copy:
            while self._goes_on(copy, answer):
                answer = self._asker.gather(self._ask(), proves=self._proves)
            self.summary.delivered = copy.settle()
        return self.summary

    def _goes_on(self, copy: Copy, answer: Answer) -> bool:
        """Keep an answer; return whether there is more to be asked for."""
        batch = self._batch(copy, answer)
        step = self._state.step if self._state else None
        try:
            if answer.up_to_date and self._proves:
                prove(copy, batch, step, answer, self.destination.text)
            tally = copy.keep(batch, step)
        except UnprovenCopy:
            if not self._may_begin_anew:
                raise
            self.summary.notes.append(ANEW)
            self._begins = True
            return True
        except Overtaken:
            # Somebody else has moved it on: what was asked for is of no use any more.
            self._state, self._asker.failure = copy.state(), None
            self._check()
            self._begins = self._begins_anew
            if self._state and self._state.step == step:
                raise BusyDestination(
                    f"{self.destination.text} is being changed by another program",
                    hint="run again: what was stored is kept",
                ) from None
            return True
        self._state = copy.state() if batch.schema else batch.state
        self._asker.look(copy)
        self._has_begun |= self._begins or batch.retold_to
        self._begins = answer.up_to_date and self._is_due
        self.summary.tally.add(tally)
        self.summary.is_up_to_date = answer.up_to_date and not self._begins
        self.tell(self.summary)
        if answer.up_to_date:
            return self._begins
        return self._has_settled(answer)

    @property
    def _may_begin_anew(self) -> bool:
        """Whether what earlier runs have stored may be what is wrong, and can be told.

        Where removed leads are kept, only what was not stored says which were erased.
        """
        begun = self._begins or self._has_begun
        return not (begun or (self._state and self._state.keeps_removed))

    @property
    def _is_due(self) -> bool:
        """Whether everything has still to be told anew.

        What a killed run or another one has begun is gone on with: two that both begin
        would overtake each other for ever.
        """
        state = self._state
        is_retelling = state is not None and state.retells
        is_same = state is None or state.query == self.wanted.query
        return (
            self.wanted.full and not self._has_begun and not (is_retelling and is_same)
        )

    @property
    def _begins_anew(self) -> bool:
        """Whether everything is told, and the copy is not brought up to date before.

        Only the feed says that a lead was erased; a copy that keeps others has to hear.
        """
        state = self._state
        hears = state and state.keeps_removed and state.query == self.wanted.query
        return state is None or (self._is_due and not hears)

    @property
    def _proves(self) -> bool:
        """Whether the copy is compared with what the hub counts, at the end.

        What was not exact before is made of several answers, one of which can be wrong.
        A copy that was exact is told little, and not read as a whole.
        """
        return self._begins or self._state is None or not self._state.is_up_to_date

    def _has_settled(self, answer: Answer) -> bool:
        """Wait for a hub that is not up to date itself; return whether it may be so."""
        self._waited = self._waited + 1 if answer.is_settling else 0
        if self._waited:
            self.pause(SETTLE_S)
        return self._waited < SETTLE_TRIES

    def _ask(self) -> Answer:
        """Ask for what follows the copy's cursor, or for everything."""
        cursor = self._state.cursor if self._state and not self._begins else None
        try:
            with reached(self.campaign), followed(cursor):
                answer = self._asker.ask(cursor, proves=self._proves)
        except CursorLost:
            if cursor is None:
                raise
            self.summary.lost = self._begins = True
        except OtherQuestion:
            if not self.wanted.full or self._has_begun:
                raise
            self._begins = True
        else:
            return answer
        return self._ask()

    def _check(self) -> None:
        if self._state is not None:
            check(self._state, self.campaign.id, self.destination.text, self.wanted)

    def _batch(self, copy: Copy, answer: Answer) -> Batch:
        state, begins = self._state, self._begins
        # Read after the changes, so that it is never older than they are.
        is_other = begins or any(each.op == "schema" for each in answer.entries)
        is_other |= self.wanted.keep_removed and not (state and state.keeps_removed)
        schema = self.campaign.schema() if is_other or not state else state.schema
        self.summary.requests += is_other
        self.summary.was_anew |= begins
        table = table_of(schema)
        told = told_by(answer.entries, table)
        if told.faults and self.wanted.strict:
            raise broken(told.faults[0])
        people = dict(told.people)
        if is_other and not begins:
            people = names_of(self.campaign, copy.people(), self.summary) | people
        retells = (begins and state is not None) or bool(state and state.retells)
        ends = retells and answer.up_to_date
        return Batch(
            self._after(answer, schema, retells=retells and not ends),
            table if is_other else None,
            told.rows,
            told.removals,
            told.faults,
            people,
            retold_from=begins and state is not None,
            retells=retells,
            retold_to=ends,
        )

    def _after(self, answer: Answer, schema: dict[str, Any], *, retells: bool) -> State:
        before = self._state or State(self.campaign.id, self.url, self.wanted.query)
        step = before.step + 1
        return msgspec.structs.replace(
            before,
            url=self.url,
            query=self.wanted.query,
            cursor=answer.cursor,
            step=step,
            changed_in=step
            if answer.entries or self._begins or retells
            else before.changed_in,
            retells=retells,
            is_up_to_date=answer.up_to_date,
            keeps_removed=before.keeps_removed or self.wanted.keep_removed,
            synced_at=self.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            schema=schema,
        )


def names_of(
    campaign: Campaign, person_ids: Iterable[int], summary: Summary
) -> dict[int, str]:
    """Read the names of people again, as no lead is told for a changed one."""
    names: dict[int, str] = {}
    for person_id in person_ids:
        summary.requests += 1
        try:
            page = campaign.page(assigned_to=person_id, per_page=1)
        except QuestionRefused:
            # The token does not see any more who leads are assigned to.
            return {}
        people = [lead.assigned_person for lead in page.leads]
        names |= {each.id: each.name for each in people if each}
    return names


def broken(fault: Fault) -> BrokenValue:
    """Return the error of a value that breaks the schema."""
    return BrokenValue(
        f"{fault.field} of lead {fault.lead_id} is {fault.value[:80]}: {fault.reason}",
        hint="without --strict it goes to the table quarantine",
    )


def check(state: State, campaign_id: int, place: str, wanted: Wanted) -> None:
    """Check that a copy is one of this campaign, and of what is asked.

    Raises:
        ForeignDestination: it is of another campaign.
        OtherQuestion: it was made with another filter.
    """
    if state.campaign_id != campaign_id:
        raise ForeignDestination(
            f"{place} is the copy of campaign {state.campaign_id}, "
            f"not of {campaign_id}",
            hint="nothing was touched: name another destination",
        )
    if state.query != wanted.query and not wanted.full:
        filter_ = f"--filter '{state.query}'" if state.query else "no filter"
        raise OtherQuestion(
            f"{place} was made with {filter_}",
            hint="use the same, or begin anew with --full",
        )


@contextmanager
def reached(campaign: Campaign) -> Generator[None]:
    """Say of a campaign that is not there what is most likely wrong."""
    try:
        yield
    except NotFound as error:
        raise UsageError(
            f"the hub shows no campaign {campaign.id} at this address: {error.message}",
            hint="check the address, and which campaigns the token may read",
        ) from error


@contextmanager
def followed(cursor: str | None) -> Generator[None]:
    """Say of a cursor that the hub does not take whose it may be.

    Raises:
        OtherQuestion: it is of another token, or of another hub.
    """
    try:
        yield
    except QuestionRefused as error:
        if error.code != "invalid_cursor" or cursor is None:
            raise
        raise OtherQuestion(
            "the hub does not take the cursor of this copy: it was made with "
            "another token, or at another hub",
            hint="use that token, or begin anew with --full, which removes what "
            "this token does not see",
        ) from error


def pairs_of(query: str) -> list[tuple[str, str]]:
    """Read conditions as a query string holds them; the hub says what is wrong."""
    return parse_qsl(query, keep_blank_values=True)
