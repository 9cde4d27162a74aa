"""A body has a deadline as a whole, however steadily it trickles in."""

from dataclasses import replace
from typing import Any

import anyio
import pytest

from leadwell.api.app import app
from leadwell.api.hub import Limits
from tests.writer import LIST, Office, Writer

BODY = b'{"fields": {"name": "Jane Doe"}}'


async def sent(
    office: Office, writer: Writer, pause_s: float, patience_s: float
) -> tuple[int, bytes]:
    """Send a lead byte by byte to a hub that waits for it for a while."""
    hub = replace(office.hub, limits=replace(Limits(), body_timeout_s=patience_s))
    headers = [
        (b"authorization", f"Bearer {writer.token}".encode()),
        (b"content-type", b"application/json"),
    ]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": LIST,
        "query_string": b"",
        "headers": headers,
    }
    rest, answer = list(BODY), []

    async def receive() -> dict[str, Any]:
        await anyio.sleep(pause_s)
        body = bytes([rest.pop(0)])
        return {"type": "http.request", "body": body, "more_body": bool(rest)}

    async def send(message: Any) -> None:
        answer.append(message)

    await app(hub)(scope, receive, send)  # type: ignore[arg-type]
    assert dict(answer[0]["headers"]).get(b"connection") in {None, b"close"}
    return answer[0]["status"], b"".join(each.get("body", b"") for each in answer)


@pytest.mark.parametrize(
    ("pause_s", "patience_s", "status"), [(0, 20, 201), (0.05, 0.5, 408), (2, 0.5, 408)]
)
def test_a_body_must_arrive_in_time(
    office: Office, partner: Writer, pause_s: float, patience_s: float, status: int
) -> None:
    answer = anyio.run(sent, office, partner, pause_s, patience_s)

    assert answer[0] == status
    assert (b"body_too_slow" in answer[1]) == (status == 408)
    assert partner.total == (status == 201)
