"""The hub asks itself, as the bearer of a token would, and shows what it answered."""

from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_network

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Scope

from leadwell.api.entrance.notes import OWN
from leadwell.api.entrance.recording import PERSON_ASKS
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
    answer, asked = Answer(), _asked(request.scope, text, path)
    if token.addresses:
        asked["client"] = (str(ip_network(token.addresses[0])[0]), 0)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        answer.status = message.get("status", answer.status)
        answer.body += message.get("body", b"")

    app: ASGIApp = request.scope["app"]
    await app(asked, receive, send)
    return answer


def _asked(around: Scope, text: str, path: str) -> Scope:
    """Write a request as a server hands it in, of the host that is asked already."""
    below, _, query = path.partition("?")
    root = around.get("root_path", "")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": around["scheme"],
        "server": around.get("server"),
        "client": around.get("client"),
        "method": "GET",
        "root_path": root,
        "path": root + below,
        "raw_path": (root + below).encode(),
        "query_string": query.encode(),
        "headers": [
            (b"authorization", f"Bearer {text}".encode()),
            (b"accept", b"application/json"),
            (b"accept-encoding", b"identity"),
        ],
        # Who sees it is not the token, but the person who asks.
        "state": {PERSON_ASKS: around["state"][PERSON_ASKS]},
        OWN: True,
    }
