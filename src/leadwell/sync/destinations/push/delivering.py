"""The delivery of what waits in a ledger, over as many connections as are wanted.

A lead has one entry, and an entry is under way once: what a receiver is sent at the
same time is always of different leads. One thread alone knows the ledger, and notes
there what became of each when it ends.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from leadwell.sync.batches import Delivered
from leadwell.sync.destinations.push.exchanging import Outcome, Verdict
from leadwell.sync.destinations.push.lead import Item, Reader
from leadwell.sync.destinations.push.ledger import UPSERT, Entry, Ledger
from leadwell.sync.destinations.push.sending import Sending
from leadwell.sync.errors import ReceiverDenies, ReceiverRefuses

AWAY_MAX = 3
"""After so many leads in a row that could not be delivered the receiver is away."""
SUSPECTS_MAX = 20
"""After so many refusals and no lead taken, it is not the leads that are wrong."""
CHUNK = 500
"""Leads that are read from the ledger at once."""
LEAVE_S = 3.0
"""How long an interrupted run waits for the answers to what it has sent."""

Tell = Callable[[int, int], None]
"""Told how many leads were sent, and how many there are to send."""


class Receiver(Protocol):
    """What takes leads. Threads share it."""

    @property
    def name(self) -> str:
        """Name it, and nothing secret of it."""
        ...

    @property
    def parallel(self) -> int:
        """Return how many requests it may be sent at a time."""
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
    tell: Tell | None = None
    done: Delivered = field(default_factory=Delivered)
    _suspects: list[tuple[Entry, Outcome]] = field(
        default_factory=list[tuple[Entry, Outcome]]
    )
    """Refused before any lead was taken."""
    _away: int = 0
    _apart: deque[Item] = field(default_factory=deque[Item])
    """Leads of a batch that was refused: each is sent alone."""
    _sent: int = 0

    def run(self) -> Delivered:
        """Deliver all that waits, as far as the receiver takes it.

        Raises:
            ReceiverRefuses: it takes nothing at all; nothing was given up.
            ReceiverDenies: it does not know the credentials.
        """
        waiting = self.ledger.waiting()
        with Sending(self.receiver.send, self.receiver.parallel) as sending:
            try:
                self._send(sending, waiting)
            except KeyboardInterrupt:
                self._leave(sending, LEAVE_S)
                raise
            except BaseException:
                self._leave(sending)
                raise
        self._bury()
        self.done.waiting = len(self.ledger.waiting())
        self.done.dead = len(self.ledger.dead())
        return self.done

    def _send(self, sending: Sending, waiting: Sequence[int]) -> None:
        batches = self._batches(waiting)
        while True:
            while sending.has_room and (items := self._next(batches)):
                sending.begin(items)
            if not sending.under_way:
                return
            self._take(sending)
            if self.tell is not None:
                self.tell(self._sent, len(waiting))

    def _next(self, batches: Iterator[Sequence[Item]]) -> Sequence[Item] | None:
        """Return what is sent next; `None`: there is nothing, or nobody to take it."""
        if self._away >= AWAY_MAX:
            return None
        return [self._apart.popleft()] if self._apart else next(batches, None)

    def _take(self, sending: Sending, within_s: float | None = None) -> bool:
        """Note how something ended; false: nothing did in that time."""
        sent = sending.ended(within_s)
        if sent is None:
            return False
        try:
            self._note(sent.items, sent.outcome())
        except Exception:
            sending.taken()
            raise
        sending.taken()
        return True

    def _leave(self, sending: Sending, within_s: float | None = None) -> None:
        """Note how all ends that is under way, whatever else has gone wrong.

        What is sent and not noted is sent once more by the next run.
        """
        until = None if within_s is None else time.monotonic() + within_s
        while sending.under_way:
            left_s = None if until is None else max(until - time.monotonic(), 0)
            try:
                if not self._take(sending, left_s):
                    return
            except Exception:  # noqa: S112 - the first error is the one that is told
                continue

    def _batches(self, waiting: Sequence[int]) -> Iterator[Sequence[Item]]:
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

    def _note(self, items: Sequence[Item], outcome: Outcome) -> None:
        entries = [item.entry for item in items]
        if outcome.verdict is Verdict.REFUSED and len(items) > 1:
            # One of them is wrong; the others need not suffer for it.
            self._apart.extend(items)
            return
        self._sent += len(items)
        match outcome.verdict:
            case Verdict.DELIVERED:
                self._away = 0
                self.ledger.note_delivered(entries, outcome.remote_ids)
                self._count(entries)
                self._bury()
            case Verdict.ENDED:
                raise self._ended(outcome)
            case Verdict.REFUSED:
                self._suspect(entries[0], outcome)
            case Verdict.AWAY:
                self._away += 1
                self.done.said = outcome.said
                for entry in entries:
                    self.ledger.note_failed(entry, outcome.status, outcome.said)

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
            suspects, self._suspects = self._suspects, []
            for each, told in suspects:
                self.ledger.note_failed(each, told.status, told.said)
            raise ReceiverRefuses(
                f"{self.receiver.name} took none of {len(suspects)} leads: "
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
