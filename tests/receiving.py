"""A receiver of webhooks that remembers, and looks at every signature by itself."""

import base64
import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from leadwell.testing import Exchange, Fault, FaultServer, Reply, Request

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


def signature(key: bytes, content: bytes) -> str:
    """HMAC-SHA256 as RFC 2104 writes it down, without the module `hmac`."""
    block = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + content).digest()
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).digest()
    return f"v1,{base64.b64encode(outer).decode()}"


@dataclass
class Inbox:
    """What events have said, each event once."""

    seen: set[str] = field(default_factory=set)
    repeated: int = 0
    leads: dict[int, dict[str, Any]] = field(default_factory=dict)
    gone: dict[int, str] = field(default_factory=dict)
    versions: dict[int, list[int]] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    """Leads that are answered with 400."""
    pause_s: float = 0
    """How long it takes to answer."""
    at_once: int = 0
    """The most requests that came at the same time."""
    twice: set[int] = field(default_factory=set)
    """Leads that were in two requests at the same time."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    _coming: list[set[int]] = field(default_factory=list)

    def take(self, request: Request) -> Reply:
        check(request)
        content = json.loads(request.body)
        events = content["data"] if content["type"] == "leads.changed" else [content]
        leads = {event["data"]["id"] for event in events}
        with self.lock:
            self.twice |= leads & set().union(*self._coming)
            self._coming.append(leads)
            self.at_once = max(self.at_once, len(self._coming))
        try:
            time.sleep(self.pause_s)
            with self.lock:
                return self._taken(events)
        finally:
            with self.lock:
                self._coming.remove(leads)

    def _taken(self, events: list[dict[str, Any]]) -> Reply:
        if any(event["data"]["id"] in self.refused for event in events):
            return Reply.json({"error": "not such a lead"}, 400)
        for event in events:
            self._note(event)
        return Reply(204)

    def _note(self, event: dict[str, Any]) -> None:
        if event["id"] in self.seen:
            self.repeated += 1
            return
        self.seen.add(event["id"])
        lead = event["data"]
        version = lead["metadata"]["version"]
        self.versions.setdefault(lead["id"], []).append(version)
        if event["type"] == "lead.removed":
            self.leads.pop(lead["id"], None)
            self.gone[lead["id"]] = lead["reason"]
        else:
            assert event["type"] == "lead.upserted"
            self.leads[lead["id"]] = lead
            self.gone.pop(lead["id"], None)


def check(request: Request) -> None:
    """It is a Standard Webhook, and holds nothing that is meant for the hub."""
    headers = request.headers
    event_id, at = headers["webhook-id"], headers["webhook-timestamp"]
    content = f"{event_id}.{at}.".encode() + request.body
    assert headers["webhook-signature"] == signature(KEY, content)
    assert headers["content-type"] == "application/json"
    assert "authorization" not in headers
    assert json.loads(request.body)["id"] == event_id


def lost_answer() -> Fault:
    """The receiver takes what comes, and its answer does not arrive."""

    def play(exchange: Exchange) -> None:
        exchange.true_reply()
        exchange.reset()

    return Fault("lost_answer", "it was taken, and nobody hears of it", play)


def a_receiver(inbox: Inbox) -> FaultServer:
    return FaultServer(inbox.take)
