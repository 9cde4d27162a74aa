"""The hub asks itself, as the bearer of a token would, and shows what it answered."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_network
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp, Message

from leadwell.api.entrance.notes import OWN
from leadwell.model.token import Token


@dataclass(slots=True)
class Answer:
    """What came back."""

    status: int = 0
    body: bytearray = field(default_factory=bytearray)

    @property
    def words(self) -> str:
        """The status as people know it: `200 OK`."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"

    @property
    def text(self) -> str:
        """The body, with a line for each part of it."""
        return msgspec.json.format(bytes(self.body), indent=2).decode()


async def ask(request: Request, token: Token, text: str, path: str) -> Answer:
    """Ask a path of this hub with a token; `request` is of whoever looks on.

    A token that may be used from some addresses alone is sent from one of them. It
    does not count as a use of the token.
    """
    answer = Answer()
    parts = path.partition("?")
    root = request.scope.get("root_path", "")
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": request.scope["scheme"],
        "server": request.scope.get("server"),
        "method": "GET",
        "root_path": root,
        "path": root + parts[0],
        "raw_path": (root + parts[0]).encode(),
        "query_string": parts[2].encode(),
        "headers": [
            (b"authorization", f"Bearer {text}".encode()),
            (b"accept", b"application/json"),
            (b"accept-encoding", b"identity"),
        ],
        "client": _client(request, token),
        "state": {},
        OWN: True,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
        answer.body += message.get("body", b"")

    app: ASGIApp = request.scope["app"]
    await app(scope, receive, send)
    return answer


def _client(request: Request, token: Token) -> tuple[str, int] | None:
    if token.addresses:
        return str(ip_network(token.addresses[0])[0]), 0
    return request.scope.get("client")
