"""What both shells send along, and how both take an answer in, bit by bit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from urllib.parse import urlsplit

from leadwell.client.wire.answer import Answer, Fault

ANSWER_BYTES_MAX = 256 * 1024 * 1024
"""More than any answer of the API has: a page of 1,000 leads is a few megabytes."""
BYTES_PER_S_MIN = 10_000
"""Slower than a bad mobile connection; below it an answer counts as hanging."""
CHUNK_BYTES = 65_536
CONNECTIONS_MAX = 16

TOO_LARGE = Fault("the answer has no end", may_pass=False, is_answer_broken=True)
TOO_SLOW = Fault("the answer came too slowly")
NOT_UNPACKED = Fault("the answer cannot be unpacked", is_answer_broken=True)
NOT_IN_TIME = Fault("the hub did not answer in time")
BROKE = Fault("the connection to the hub broke")
NO_URL = Fault("the address cannot be asked", may_pass=False)


def headers_of(token: str, *, is_here: bool) -> dict[str, str]:
    """Return the headers of every request."""
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        # On one machine packing costs more than sending.
        "Accept-Encoding": "identity" if is_here else "gzip",
        "User-Agent": f"leadwell-python/{version('leadwell')}",
    }


def not_reached(url: str) -> Fault:
    """Return that nobody takes a connection there; of the URL only the host is told."""
    parts = urlsplit(url)
    return Fault(f"the hub cannot be reached at {parts.netloc.rpartition('@')[2]}")


def distrusted(reason: object) -> Fault:
    """Return that there is no safe connection, which waiting does not mend."""
    what = f"there is no safe connection to the hub: {f'{reason}'[:200]}"
    return Fault(what, may_pass=False)


def allowed_s(timeout_s: float, received_bytes: int) -> float:
    """Return how long an answer may have taken, when that much of it has come.

    A time-out between bytes alone lets a server that drips hold a client for ever.
    """
    return timeout_s + received_bytes / BYTES_PER_S_MIN


@dataclass(slots=True)
class Incoming:
    """An answer as far as it has come."""

    timeout_s: float
    _chunks: list[bytes] = field(default_factory=list[bytes])
    _received: int = 0

    def fault_of(self, chunk: bytes, elapsed_s: float) -> Fault | None:
        """Take some more in; a fault says why not to go on."""
        self._chunks.append(chunk)
        self._received += len(chunk)
        if self._received > ANSWER_BYTES_MAX:
            return TOO_LARGE
        is_late = elapsed_s > allowed_s(self.timeout_s, self._received)
        return TOO_SLOW if is_late else None

    def answer(self, status: int, headers: Mapping[str, str]) -> Answer:
        """Return the answer, now that it is whole."""
        names = {name.lower(): text for name, text in headers.items()}
        return Answer(status, names, b"".join(self._chunks), datetime.now(UTC))
