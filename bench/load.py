"""A client that asks as fast as it is answered, over connections that it keeps."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event, Thread

from bench.serving import Server

ACCEPTED_S = 0.01
"""By then a server has taken new connections, which is no part of what is measured."""
Request = Callable[[int], bytes]
"""Writes the n-th request."""


class Failed(Exception):
    """A server did not answer what it was asked."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What some requests have cost."""

    count: int
    wall_s: float
    cpu_s: float
    waits_ms: Sequence[float]
    sizes: int

    @property
    def cpu_us(self) -> float:
        """Processor time of the server for each request."""
        return self.cpu_s / self.count * 1e6

    def waited_ms(self, share: float) -> float:
        """How long that share of the requests waited at most."""
        return sorted(self.waits_ms)[int(len(self.waits_ms) * share)]


def asked(path: str, token: str, *more: str) -> bytes:
    """Write a GET request."""
    lines = [f"GET {path} HTTP/1.1", "Host: bench", f"Authorization: Bearer {token}"]
    return "\r\n".join([*lines, *more, "", ""]).encode()


def posted(path: str, token: str, body: bytes) -> bytes:
    """Write a POST request."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return f"{head}{kind}".encode() + body


def measured(
    server: Server,
    request: Request,
    count: int,
    clients: int = 1,
    status: int = 200,
    most_s: float = 3_600,
) -> Figures:
    """Ask so many times in all, or for so long, and say what it has cost."""
    with ExitStack() as stack:
        opened = [stack.enter_context(connected(server)) for _ in range(clients)]
        time.sleep(ACCEPTED_S)
        readers = _Readers(request, f" {status} ".encode())
        before, started = server.cpu_s, time.perf_counter()
        readers.ask(opened, count, started + most_s)
        wall_s = time.perf_counter() - started
    if readers.errors:
        raise Failed(f"{server.name} failed") from readers.errors[0]
    waits = readers.waits_ms
    return Figures(len(waits), wall_s, server.cpu_s - before, waits, sum(readers.sizes))


@dataclass(slots=True)
class _Readers:
    """Some threads that ask at once, and what they have waited for."""

    request: Request
    status: bytes
    waits_ms: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    is_over: Event = field(default_factory=Event)

    def ask(self, opened: list[socket.socket], count: int, until: float) -> None:
        numbers = iter(range(count))
        # Daemons: a server that never answers does not keep a run from being ended.
        threads = [
            Thread(target=self._run, args=(each, numbers, until), daemon=True)
            for each in opened
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            self.is_over.set()

    def _run(self, opened: socket.socket, numbers: Iterator[int], until: float) -> None:
        try:
            for number in numbers:
                if time.perf_counter() > until or self.is_over.is_set():
                    return
                self._one(opened, self.request(number))
        except Exception as error:
            self.errors.append(error)
            self.is_over.set()

    def _one(self, opened: socket.socket, raw: bytes) -> None:
        started = time.perf_counter()
        head, body = exchange(opened, raw)
        self.waits_ms.append((time.perf_counter() - started) * 1e3)
        self.sizes.append(len(body))
        if self.status not in head[:20]:
            raise RuntimeError(head[:300] + body[:300])


def connected(server: Server) -> socket.socket:
    """Open a connection."""
    opened = socket.create_connection(("127.0.0.1", server.port))
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def exchange(opened: socket.socket, raw: bytes) -> tuple[bytes, bytes]:
    """Send a request and return the head and the body of its answer."""
    opened.sendall(raw)
    data = b""
    while b"\r\n\r\n" not in data:
        data += _received(opened)
    head, _, body = data.partition(b"\r\n\r\n")
    lowered = head.lower()
    parts = [body]
    missing = 0
    if b"transfer-encoding: chunked" in lowered:
        end = b"\r\n" + body
        while not end.endswith(b"\r\n0\r\n\r\n"):
            parts.append(_received(opened))
            end = end[-7:] + parts[-1]
    elif b"content-length:" in lowered:
        length = int(lowered.partition(b"content-length:")[2].split(b"\r\n")[0])
        missing = length - len(body)
    while missing > 0:
        parts.append(_received(opened))
        missing -= len(parts[-1])
    return head, b"".join(parts)


def _received(opened: socket.socket) -> bytes:
    data = opened.recv(262_144)
    if not data:
        raise RuntimeError("the server hung up")
    return data


def head_of(server: Server, raw: bytes) -> dict[str, str]:
    """Return the headers of one answer, by their names in small letters."""
    with connected(server) as opened:
        head, _ = exchange(opened, raw)
    pairs = (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    return {name.lower(): value for name, value in pairs}


def body_of(server: Server, raw: bytes) -> bytes:
    """Return the body of one answer."""
    with connected(server) as opened:
        return exchange(opened, raw)[1]
