"""The delivery of what waits in a ledger, one request after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from leadwell.sync.batches import Delivered
from leadwell.sync.destinations.push.exchanging import Outcome, Verdict
from leadwell.sync.destinations.push.lead import Lead, Reader
from leadwell.sync.destinations.push.ledger import UPSERT, Entry, Ledger
from leadwell.sync.errors import ReceiverDenies, ReceiverRefuses

AWAY_MAX = 3
"""After so many leads in a row that could not be delivered the receiver is away."""
SUSPECTS_MAX = 20
"""After so many refusals and no lead taken, it is not the leads that are wrong."""
CHUNK = 500
"""Leads that are read from the ledger at once."""


@dataclass(frozen=True, slots=True)
class Item:
    """An entry, and the lead that it is about."""

    entry: Entry
    lead: Lead | None
    """`None`: it is gone."""


class Receiver(Protocol):
    """What takes leads."""

    @property
    def name(self) -> str:
        """Name it, and nothing secret of it."""
        ...

    def batch_max(self, operation: str) -> int:
        """Return how many leads one request may have."""
        ...

    def send(self, items: Sequence[Item]) -> Outcome:
        """Send leads, all of one operation."""
        ...


@dataclass(slots=True)
class Delivery:
    """One run through what waits."""

    ledger: Ledger
    reader: Reader
    receiver: Receiver
    done: Delivered = field(default_factory=Delivered)
    _suspects: list[tuple[Entry, Outcome]] = field(
        default_factory=list[tuple[Entry, Outcome]]
    )
    """Refused before any lead was taken."""
    _away: int = 0

    def run(self) -> Delivered:
        """Deliver all that waits, as far as the receiver takes it.

        Raises:
            ReceiverRefuses: it takes nothing at all; nothing was given up.
            ReceiverDenies: it does not know the credentials.
        """
        for items in self._batches():
            self._deliver(items)
            if self._away >= AWAY_MAX:
                break
        self._bury()
        self.done.waiting = len(self.ledger.waiting())
        self.done.dead = len(self.ledger.dead())
        return self.done

    def _batches(self) -> Iterator[list[Item]]:
        waiting = self.ledger.waiting()
        for start in range(0, len(waiting), CHUNK):
            entries = self.ledger.entries(waiting[start : start + CHUNK])
            leads = self.reader.leads(e.lead_id for e in entries)
            for operation, group in groupby(entries, key=lambda e: e.operation):
                size = self.receiver.batch_max(operation)
                items = [
                    Item(e, leads[e.lead_id] if operation == UPSERT else None)
                    for e in group
                ]
                for first in range(0, len(items), size):
                    yield items[first : first + size]

    def _deliver(self, items: Sequence[Item]) -> None:
        outcome = self.receiver.send(items)
        match outcome.verdict:
            case Verdict.DELIVERED:
                self._away = 0
                entries = [item.entry for item in items]
                self.ledger.note_delivered(entries, outcome.remote_ids)
                self._count(entries)
                self._bury()
            case Verdict.ENDED:
                raise self._ended(outcome)
            case Verdict.REFUSED if len(items) > 1:
                # One of them is wrong; the others need not suffer for it.
                for item in items:
                    self._deliver([item])
            case Verdict.REFUSED:
                self._suspect(items[0].entry, outcome)
            case Verdict.AWAY:
                self._away += 1
                self.done.said = outcome.said
                for item in items:
                    self.ledger.note_failed(item.entry, outcome.status, outcome.said)

    def _count(self, entries: Sequence[Entry]) -> None:
        upserts = sum(entry.operation == UPSERT for entry in entries)
        self.done.upserts += upserts
        self.done.removals += len(entries) - upserts

    def _suspect(self, entry: Entry, outcome: Outcome) -> None:
        self._suspects.append((entry, outcome))
        is_taking = self.done.upserts + self.done.removals
        if is_taking:
            self._bury()
        elif len(self._suspects) >= SUSPECTS_MAX:
            # They come last in the next run, so that others are tried first then.
            for each, told in self._suspects:
                self.ledger.note_failed(each, told.status, told.said)
            raise ReceiverRefuses(
                f"{self.receiver.name} took none of {len(self._suspects)} leads: "
                f"{outcome.said}",
                hint="nothing was given up: look at the address and the profile",
            )

    def _bury(self) -> None:
        """Give up what was refused."""
        for entry, outcome in self._suspects:
            self.ledger.note_failed(entry, outcome.status, outcome.said, is_dead=True)
        self._suspects.clear()

    def _ended(self, outcome: Outcome) -> ReceiverRefuses | ReceiverDenies:
        message = f"{self.receiver.name} takes nothing: {outcome.said}"
        if outcome.status in {401, 403}:
            return ReceiverDenies(
                message, hint="look at its credentials; what waits is kept"
            )
        hint = "look if it still exists, and name another; what waits is kept"
        return ReceiverRefuses(message, hint=hint)
