"""One request that came, and the ways to answer it, honest and otherwise."""

import json
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from io import BufferedIOBase
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent."""

    method: str
    target: str
    """Path and query, as they were sent."""
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    @classmethod
    def json(cls, content: Any, status: int = 200, **headers: str) -> "Reply":
        """Make an answer of JSON; `retry_after="1"` is the header `retry-after`."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        kind = {"content-type": "application/json"}
        return cls(status, kind | named, json.dumps(content).encode())

    def with_headers(self, **headers: str) -> "Reply":
        """Return the answer with other headers, named as in `json`."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return replace(self, headers={**self.headers, **named})

    def with_body(self, body: bytes) -> "Reply":
        """Return the answer with another body, of that length."""
        kept = {n: t for n, t in self.headers.items() if n != "content-length"}
        return replace(self, headers=kept, body=body)


@dataclass(slots=True)
class Exchange:
    """A request that waits for its answer, and the connection it came by."""

    request: Request
    own_url: str
    """Where the server that is asked is."""
    true_reply: Callable[[], Reply]
    """Ask what stands behind for the right answer."""
    connection: socket.socket
    out: BufferedIOBase
    last_reply: Reply | None = None
    """What the same question was last answered truly, if it was asked before."""
    is_over: bool = False
    """Whether the connection is of no more use."""

    def send(self, reply: Reply) -> None:
        """Answer, wholly and at once."""
        headers = {"content-length": str(len(reply.body)), **reply.headers}
        self.head(replace(reply, headers=headers))
        self.raw(b"" if self.request.method == "HEAD" else reply.body)

    def head(self, reply: Reply) -> None:
        """Send the status line and the headers alone, as they are given."""
        known = {each.value: each.phrase for each in HTTPStatus}
        phrase = known.get(reply.status, "")
        lines = [f"HTTP/1.1 {reply.status} {phrase}"]
        lines += [f"{name}: {text}" for name, text in reply.headers.items()]
        self.raw("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def raw(self, some: bytes) -> None:
        """Send bytes as they are."""
        self.out.write(some)
        self.out.flush()

    def hang_up(self) -> None:
        """End the connection properly, whatever of the answer is missing."""
        self.is_over = True

    def reset(self) -> None:
        """End the connection as a broken machine does: with a reset."""
        # Lingering for no time at all makes closing a reset (RST).
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.is_over = True
