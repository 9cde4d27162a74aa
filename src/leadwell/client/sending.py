"""Requests sent with urllib3, one at a time; what comes back is a value."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version

import urllib3
from urllib3.exceptions import (
    DecodeError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ProtocolError,
    SSLError,
    TimeoutError,  # noqa: A004 - urllib3's own word
)
from urllib3.util import Timeout

from leadwell.client.answer import Answer, Fault
from leadwell.client.retry import Request

ANSWER_BYTES_MAX = 256 * 1024 * 1024
"""More than any answer of the API has: a page of 1,000 leads is a few megabytes."""
BYTES_PER_S_MIN = 10_000
"""Slower than a bad mobile connection; below it an answer counts as hanging."""
TOO_SLOW = Fault("the answer came too slowly")
TOO_LARGE = Fault("the answer has no end", may_pass=False, is_answer_broken=True)
NOT_UNPACKED = Fault("the answer cannot be unpacked", is_answer_broken=True)

_CHUNK_BYTES = 65_536


def headers_of(token: str, *, is_here: bool) -> dict[str, str]:
    """Return the headers of every request."""
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        # On one machine packing costs more than sending.
        "Accept-Encoding": "identity" if is_here else "gzip",
        "User-Agent": f"leadwell-python/{version('leadwell')}",
    }


def allowed_s(timeout_s: float, received_bytes: int) -> float:
    """Return how long an answer may have taken, when that much of it has come.

    A time-out between bytes alone lets a server that drips hold a client for ever.
    """
    return timeout_s + received_bytes / BYTES_PER_S_MIN


class Sender:
    """Connections to one hub. Threads may share it."""

    def __init__(self, headers: Mapping[str, str], timeout_s: float) -> None:
        """Keep up to 16 connections, each opened when it is needed."""
        self._headers = dict(headers)
        self._timeout_s = timeout_s
        self._pool = urllib3.PoolManager(maxsize=16, retries=False)

    def send(self, request: Request) -> Answer | Fault:
        """Send a request once, following no redirect."""
        timeout_s = self._timeout_s + request.wait_s
        try:
            return self._answer(request, timeout_s)
        except DecodeError:
            return NOT_UNPACKED
        except (SSLError, LocationValueError) as error:
            what = f"there is no safe connection to the hub: {_cause_of(error)}"
            return Fault(what, may_pass=False)
        except (NewConnectionError, TimeoutError, ProtocolError) as error:
            return Fault(_what(error))
        except HTTPError as error:
            # Its own words can hold the URL, and with it what was asked for.
            return Fault(f"the hub cannot be asked: {type(error).__name__}")

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _answer(self, request: Request, timeout_s: float) -> Answer | Fault:
        started = time.monotonic()
        response = self._pool.request(
            request.method,
            request.url,
            body=request.body,
            headers=self._headers | dict(request.headers),
            timeout=Timeout(connect=self._timeout_s, read=timeout_s),
            redirect=False,
            retries=False,
            preload_content=False,
        )
        try:
            chunks: list[bytes] = []
            received = 0
            while chunk := response.read1(_CHUNK_BYTES):
                chunks.append(chunk)
                received += len(chunk)
                if received > ANSWER_BYTES_MAX:
                    return TOO_LARGE
                if time.monotonic() - started > allowed_s(timeout_s, received):
                    return TOO_SLOW
        except BaseException:
            response.close()
            raise
        response.release_conn()
        names = {name.lower(): text for name, text in response.headers.items()}
        return Answer(response.status, names, b"".join(chunks), datetime.now(UTC))


def _what(error: HTTPError) -> str:
    if isinstance(error, NewConnectionError):
        return "the hub cannot be reached"
    if isinstance(error, TimeoutError):
        return "the hub did not answer in time"
    return "the connection to the hub broke"


def _cause_of(error: HTTPError) -> str:
    return f"{error.args[0] if error.args else error}"[:200]
