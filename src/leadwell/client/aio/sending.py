"""Requests sent with httpx2, many at a time; what comes back is a value."""

import ssl
import time
from collections.abc import Mapping

import httpx2

from leadwell.client.wire import arriving
from leadwell.client.wire.answer import Answer, Fault
from leadwell.client.wire.arriving import Incoming
from leadwell.client.wire.retry import Request


class AsyncSender:
    """Connections to one hub, of one event loop."""

    def __init__(
        self, headers: Mapping[str, str], timeout_s: float, proxy: str | None
    ) -> None:
        """Open connections when they are needed."""
        self._timeout_s = timeout_s
        self._client = httpx2.AsyncClient(
            headers=headers,
            verify=ssl.create_default_context(),
            proxy=proxy,
            # As the twin: the proxy was read already, and no password file is.
            trust_env=False,
            follow_redirects=False,
            limits=httpx2.Limits(max_connections=arriving.CONNECTIONS_MAX),
        )

    async def send(self, request: Request) -> Answer | Fault:
        """Send a request once, following no redirect."""
        read_s = self._timeout_s + request.wait_s
        # Waiting for a free connection is waiting for one's own tasks: no fault.
        timeout = httpx2.Timeout(self._timeout_s, read=read_s, pool=None)
        try:
            async with self._client.stream(
                request.method,
                request.url,
                content=request.body,
                headers=dict(request.headers),
                timeout=timeout,
            ) as response:
                return await self._taken_in(read_s, response)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            # Its own words can hold the URL, and with it what was asked for.
            return _fault_of(error, request.url)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _taken_in(
        self, timeout_s: float, response: httpx2.Response
    ) -> Answer | Fault:
        incoming, started = Incoming(timeout_s), time.monotonic()
        async for chunk in response.aiter_bytes():
            fault = incoming.fault_of(chunk, time.monotonic() - started)
            if fault is not None:
                return fault
        return incoming.answer(response.status_code, response.headers)


def _fault_of(error: Exception, url: str) -> Fault:
    match error:
        case httpx2.DecodingError():
            return arriving.NOT_UNPACKED
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol():
            return arriving.NO_URL
        case httpx2.ConnectError():
            reason = _distrust_in(error)
            return arriving.distrusted(reason) if reason else arriving.not_reached(url)
        case httpx2.ConnectTimeout() | httpx2.ReadTimeout() | httpx2.WriteTimeout():
            return arriving.NOT_IN_TIME
        case _:
            return arriving.BROKE


def _distrust_in(error: BaseException) -> ssl.SSLError | None:
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
        if isinstance(error, ssl.SSLError):
            return error
    return None
