"""Requests of the feed that wait for changes, of a hub that runs."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.served import Answer, Served

FEED = "/v2/campaigns/362/leads/changes"


def ask(hub: Served, token: str, **asked: Any) -> Answer:
    headers = {"Authorization": f"Bearer {token}"}
    return hub.request("GET", FEED, params=asked, headers=headers)


def follow(hub: Served, token: str) -> str:
    answer = ask(hub, token).json()
    assert answer["up_to_date"]
    return str(answer["cursor"])


def waiting(
    pool: ThreadPoolExecutor, hub: Served, token: str, cursor: str, wait_s: int
) -> "Future[tuple[Answer, float]]":
    """A long poll, and when it was answered."""

    def job() -> tuple[Answer, float]:
        return ask(hub, token, _cursor=cursor, _wait=wait_s), time.monotonic()

    future = pool.submit(job)
    time.sleep(0.4)
    assert not future.done()
    return future


@contextmanager
def poll_many(hub: Served, cursor: str, count: int) -> Iterator[list[socket.socket]]:
    head = f"GET {FEED}?_cursor={cursor}&_wait=30 HTTP/1.1\r\nHost: x\r\n"
    head += f"Authorization: Bearer {hub.token}\r\n\r\n"
    with ExitStack() as stack:
        opened = [
            stack.enter_context(socket.create_connection(("127.0.0.1", hub.port), 30))
            for _ in range(count)
        ]
        for each in opened:
            each.sendall(head.encode())
        yield opened


def answer_of(opened: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"}"):
        received = opened.recv(65_536)
        assert received
        data += received
    return data
