"""Some changes as one step of a copy: rows, removals and the state after them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from leadwell.sync.cells import Fault, Row
from leadwell.sync.feeding import Entry, reader_of
from leadwell.sync.state import State
from leadwell.sync.table import Table

ERASED = "erased"
"""The one removal that takes a lead out of every copy, also one that keeps others."""
NOT_TOLD = "not_told"
"""Why a lead went that was not told when everything was told anew."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is stored in one transaction. No lead is in two of its parts."""

    state: State
    """The state afterwards."""
    schema: Table | None = None
    """Another schema than the copy has, to be set up first."""
    rows: tuple[Row, ...] = ()
    removals: Mapping[int, str] = field(default_factory=dict[int, str])
    """Why each of these leads went."""
    faults: tuple[Fault, ...] = ()
    people: Mapping[int, str] = field(default_factory=dict[int, str])
    """The names of people, by their ids; with another schema, of all that are seen."""
    retold_from: bool = False
    """Whether everything is told again from here on."""
    retells: bool = False
    """Whether it is part of telling everything again."""
    retold_to: bool = False
    """Whether everything was told again: what was not is removed."""
    seen: frozenset[int] = frozenset()
    """Leads that were told as they are already: there is nothing to store of them."""


@dataclass(slots=True)
class Tally:
    """What became of the leads of a copy."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    quarantined: int = 0

    @property
    def total(self) -> int:
        """How many leads were told."""
        return self.added + self.changed + self.removed

    def add(self, other: "Tally") -> None:
        """Add another one up."""
        self.added += other.added
        self.changed += other.changed
        self.removed += other.removed
        self.quarantined += other.quarantined


@dataclass(slots=True)
class Delivered:
    """What a receiver was sent, where leads are pushed."""

    upserts: int = 0
    removals: int = 0
    dead: int = 0
    """What it does not take; it is kept, and not sent again by itself."""
    waiting: int = 0
    """What it could not take now; the next run sends it."""
    said: str = ""
    """Why something waits."""


@dataclass(frozen=True, slots=True)
class Told:
    """What changes say of leads, the last word on each."""

    rows: tuple[Row, ...]
    removals: Mapping[int, str]
    faults: tuple[Fault, ...]
    people: Mapping[int, str]


def told_by(entries: Iterable[Entry], table: Table) -> Told:
    """Read changes in their order; an `op` that is not known here is passed over.

    Raises:
        UnexpectedAnswer: a lead is none.
    """
    read = reader_of(table)
    leads: dict[int, tuple[Row, list[Fault]]] = {}
    removals: dict[int, str] = {}
    people: dict[int, str] = {}
    for entry in entries:
        if entry.op == "upsert":
            row, faults, person = read(bytes(entry.lead))
            leads[row.id] = row, faults
            removals.pop(row.id, None)
            if person is not None:
                people[person[0]] = person[1]
        elif entry.op == "remove" and entry.id is not None:
            leads.pop(entry.id, None)
            removals[entry.id] = entry.reason or "deleted"
    rows = tuple(row for row, _ in leads.values())
    broken = tuple(fault for _, found in leads.values() for fault in found)
    return Told(rows, removals, broken, people)


def people_of(lead: Mapping[str, Any]) -> dict[int, str]:
    """Return the person of a lead, by the id."""
    person = lead.get("assigned_person")
    return {person["id"]: person["name"]} if person else {}
