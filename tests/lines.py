"""Connections that stay open, one to each process of a hub; on Linux, which tells."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.served import START_TIMEOUT_S, Answer, Served

CONNECTIONS = Path("/proc/net/tcp")


@dataclass
class Line:
    """One connection, and the process that answers on it."""

    opened: http.client.HTTPConnection
    worker: int

    def ask(self, method: str, path: str, token: str, body: Any = None) -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        sent = None
        if body is not None:
            headers["Content-Type"], sent = "application/json", json.dumps(body)
        self.opened.request(method, path, sent, headers)
        found = self.opened.getresponse()
        named = {name.lower(): value for name, value in found.getheaders()}
        return Answer(found.status, named, found.read())


def lines(hub: Served, count: int) -> list[Line]:
    """A line to each of so many workers; connections go to whoever takes them."""
    found: dict[int, Line] = {}
    deadline = time.monotonic() + START_TIMEOUT_S
    while len(found) < count:
        assert time.monotonic() < deadline, found
        opened = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=60)
        opened.connect()
        worker = _worker(hub, opened.sock.getsockname()[1])
        if worker is None or worker in found:
            opened.close()
        else:
            found[worker] = Line(opened, worker)
    return list(found.values())


def _worker(hub: Served, port: int) -> int | None:
    """Return which process of the hub has taken the connection from a port."""
    inode = None
    while not inode or inode == "0":
        # Until somebody has taken it, it is nobody's.
        inode = _inode(hub.port, port)
    parent = hub.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    for child in children:
        if f"socket:[{inode}]" in _held(Path(f"/proc/{child}/fd")):
            return int(child)
    return None


def _held(folder: Path) -> Iterator[str]:
    for each in folder.iterdir():
        # It may be closed at this moment.
        with suppress(FileNotFoundError):
            yield str(each.readlink())


def _inode(local: int, remote: int) -> str | None:
    ends = (f"0100007F:{local:04X}", f"0100007F:{remote:04X}")
    rows = (row.split() for row in CONNECTIONS.read_text().splitlines()[1:])
    return next((row[9] for row in rows if (row[1], row[2]) == ends), None)
