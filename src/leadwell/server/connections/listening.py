"""Listen for requests: uvicorn, with deadlines for head and body, a bound for heads.

uvicorn waits for ever for a request that trickles in, and reads a head of any size;
both let a stranger hold the hub's memory and connections.
"""

import asyncio
import os
import secrets
import socket
import time
from dataclasses import replace
from http import HTTPStatus
from ipaddress import ip_network
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from leadwell.api.entrance import browsers, metrics, problems
from leadwell.api.feed.waiting import VIGIL, Vigil
from leadwell.api.load.crowd import ARRIVED, too_many_connections
from leadwell.errors import (
    LeadwellError,
    MalformedRequest,
    Refused,
    URLTooLong,
    UsageError,
)
from leadwell.server.connections.deadlines import Deadline
from leadwell.server.connections.slow_readers import ReaderDeadline
from leadwell.settings import Settings, from_environment, to_environment

HEAD_BYTES_MAX = 2 * 2**20
"""Where a head is cut off unread. One that is smaller, but over the hub's limits, is
read and answered, so that its sender learns what was wrong."""
PIECE_BYTES = 2_048
"""How much is read at once of what has arrived. At most some seventy requests begin in
it, and no more are read while they wait."""
AHEAD_BYTES_MAX = 65_536
"""So much more a client may send ahead of its answers; with more it is cut off."""
LINGER_S = 2
"""How long the rest of a request is read and dropped that was refused unread."""
WORKER_PATIENCE_S = 60
"""How long a worker may be silent before another one takes its place. One that starts
is silent while it imports, and on a busy machine that takes longer than uvicorn's five
seconds: it was replaced again and again, and the hub never answered."""
BODY_GRACE_S = 2
"""How long after its deadline a body is cut off that nobody has waited for: one that
was answered unread, for instance."""


