"""Readers of exports: one that streams it, and one that stops after its first bytes."""

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from tests.served import Served

EXPORT = "/v2/campaigns/362/leads/export"


def stream(hub: Served, asked: dict[str, Any] | None = None) -> Any:
    headers = {"Authorization": f"Bearer {hub.token}"}
    return hub.pool.request(
        "GET",
        f"http://127.0.0.1:{hub.port}{EXPORT}",
        fields=asked,
        headers=headers,
        preload_content=False,
        timeout=60,
    )


def lines_of(answer: Any) -> Iterator[bytes]:
    """The lines that came whole."""
    assert answer.status == 200
    rest = b""
    for data in answer.stream(16_384):
        *lines, rest = (rest + data).split(b"\n")
        yield from lines


def begun(hub: Served, stack: ExitStack) -> socket.socket:
    """An export of which the first bytes have come, through a narrow socket."""
    opened = stack.enter_context(socket.socket())
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    opened.settimeout(30)
    opened.connect(("127.0.0.1", hub.port))
    head = f"GET {EXPORT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {hub.token}"
    opened.sendall(f"{head}\r\n\r\n".encode())
    assert opened.recv(1_024).startswith(b"HTTP/1.1 200")
    return opened


def hang_up(opened: socket.socket, *, rudely: bool) -> None:
    if rudely:
        # A reset, as of a process that was killed or a line that was cut.
        linger = struct.pack("ii", 1, 0)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    opened.close()
