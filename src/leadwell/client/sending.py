"""Requests sent with urllib3, one at a time; what comes back is a value."""

import time
from collections.abc import Mapping
from urllib.parse import unquote

import urllib3
from urllib3.exceptions import (
    DecodeError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    SSLError,
    TimeoutError,  # noqa: A004 - urllib3's own word
)
from urllib3.util import Timeout, make_headers, parse_url

from leadwell.client.wire import arriving
from leadwell.client.wire.answer import Answer, Fault
from leadwell.client.wire.arriving import Incoming
from leadwell.client.wire.retry import Request


class Sender:
    """Connections to one hub. Threads may share it."""

    def __init__(
        self, headers: Mapping[str, str], timeout_s: float, proxy: str | None
    ) -> None:
        """Open connections when they are needed."""
        self._headers = dict(headers)
        self._timeout_s = timeout_s
        self._pool = _pool(proxy)

    def send(self, request: Request) -> Answer | Fault:
        """Send a request once, following no redirect."""
        try:
            started = time.monotonic()
            return self._taken_in(request, self._opened(request), started)
        except HTTPError as error:
            # Its own words can hold the URL, and with it what was asked for.
            return _fault_of(error, request.url)

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _opened(self, request: Request) -> urllib3.BaseHTTPResponse:
        read_s = self._timeout_s + request.wait_s
        return self._pool.request(
            request.method,
            request.url,
            body=request.body,
            headers=self._headers | dict(request.headers),
            timeout=Timeout(connect=self._timeout_s, read=read_s),
            redirect=False,
            retries=False,
            preload_content=False,
        )

    def _taken_in(
        self, request: Request, response: urllib3.BaseHTTPResponse, started: float
    ) -> Answer | Fault:
        incoming = Incoming(self._timeout_s + request.wait_s)
        is_whole = False
        try:
            while chunk := response.read1(arriving.CHUNK_BYTES):
                fault = incoming.fault_of(chunk, time.monotonic() - started)
                if fault is not None:
                    return fault
            is_whole = True
        finally:
            # What of it is still on its way must not stand before the next answer.
            (response.release_conn if is_whole else response.close)()
        return incoming.answer(response.status, response.headers)


def _pool(proxy: str | None) -> urllib3.PoolManager:
    if proxy is None:
        return urllib3.PoolManager(maxsize=arriving.CONNECTIONS_MAX)
    auth = parse_url(proxy).auth
    given = make_headers(proxy_basic_auth=unquote(auth)) if auth else None
    return urllib3.ProxyManager(
        proxy, maxsize=arriving.CONNECTIONS_MAX, proxy_headers=given
    )


def _fault_of(error: HTTPError, url: str) -> Fault:
    match error:
        case DecodeError():
            return arriving.NOT_UNPACKED
        case SSLError():
            return arriving.distrusted(error.args[0] if error.args else error)
        case LocationValueError():
            return arriving.NO_URL
        case NewConnectionError():
            return arriving.not_reached(url)
        case TimeoutError():
            return arriving.NOT_IN_TIME
        case _:
            return arriving.BROKE
