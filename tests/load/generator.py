"""Who asks for too much: raw sockets, one thread, a process and a core of its own.

With a rate it sends by the clock and waits for no answer. It is *held back* only where
a connection has as many requests open as any client sends ahead, or takes no more.
Without a rate it asks over each connection once that was answered: so fast is the hub.
"""

import os
import re
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from typing import Any

HUB_CORE, OWN_CORE = 0, 1
TICK_S = 0.001
AHEAD_MAX = 16
"""Requests that are open over one connection."""
_ANSWERED = re.compile(rb"HTTP/1\.1 (\d{3})")
_PARTIAL = len(b"HTTP/1.1 200") - 1
"""So much of what came is looked at again with what comes next."""


@dataclass(frozen=True)
class Order:
    """What is to be asked: series of requests, one series for each connection."""

    port: int
    series: Sequence[Sequence[bytes]]
    seconds: float
    rate: float = 0.0
    """Requests a second; 0: as many as are answered."""


@dataclass
class Sent:
    """What became of it."""

    due: int = 0
    """As many as the clock asked for."""
    sent: int = 0
    held_back: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    """Connections that the hub ended, or refused, by how that showed."""
    seen: Counter[int] = field(default_factory=Counter)
    """Answers, by their status."""


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """Start processes on one core, where there are several and the system can."""
    if not hasattr(os, "sched_setaffinity") or number not in os.sched_getaffinity(0):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def sending(order: Order) -> Iterator["Answered"]:
    """Send beside what is done meanwhile; in the end ask it what became of it."""
    apart = get_context("spawn")
    told: SimpleQueue[Sent] = apart.SimpleQueue()
    with on_core(OWN_CORE):
        process = apart.Process(target=_run, args=(order, told))
        process.start()
    try:
        yield Answered(process, told)
    finally:
        process.join()


@dataclass(frozen=True)
class Answered:
    """The process that sends, until it has sent all."""

    process: Any
    told: "SimpleQueue[Sent]"

    @property
    def goes_on(self) -> bool:
        alive: bool = self.process.is_alive()
        return alive and self.told.empty()

    def sent(self) -> Sent:
        while self.told.empty():
            assert self.process.is_alive()
            time.sleep(TICK_S)
        return self.told.get()


def asked(order: Order) -> Sent:
    """Send, and wait until all is sent."""
    with sending(order) as answered:
        return answered.sent()


def _run(order: Order, told: "SimpleQueue[Sent]") -> None:
    told.put(_Sender(order).run())


@dataclass
class _Line:
    """One connection."""

    socket: socket.socket
    requests: Iterator[bytes]
    open: int = 0
    rest: bytes = b""
    """What it has not taken yet of a request."""
    tail: bytes = b""

    def send(self) -> bool:
        """Send the next request, if the one before went out whole."""
        if self.open >= AHEAD_MAX or (self.rest and not self._out(self.rest)):
            return False
        self._out(next(self.requests))
        self.open += 1
        return True

    def _out(self, raw: bytes) -> bool:
        try:
            self.rest = raw[self.socket.send(raw) :]
        except BlockingIOError:
            self.rest = raw
        return not self.rest

    def answers(self) -> list[int]:
        """Return the statuses of the answers that began to arrive.

        Raises:
            ConnectionError: the hub has hung up.
        """
        came = self.socket.recv(1 << 18)
        if not came:
            raise ConnectionAbortedError
        came = self.tail + came
        self.tail = came[-_PARTIAL:]
        found = [int(each) for each in _ANSWERED.findall(came)]
        self.open -= len(found)
        return found


class _Sender:
    def __init__(self, order: Order) -> None:
        self.order = order
        self.result = Sent()
        self.lines: dict[int, _Line] = {}
        self.poll = select.epoll()

    def run(self) -> Sent:
        for series in self.order.series:
            self._open(cycle(series))
        began = time.monotonic()
        by_clock = self.order.rate > 0
        if not by_clock:
            for each in list(self.lines.values()):
                self._send(each)
        turns = cycle(list(self.lines))
        while (now_s := time.monotonic() - began) < self.order.seconds:
            wanted = int(now_s * self.order.rate)
            while by_clock and self.lines and self.result.due < wanted:
                if line := self.lines.get(next(turns)):
                    self._send(line)
                else:
                    # Its place was taken by a new connection, or by none.
                    turns = cycle(list(self.lines))
            self._read(is_answered_to=not by_clock)
        for each in self.lines.values():
            each.socket.close()
        return self.result

    def _open(self, requests: Iterator[bytes]) -> None:
        try:
            opened = socket.create_connection(("127.0.0.1", self.order.port), 10)
        except OSError as error:
            self.result.broken[f"not opened: {type(error).__name__}"] += 1
            return
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setblocking(False)
        self.lines[opened.fileno()] = _Line(opened, requests)
        self.poll.register(opened, select.EPOLLIN)

    def _send(self, line: _Line) -> None:
        self.result.due += 1
        try:
            is_sent = line.send()
        except ConnectionError as error:
            self._broke(line, error)
            return
        if is_sent:
            self.result.sent += 1
        else:
            self.result.held_back += 1

    def _read(self, *, is_answered_to: bool) -> None:
        for number, _ in self.poll.poll(TICK_S):
            if (line := self.lines.get(number)) is None:
                continue
            try:
                statuses = line.answers()
            except ConnectionError as error:
                self._broke(line, error)
                continue
            self.result.seen.update(statuses)
            if statuses and is_answered_to:
                self._send(line)

    def _broke(self, line: _Line, error: ConnectionError) -> None:
        """Note it, and go on over another connection, as a client would."""
        self.result.broken[type(error).__name__] += 1
        with suppress(KeyError, OSError):
            self.poll.unregister(line.socket)
        self.lines.pop(line.socket.fileno(), None)
        line.socket.close()
        self._open(line.requests)
