"""Receivers that are asked by HTTP, a request for each lead or for a few."""

import os
from abc import abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from leadwell.client.wire.answer import Answer
from leadwell.client.wire.retry import Request
from leadwell.sync.batches import Delivered
from leadwell.sync.destinations.files import BESIDE, explained
from leadwell.sync.destinations.push.address import sender_to
from leadwell.sync.destinations.push.delivering import Delivery, Receiver
from leadwell.sync.destinations.push.exchanging import Sends
from leadwell.sync.destinations.push.lead import Lead, Reader
from leadwell.sync.destinations.push.ledger import Entry, Ledger
from leadwell.sync.destinations.push.pushed import Pushed, Show
from leadwell.sync.state import State


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Takes what would be sent, and answers as if it were taken."""

    shown: Show

    def send(self, request: Request) -> Answer:
        """Show a request."""
        self.shown(request)
        return Answer(200, {}, b"{}", datetime.now(UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested(Pushed):
    """A receiver that answers each request."""

    @abstractmethod
    def receiver(self, state: State) -> Receiver:
        """Return what takes the leads."""

    def sender(self, url: str, timeout_s: float) -> Sends:
        """Return what sends to the receiver, or tells what it would send."""
        return Rehearsed(self.shown) if self.shown else sender_to(url, timeout_s)

    def deliver(self, ledger: Ledger, state: State) -> Delivered:
        """Send what waits, request by request."""
        if self.revives:
            ledger.revive()
        reader = Reader.of(ledger, state)
        try:
            return Delivery(ledger, reader, self.receiver(state), self.tell).run()
        finally:
            if self.dead_letters:
                _write_dead(self.dead_letters, ledger, reader)


def _write_dead(path: Path, ledger: Ledger, reader: Reader) -> None:
    """Write all that is not taken, in the place of what was written before."""
    dead = ledger.dead()
    leads = reader.leads(entry.lead_id for entry in dead)
    new = path.with_name(f"{path.name}{BESIDE}-new")
    with explained(f"dead letters:{path}"):
        opened_new = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(opened_new, "wb") as lines:
            for entry in dead:
                lines.write(_dead_line(entry, leads.get(entry.lead_id)))
            lines.flush()
            os.fsync(lines.fileno())
        new.replace(path)


def _dead_line(entry: Entry, lead: Lead | None) -> bytes:
    told = {
        "lead_id": entry.lead_id,
        "version": entry.version,
        "operation": entry.operation,
        "reason": entry.reason or None,
        "status": entry.status,
        "answer": entry.answer,
        "lead": lead,
    }
    return msgspec.json.encode(told) + b"\n"
