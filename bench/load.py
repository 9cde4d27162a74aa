"""A client that asks as fast as it is answered, over connections that it keeps."""

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Thread

from bench.serving import Server

Request = Callable[[int], bytes]
"""Writes the n-th request."""


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
    until = time.perf_counter() + most_s
    waits: list[float] = []
    sizes: list[int] = []
    numbers = iter(range(count))

    def run() -> None:
        with socket.create_connection(("127.0.0.1", server.port)) as opened:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for number in numbers:
                started = time.perf_counter()
                if started > until:
                    return
                head, body = exchange(opened, request(number))
                waits.append((time.perf_counter() - started) * 1e3)
                sizes.append(len(body))
                if f" {status} ".encode() not in head[:20]:
                    raise RuntimeError(head[:300] + body[:300])

    before, started = server.cpu_s, time.perf_counter()
    threads = [Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall_s = time.perf_counter() - started
    if len(waits) < count and time.perf_counter() < until:
        raise RuntimeError(f"only {len(waits)} of {count} requests were answered")
    return Figures(len(waits), wall_s, server.cpu_s - before, waits, sum(sizes))


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
        while not parts[-1].endswith(b"0\r\n\r\n"):
            parts.append(_received(opened))
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
    with socket.create_connection(("127.0.0.1", server.port)) as opened:
        head, _ = exchange(opened, raw)
    pairs = (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    return {name.lower(): value for name, value in pairs}


def body_of(server: Server, raw: bytes) -> bytes:
    """Return the body of one answer."""
    with socket.create_connection(("127.0.0.1", server.port)) as opened:
        return exchange(opened, raw)[1]
