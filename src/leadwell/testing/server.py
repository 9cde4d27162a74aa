"""A server that answers by a script: faults first, then the truth."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import cast
from urllib.parse import urlsplit

from leadwell.testing.exchange import Exchange, Reply, Request
from leadwell.testing.faults import Fault

Upstream = str | Callable[[Request], Reply]
"""What answers truly: the URL of a hub, or a function."""

TIMEOUT_S = 60
_OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class FaultServer:
    """A server on this machine. Use it as a context manager.

    Each request that comes takes the next fault of the script; once that is used up,
    what stands behind answers. `requests` has all that came, in order.
    """

    def __init__(self, upstream: Upstream, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a free port, before anything is asked of what stands behind.

        Args:
            upstream: what answers truly
            tls: with a certificate, to be asked by https
        """
        self.requests: list[Request] = []
        self._upstream = upstream
        self._script: list[Fault | None] = []
        self._lock = threading.Lock()
        self._tls = tls
        self._answered: dict[str, Reply] = {}
        self._listener = _Listener(("127.0.0.1", 0), self)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listener.server_address[1]}"
        self._serve()

    def plan(self, *faults: Fault | None) -> None:
        """Replace the script; `None` is an answer that is true."""
        with self._lock:
            self._script = list(faults)

    @property
    def is_played(self) -> bool:
        """Whether every fault of the script was met."""
        return not self._script

    def refuse(self) -> None:
        """Refuse connections until `listen`."""
        self._listener.shutdown()
        self._listener.server_close()

    def listen(self) -> None:
        """Take connections again, at the same address."""
        port = urlsplit(self.url).port or 0
        self._listener = _Listener(("127.0.0.1", port), self)
        self._serve()

    @contextlib.contextmanager
    def refusing(self) -> Generator[None]:
        """Refuse connections for as long as this lasts."""
        self.refuse()
        try:
            yield
        finally:
            self.listen()

    def answer(self, request: Request, handler: "_Handler") -> bool:
        """Answer one request; returns whether the connection goes on."""
        with self._lock:
            self.requests.append(request)
            fault = self._script.pop(0) if self._script else None
        exchange = Exchange(
            request,
            self.url,
            partial(self._true_reply, request),
            handler.connection,
            handler.wfile,
            self._answered.get(request.target),
        )
        # Whoever asked may hang up at any byte: that is what some faults are about.
        with contextlib.suppress(OSError):
            if fault is None:
                exchange.send(exchange.true_reply())
            else:
                fault.play(exchange)
        return not exchange.is_over

    def __enter__(self) -> "FaultServer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.refuse()

    def _serve(self) -> None:
        if self._tls is not None:
            plain = self._listener.socket
            self._listener.socket = self._tls.wrap_socket(plain, server_side=True)
        serve = partial(self._listener.serve_forever, poll_interval=0.01)
        threading.Thread(target=serve, daemon=True).start()

    def _true_reply(self, request: Request) -> Reply:
        reply = self._asked(request)
        self._answered[request.target] = reply
        return reply

    def _asked(self, request: Request) -> Reply:
        if not isinstance(self._upstream, str):
            return self._upstream(request)
        place = urlsplit(self._upstream)
        host, port = place.hostname or "", place.port
        sent = {n: t for n, t in request.headers.items() if n not in _OF_ONE_HOP}
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            target = place.path.rstrip("/") + request.target
            connection.request(request.method, target, request.body or None, sent)
            found = connection.getresponse()
            body = found.read()
        # The hub's links lead back here, as if it were the public URL of the hub.
        headers = {
            name.lower(): text.replace(self._upstream, self.url)
            for name, text in found.getheaders()
            if name.lower() not in _OF_ONE_HOP
        }
        return Reply(found.status, headers, body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): text for name, text in self.headers.items()}
        body = self.rfile.read(length)
        request = Request(self.command, self.path, headers, body)
        goes_on = cast("_Listener", self.server).owner.answer(request, self)
        self.close_connection = not goes_on

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: standard error belongs to the tests."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, place: tuple[str, int], owner: FaultServer) -> None:
        self.owner = owner
        self._open: set[socket.socket] = set()
        super().__init__(place, _Handler)

    def process_request(self, request: object, client_address: object) -> None:
        """Remember the connection, so that a refusal ends those that are kept too."""
        self._open.add(cast("socket.socket", request))
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def shutdown_request(self, request: object) -> None:
        """Close a connection without a farewell, so that a reset stays one."""
        kept = cast("socket.socket", request)
        self._open.discard(kept)
        kept.close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a connection that broke is what the tests are about."""

    def server_close(self) -> None:
        """Stop listening, and end the connections that are kept."""
        super().server_close()
        for kept in list(self._open):
            with contextlib.suppress(OSError):
                kept.shutdown(socket.SHUT_RDWR)
