"""A request that waited too long for its beginning is refused, and others are not."""

import asyncio
import json
import time
from typing import Any

import pytest
from starlette.types import Message

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.api.load.crowd import ARRIVED, LATE_S
from tests.writer import LIST, Writer


def asked(hub: Hub, path: str, waited_s: float, token: str = "") -> tuple[int, bytes]:
    """Ask with a request that could have been begun with so long ago."""
    # To build it takes a part of the time that is left on a busy machine.
    answering = app(hub)
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": headers,
        "state": {ARRIVED: time.monotonic() - waited_s},
    }
    answer: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        answer.append(message)

    asyncio.run(answering(scope, receive, send))
    return answer[0]["status"], b"".join(each.get("body", b"") for each in answer)


@pytest.mark.parametrize(
    ("waited_s", "status"), [(0, 200), (LATE_S / 2, 200), (LATE_S * 2, 503)]
)
def test_who_waited_too_long_is_told_so(
    hub: Hub, partner: Writer, waited_s: float, status: int
) -> None:
    code, body = asked(hub, LIST, waited_s, partner.token)
    assert code == status
    if status == 503:
        assert json.loads(body)["code"] == "overloaded"


def test_health_is_told_however_late(hub: Hub) -> None:
    assert asked(hub, "/health/ready", LATE_S * 5)[0] == 200
