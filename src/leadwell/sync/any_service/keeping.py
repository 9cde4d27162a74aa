"""What was read, stored step by step, each with the place where it goes on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import msgspec

from leadwell.sync.any_service.columns import Columns
from leadwell.sync.any_service.lists import Fetched
from leadwell.sync.any_service.place import RECENT_MAX, Place
from leadwell.sync.any_service.shaping import Told
from leadwell.sync.batches import NOT_TOLD, Batch, Tally, people_of
from leadwell.sync.cells import Fault, Row
from leadwell.sync.destinations.base import Copy
from leadwell.sync.pulling import broken
from leadwell.sync.state import State

Asked: TypeAlias = tuple[int, float]
"""The version of a lead, and when it was asked for: of two, the larger one counts."""


@dataclass(slots=True)
class Keeping:
    """Stores leads in an open copy; a lead replaces only an older one."""

    copy: Copy
    columns: Columns
    place: Place
    state: State
    """The last one; with step 0 there is none yet."""
    now: Callable[[], datetime]
    tally: Tally
    """What becomes of leads is added to it."""
    is_strict: bool = False
    begins: bool = False
    """Whether everything is told again from the next step on."""
    alters: bool = False
    """Whether the next step sets up columns again: removed leads are kept from now."""
    _chosen: dict[int, tuple[Asked, Told]] = field(
        default_factory=dict[int, tuple[Asked, Told]]
    )
    _before: dict[int, Asked] = field(default_factory=dict[int, Asked])
    """Of the step before: windows overlap."""
    _recent: dict[int, tuple[int, str]] = field(
        default_factory=dict[int, tuple[int, str]]
    )

    _known: dict[int, str] = field(init=False)
    """The content of leads that the copy has, hashed; not of all."""

    def __post_init__(self) -> None:
        """Know what was kept of the last run."""
        self._known = dict(self.place.recent)

    @property
    def waiting(self) -> int:
        """How many leads are not stored yet."""
        return len(self._chosen)

    def take(self, fetched: Fetched, recent_from: int) -> None:
        """Take the leads of an answer, to be stored with the next step.

        Args:
            recent_from: leads of this version or a later one will be read again
        """
        for lead in fetched.leads:
            asked = lead.version, fetched.asked_at
            known = self._before.get(lead.id)
            if lead.id in self._chosen:
                known = self._chosen[lead.id][0]
            if known is not None and _is_older(lead, fetched.asked_at, known):
                continue
            self._chosen[lead.id] = asked, lead
            if lead.version >= recent_from and len(self._recent) <= RECENT_MAX:
                self._recent[lead.id] = lead.version, lead.hash

    def recent(self, since: int) -> dict[int, str]:
        """Return the content of leads from that version on, hashed."""
        if len(self._recent) > RECENT_MAX:
            return {}
        return {each: h for each, (v, h) in self._recent.items() if v >= since}

    def store(self, *, retells: bool, replaces: bool, is_up_to_date: bool) -> None:
        """Store what was taken, as one step.

        Args:
            retells: whether it is part of telling everything again
            replaces: whether a lead replaces a newer one too

        Raises:
            Overtaken: somebody else has moved the copy on; nothing was stored.
        """
        leads = [lead for _, lead in self._chosen.values()]
        is_other = self.columns.learn(leads) or self.state.step == 0 or self.begins
        is_other |= self.alters
        seen = self._seen(leads, replaces=replaces)
        rows, faults = self._rows(each for each in leads if each.id not in seen)
        people: dict[int, str] = {}
        for lead in leads:
            people |= people_of(lead.wire)
        self.place.people |= people
        self._keep(
            Batch(
                self._after(
                    changes=bool(rows) or self.alters, is_up_to_date=is_up_to_date
                ),
                self.columns.table if is_other else None,
                rows,
                {},
                faults,
                self.place.people if is_other else people,
                retold_from=self.begins,
                retells=retells,
                seen=seen,
            )
        )
        self._known |= {
            lead.id: self._recent[lead.id][1]
            for lead in leads
            if lead.id in self._recent
        }
        self._before = {each: asked for each, (asked, _) in self._chosen.items()}
        self._chosen = {}
        self.begins = self.alters = False

    def remove(self, gone: Iterable[int]) -> None:
        """Remove leads, and forget what was told."""
        removals: Mapping[int, str] = dict.fromkeys(gone, NOT_TOLD)
        state = self._after(changes=bool(removals), is_up_to_date=True)
        self._keep(Batch(state, removals=removals, retold_from=True))

    def _keep(self, batch: Batch) -> None:
        step = self.state.step or None
        self.tally.add(self.copy.keep(batch, step))
        kept = self.copy.state() if batch.schema else batch.state
        self.state = kept or batch.state

    def _seen(self, leads: list[Told], *, replaces: bool) -> frozenset[int]:
        """Return those that the copy has already, or has newer."""
        if self.state.step == 0:
            return frozenset()
        held = self.copy.versions(lead.id for lead in leads)
        return frozenset(
            lead.id
            for lead in leads
            if (not replaces and lead.latest < held.get(lead.id, lead.latest))
            or (
                lead.version == held.get(lead.id)
                and lead.id in self._known
                and self._known[lead.id] == lead.hash
            )
        )

    def _rows(self, leads: Iterable[Told]) -> tuple[tuple[Row, ...], tuple[Fault, ...]]:
        found = [self.columns.row(lead) for lead in leads]
        faults = tuple(fault for _, some in found for fault in some)
        if faults and self.is_strict:
            raise broken(faults[0])
        return tuple(row for row, _ in found), faults

    def _after(self, *, changes: bool, is_up_to_date: bool) -> State:
        step = self.state.step + 1
        return msgspec.structs.replace(
            self.state,
            cursor=self.place.text(),
            step=step,
            changed_in=step if changes or self.begins else self.state.changed_in,
            is_up_to_date=is_up_to_date,
            synced_at=self.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            schema=self.columns.schema,
        )


def _is_older(lead: Told, asked_at: float, known: Asked) -> bool:
    """Whether something newer of the lead was read, or the same later.

    A time that came twice may be either: then what was asked for later is newer.
    """
    version, known_at = known
    return lead.latest < version or (lead.version <= version and asked_at <= known_at)