def bound(settings: Settings) -> tuple[socket.socket, Settings]:
    """Take the address; return it with the settings, in which a port of 0 is filled in.

    Raises:
        Refused: the address is taken or may not be used.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    taken = socket.socket(family)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((settings.host, settings.port))
    except OSError as error:
        taken.close()
        raise Refused(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}",
            hint="stop what listens there, or choose another --port (0: a free one)",
        ) from None
    taken.set_inheritable(True)
    return taken, replace(settings, port=taken.getsockname()[1])


def check_proxies(text: str) -> None:
    """Refuse a setting `trusted_proxies` that names what can be no proxy.

    uvicorn would take it for the name of one, and believe nobody without a word.

    Raises:
        UsageError: something in it is neither an address nor a network, nor all is `*`.
    """
    try:
        for each in text.split(",") if text not in {"", "*"} else ():
            ip_network(each.strip())
    except ValueError as error:
        raise UsageError(
            f"the setting trusted_proxies is {text!r}: {error}",
            hint="for instance 127.0.0.1,10.0.0.0/8",
        ) from None


class Listener:
    """A hub that answers on one address until it is told to stop."""

    def __init__(self, taken: socket.socket, settings: Settings) -> None:
        """Prepare to answer; workers read the settings from the environment."""
        os.environ.update(to_environment(settings))
        self.url = _url_of(settings)
        self._taken = taken
        self._config = configuration(settings)
        self._server = uvicorn.Server(self._config)

    def run(self) -> None:
        """Answer until Ctrl-C, SIGTERM or `stop`; open requests are finished."""
        if self._config.workers > 1:
            with TemporaryDirectory(prefix="leadwell-") as folder:
                os.environ[metrics.SHARED] = folder
                Multiprocess(self._config, sockets=[self._taken]).run()
        else:
            self._server.run(sockets=[self._taken])

    def stop(self) -> None:
        """Stop, from another thread; only for one worker."""
        self._server.should_exit = True


def _url_of(settings: Settings) -> str:
    own = f"http://{settings.host}:{settings.port}{settings.root_path}"
    return (settings.public_url or own).rstrip("/")


def configuration(settings: Settings) -> uvicorn.Config:
    """Return how uvicorn runs the hub."""
    return uvicorn.Config(
        "leadwell.server:application",
        factory=True,
        workers=settings.workers,
        timeout_worker_healthcheck=WORKER_PATIENCE_S,
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        root_path=settings.root_path,
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=int(settings.stop_timeout_s),
    )


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, cut off when a head takes too long or grows too large."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Read the limits once for each connection."""
        super().__init__(*args, **kwargs)
        self._settings = from_environment()
        self.url = b""
        self._head_bytes = 0
        self._is_in_head = True
        self._is_refused = False
        self._begun: Any = None
        """The request that is being answered, or was answered last."""
        self._ahead = bytearray()
        """What has arrived, and waits until the requests before it are begun with."""
        self._reader = ReaderDeadline(self.loop, self._settings.reader_timeout_s)
        self._deadline = Deadline(self.loop, self._too_late)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Set the deadline of the first head; one connection too many is refused."""
        super().connection_made(transport)
        self._deadline.begin(self._settings.header_timeout_s)
        if len(self.connections) > self._settings.connections_max:
            self._answer(too_many_connections())

    def data_received(self, data: bytes) -> None:
        """Read what arrives, unless requests that came before it still wait.

        uvicorn reads on with each answer, however many requests wait already: one
        connection that sent them quicker than they were answered took all memory.
        """
        if self._is_refused:
            return
        if not self._ahead and not self.pipeline and len(data) <= PIECE_BYTES:
            self._read(data)
            return
        self._ahead += data
        self._read_on()
        if len(self._ahead) > AHEAD_BYTES_MAX:
            self._cut()

    def _read_on(self) -> None:
        while self._ahead and not self.pipeline and not self.transport.is_closing():
            piece = bytes(self._ahead[:PIECE_BYTES])
            del self._ahead[:PIECE_BYTES]
            self._read(piece)
        self._pause_if_some_waits()

    def on_response_complete(self) -> None:
        """Begin with the next request that has arrived."""
        was_paused = self.flow.read_paused
        super().on_response_complete()
        if was_paused and self._deadline.is_set:
            # The time in which we did not read is none that the client took.
            self._deadline.begin(self._settings.header_timeout_s)
        self._pause_if_some_waits()
        if self._ahead and not self.pipeline:
            self.loop.call_soon(self._read_on)

    def _pause_if_some_waits(self) -> None:
        if (self._ahead or self.pipeline) and not self.transport.is_closing():
            self.flow.pause_reading()

    def _read(self, data: bytes) -> None:
        """Read some of it, and count it until the head is complete."""
        if self._is_refused:
            return
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > HEAD_BYTES_MAX:
            self._cut()
        elif not self._deadline.is_set and self._is_idle():
            # What begins no request ended uvicorn's deadline for an idle connection: a
            # line break, or a body that was answered before it came.
            self._deadline.begin(self._settings.header_timeout_s)

    def _is_idle(self) -> bool:
        # Before the first request there is no cycle, whatever its type says.
        return bool(getattr(self.cycle, "response_complete", True))

    def on_message_begin(self) -> None:
        """Set the deadline of a further head."""
        super().on_message_begin()
        self._is_in_head = True
        if not self._deadline.is_set:
            self._deadline.begin(self._settings.header_timeout_s)

    def on_headers_complete(self) -> None:
        """The head is complete: from here the application's own limits hold."""
        self._is_in_head = False
        self._head_bytes = 0
        self._deadline.begin(self._settings.body_timeout_s + BODY_GRACE_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is complete, or there was none: nothing more is waited for."""
        self._deadline.met()
        super().on_message_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Note when the work could begin: one that waits too long is refused."""
        cycle.scope["state"][ARRIVED] = time.monotonic()
        self._begun = cycle
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser could not read like every other problem."""
        error: LeadwellError = MalformedRequest(
            "the request is not clean HTTP/1.1", hint="check its first line and headers"
        )
        if len(self.url) > self._settings.url_bytes_max:
            error = URLTooLong(
                f"the URL has more than {self._settings.url_bytes_max:,} bytes",
                hint="ask for fewer values",
            )
        self._answer(error)
        self.logger.debug(msg)

    def _answer(self, error: LeadwellError) -> None:
        """Answer with a problem before there is a request, and hang up."""
        metrics.note_refusal(error)
        request_id = f"req_{secrets.token_hex(12)}"
        answer = problems.response(
            error, public_url=_url_of(self._settings), request_id=request_id
        )
        answer.headers["X-Request-ID"] = request_id
        told = browsers.always(_url_of(self._settings), self._settings.hsts_s)
        answer.raw_headers.extend(told)
        head = [
            f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}"
        ]
        head += [f"{n.decode()}: {v.decode()}" for n, v in answer.raw_headers]
        text = "\r\n".join([*head, "connection: close", "", ""])
        self.transport.write(text.encode() + bytes(answer.body))
        self._refuse_further()

    def _refuse_further(self) -> None:
        """Read on without looking, so that the sender gets to read the answer.

        To close while more is on its way resets the connection, and what was answered
        is lost with it (RFC 9112 §9.6).
        """
        self._is_refused = True
        self.transport.write_eof()
        self._deadline.begin(LINGER_S)

    def shutdown(self) -> None:
        """The hub stops: who waits for changes is answered with what there is."""
        super().shutdown()
        vigil: Vigil | None = self.app_state.get(VIGIL)
        if vigil is not None:
            vigil.dismiss()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines with the connection, and what it has sent ahead."""
        self._reader.end()
        self._ahead.clear()
        if self.pipeline:
            # uvicorn tells the request that was read last; the one that waits for a
            # change is the first of them.
            self.pipeline.clear()
            self._begun.disconnected = True
            self._begun.message_event.set()
        self._deadline.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More of an answer waits for its reader than the transport holds gladly."""
        super().pause_writing()
        self._reader.begin(self.transport)

    def resume_writing(self) -> None:
        """The reader has taken most of it."""
        super().resume_writing()
        self._reader.end()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing was asked for long."""
        self._cut()

    def _too_late(self) -> None:
        if (self.pipeline or self._ahead) and not self._is_refused:
            # It is for us to read on: what was sent ahead waits for answers.
            self._deadline.begin(self._settings.header_timeout_s)
        else:
            self._cut()

    def _cut(self) -> None:
        self._deadline.met()
        if not self.transport.is_closing():
            self.transport.close()
            # What its reader has not taken by now would keep it open for ever.
            self.loop.call_later(LINGER_S, self.transport.abort)
