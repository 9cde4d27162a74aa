"""Webhooks: one signed JSON event for each lead (https://www.standardwebhooks.com)."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from leadwell.client.wire.retry import Request
from leadwell.client.wire.signing import key_of, signed
from leadwell.sync.destinations.files import BESIDE
from leadwell.sync.destinations.push import secret
from leadwell.sync.destinations.push.address import check_address, origin_of
from leadwell.sync.destinations.push.delivering import Receiver
from leadwell.sync.destinations.push.exchanging import Answers, Line, Outcome
from leadwell.sync.destinations.push.lead import Item
from leadwell.sync.destinations.push.pushed import common, options_of
from leadwell.sync.destinations.push.requested import Requested
from leadwell.sync.state import State

SECRET_SOURCE = "env:LEADWELL_WEBHOOK_SECRET"  # noqa: S105 - names where it is
TIMEOUT_S = 30.0
PARALLEL = 4
"""Requests at a time: what is far away takes as many leads more in the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook(Requested):
    """An address that takes events."""

    scheme: ClassVar[str] = "webhook"

    @property
    def text(self) -> str:
        """Name its host: the path of many a hook is its password."""
        return f"{self.scheme}:{origin_of(self.place)}/…"

    @property
    def target(self) -> str:
        """Name its host, and a digest of the whole address."""
        digest = hashlib.sha256(self.place.encode()).hexdigest()[:8]
        return f"{origin_of(self.place)}/…{digest}"

    def usual_ledger(self) -> Path:
        """Return a file in the present folder, named by the receiver."""
        host = urlsplit(self.place).hostname or ""
        name = "".join(each if each.isalnum() or each in ".-" else "_" for each in host)
        return Path(f"webhook-{name}-{self.target[-8:]}{BESIDE}")

    def check(self) -> None:
        """Look if there is a secret to sign with."""
        self._key()

    def receiver(self, state: State) -> Receiver:
        """Return what signs and sends events."""
        line = Line(self.sender(self.place, TIMEOUT_S), self.retry)
        # What is only shown must not show the path, which may be a secret.
        url = self.text.partition(":")[2] if self.shown else self.place
        where = (self.text, url, self._key())
        # What is only shown is shown in its order.
        parallel = 1 if self.shown else self.parallel or PARALLEL
        return Events(*where, line, state.campaign_id, self.batch, parallel)

    def _key(self) -> bytes:
        given = secret.read(self.secret or SECRET_SOURCE, "secret of the webhook")
        return key_of(given)


@dataclass(frozen=True, slots=True)
class Events:
    """Sends events to one address."""

    name: str
    url: str
    key: bytes
    line: Line
    campaign_id: int
    batch: int | None
    """`None`: each event is a request of its own."""
    parallel: int = PARALLEL
    now: Callable[[], float] = time.time

    def batch_max(self, operation: str) -> int:
        """Return how many events one request may have."""
        del operation
        return self.batch or 1

    def send(self, items: Sequence[Item]) -> Outcome:
        """Send events: one as it is, or several as a list."""
        events = [self._event(item) for item in items]
        content: dict[str, Any] = events[0]
        if self.batch is not None:
            ids = hashlib.sha256("\n".join(e["id"] for e in events).encode())
            content = {
                "id": f"msg_{ids.hexdigest()[:32]}",
                "type": "leads.changed",
                "timestamp": max(event["timestamp"] for event in events),
                "data": events,
            }
        body = msgspec.json.encode(content)
        headers = signed(content["id"], int(self.now()), body, self.key)
        request = Request("POST", self.url, body, headers)
        return self.line.ask(request, Answers())

    def _event(self, item: Item) -> dict[str, Any]:
        entry = item.entry
        # Whoever gets it twice, after a run that was killed, sees the same id.
        parts = (self.campaign_id, entry.lead_id, entry.version, entry.step)
        gone: dict[str, Any] = {
            "id": entry.lead_id,
            "reason": entry.reason,
            "metadata": {
                "campaign_id": self.campaign_id,
                "version": entry.version,
                "external_id": entry.external_id,
            },
        }
        return {
            "id": "msg_" + "_".join(map(str, parts)),
            "type": "lead.removed" if item.lead is None else "lead.upserted",
            "timestamp": entry.at,
            "data": gone if item.lead is None else item.lead,
        }


def named(text: str) -> Webhook:
    """Return the webhook of an address, with its options; it may be `env:NAME`.

    Raises:
        UsageError: it is no address that leads may be sent to; it is not repeated.
    """
    place, options = options_of(text)
    if place.startswith(("env:", "file:")):
        place = secret.read(place, "address of the webhook")
    check_address(place, "the webhook")
    return Webhook(place=place, secret=options.get("secret"), **common(options))
