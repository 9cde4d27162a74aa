"""A rehearsal: a pull into a copy that keeps nothing, and tells what it would do."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from leadwell.sync.batches import Batch, Tally
from leadwell.sync.destinations.base import Copy, Destination
from leadwell.sync.state import State
from leadwell.sync.table import Alteration, Kind, alteration


@dataclass(slots=True)
class Rehearsal:
    """A destination that another one stands behind, which is only read."""

    behind: Destination
    alterations: list[Alteration] = field(default_factory=list[Alteration])
    """What would become of the columns, in this order."""
    scheme: ClassVar[str] = "rehearsal"
    follows: ClassVar[bool] = False

    @property
    def text(self) -> str:
        """How the user names what stands behind."""
        return self.behind.text

    def look(self) -> Copy | None:
        """Open what stands behind to read."""
        return self.behind.look()

    def open(self) -> Copy:
        """Open what stands behind to read; what is kept goes nowhere."""
        return Rehearsed(self, self.behind.look())


class Rehearsed(Copy):
    """A copy that remembers what was kept, over one that is only read."""

    def __init__(self, rehearsal: Rehearsal, behind: Copy | None) -> None:
        """Take over a copy; `None`: there is nothing yet."""
        self._rehearsal = rehearsal
        self._behind = behind
        self._state = behind.state() if behind else None
        self._kept: dict[int, int | None] = {}
        """The version of each lead that was kept; `None`: it was removed."""
        self._told: set[int] = set()
        if behind and self._state and self._state.retells:
            # A run that was interrupted has told some of them.
            self._told = {lead_id for lead_id, _ in behind.stored()} - behind.untold()

    def state(self) -> State | None:
        """Return where the copy stands."""
        return self._state

    def keep(self, batch: Batch, step: int | None) -> Tally:
        """Store a batch and its state in one transaction."""
        del step
        state = batch.state
        if batch.schema is not None:
            held = state.columns or {"id": Kind.WHOLE}
            found = alteration(held, batch.schema)
            self._rehearsal.alterations.append(found)
            state = msgspec.structs.replace(state, columns=dict(found.columns))
        self._state = state
        if batch.retold_from:
            self._told = set()
        told = {row.id: row.version for row in batch.rows}
        changed, removed = self.known(told), self.known(batch.removals)
        self._note(told, batch.removals)
        self._told |= batch.seen
        if batch.retold_to:
            gone = self.untold()
            self._note({}, gone)
            removed |= gone
        counts = len(told) - len(changed), len(changed), len(removed)
        return Tally(*counts, len(batch.faults))

    def held(self) -> Iterator[tuple[int, int]]:
        """Return id and version of each lead that is there."""
        # Not what a file holds: it can be older than what is stored beside it.
        for lead_id, version in self._behind.stored() if self._behind else ():
            if lead_id not in self._kept:
                yield lead_id, version
        for lead_id, kept in self._kept.items():
            if kept is not None:
                yield lead_id, kept

    def known(self, lead_ids: Iterable[int]) -> set[int]:
        """Return which of these leads are there."""
        asked = set(lead_ids)
        new = asked - self._kept.keys()
        there = self._behind.known(new) if self._behind and new else set[int]()
        return there | {each for each in asked - new if self._kept[each] is not None}

    def untold(self) -> set[int]:
        """Return the leads that are there, and were not told since all are told."""
        return {lead_id for lead_id, _ in self.held()} - self._told

    def people(self) -> set[int]:
        """Return the ids of all people whose names are kept."""
        return set()

    def close(self) -> None:
        """Let go of it."""
        if self._behind:
            self._behind.close()

    def _note(self, told: Mapping[int, int], gone: Iterable[int]) -> None:
        self._kept |= dict(told) | dict.fromkeys(gone)
        self._told |= told.keys()
        self._told -= set(gone)
