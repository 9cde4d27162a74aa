"""One run of loading: what waits in a ledger, chunk by chunk, into a warehouse.

The ledger is the truth. What was loaded is noted after it is there, so a run that is
killed in between loads the same again, over what is there (docs/decisions/0024).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from leadwell.sync.batches import Delivered
from leadwell.sync.destinations.push.ledger import UPSERT, Entry, Ledger
from leadwell.sync.destinations.push.warehouse import contents
from leadwell.sync.destinations.push.warehouse.columns import Names, Shape, shapes_of
from leadwell.sync.destinations.push.warehouse.contents import Content
from leadwell.sync.destinations.push.warehouse.engine import Away, Engine
from leadwell.sync.errors import ForeignDestination
from leadwell.sync.state import State
from leadwell.sync.table import table_of

CHUNK = 50_000
"""Leads that are loaded at once: enough to be cheap, and few enough for memory."""
_UNTOUCHED = "nothing was touched: name another dataset"


class Memory(msgspec.Struct):
    """What the ledger remembers of the warehouse."""

    ledger: str = ""
    """Names this ledger to others, so that two never load into one dataset."""
    names: Names = {}
    columns: list[str] = []
    """That leads were loaded with last; none: nothing was ever loaded."""
    digests: dict[str, str] = {}
    """Of the words that are there."""


@dataclass(slots=True)
class Plan:
    """What has to be loaded."""

    shapes: Sequence[Shape]
    waiting: list[int]
    words: list[Content]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.waiting and not self.words


@dataclass(slots=True)
class Loading:
    """One run."""

    ledger: Ledger
    state: State
    place: str
    """Names the warehouse in messages."""
    chunk: int = CHUNK
    done: Delivered = field(default_factory=Delivered)
    _memory: Memory = field(default_factory=Memory)

    def plan(self) -> Plan:
        """Look what there is to load."""
        text = self.ledger.memory()
        self._memory = msgspec.json.decode(text, type=Memory) if text else Memory()
        self._memory.ledger = self._memory.ledger or uuid.uuid4().hex
        shapes = shapes_of(table_of(self.state.schema).columns, self._memory.names)
        if set(self._memory.columns) - {shape.name for shape in shapes}:
            # A column whose field is gone stays, empty: each lead is loaded without it.
            self.ledger.put_back()
        return self._planned(shapes)

    def _planned(self, shapes: Sequence[Shape]) -> Plan:
        words = contents.words(self.ledger, shapes)
        known = self._memory.digests
        changed = [w for w in words if known.get(w.table) != contents.digest(w)]
        return Plan(shapes, self.ledger.waiting(), changed)

    def run(self, plan: Plan, engine: Engine) -> Delivered:
        """Load it.

        Raises:
            ForeignDestination: something else stands there; it was left alone.
            ReceiverRefuses: the warehouse will never take it; what waits is kept.
        """
        try:
            plan = self._settled(plan, engine)
            # Words and new columns are loaded also where no lead waits.
            for start in range(0, max(len(plan.waiting), 1), self.chunk):
                some = plan.waiting[start : start + self.chunk]
                self._load(plan, self.ledger.entries(some), engine)
                plan.words = []
        except Away as error:
            self.done.said = str(error)
            self.done.waiting = max(len(self.ledger.waiting()), 1)
        return self.done

    def _load(self, plan: Plan, entries: list[Entry], engine: Engine) -> None:
        leads = contents.leads(self.ledger, entries, plan.shapes)
        mark = contents.mark(self.state, self._memory.ledger)
        engine.load([leads, *plan.words, mark])
        self._memory.columns = [shape.name for shape in plan.shapes]
        self._memory.digests |= {w.table: contents.digest(w) for w in plan.words}
        memory = msgspec.json.encode(self._memory).decode()
        self.ledger.note_delivered(entries, {}, memory)
        upserts = sum(entry.operation == UPSERT for entry in entries)
        self.done.upserts += upserts
        self.done.removals += len(entries) - upserts

    def _settled(self, plan: Plan, engine: Engine) -> Plan:
        """Make the dataset ours; what has to be loaded may then be everything."""
        found = engine.marks()
        # Who was killed while it moved its mark has left none, where there are no
        # transactions; but nobody else makes a table for them.
        if found is None and engine.has_leads():
            raise ForeignDestination(
                f"{self.place} has a table leads that leadwell sync did not make",
                hint=_UNTOUCHED,
            )
        marks = found or []
        own = (self.state.campaign_id, self._memory.ledger)
        self._check(marks)
        if self._memory.columns and own in marks:
            return plan
        if self._memory.columns:
            # Somebody has dropped it: it is filled again.
            self._memory.columns, self._memory.digests = [], {}
            self.ledger.put_back(as_new=True)
            plan = self._planned(plan.shapes)
        # The mark first: what is dropped and made after it is known to be ours.
        engine.load([contents.mark(self.state, self._memory.ledger)])
        engine.drop([contents.LEADS, *contents.WORDS])
        return plan

    def _check(self, marks: Sequence[tuple[int, str]]) -> None:
        others = sorted({campaign for campaign, _ in marks} - {self.state.campaign_id})
        if others:
            raise ForeignDestination(
                f"{self.place} is the copy of campaign {others[0]}", hint=_UNTOUCHED
            )
        if self._memory.columns and marks and marks[0][1] != self._memory.ledger:
            raise ForeignDestination(
                f"{self.place} is loaded from another ledger now",
                hint="nothing was touched: go on with that ledger, or delete this one",
            )
