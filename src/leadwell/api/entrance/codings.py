"""Content codings: answers are compressed for those who ask (RFC 9110 §8.4, §12.5.3).

A page costs less to make than to compress, so nobody is given it unasked, and what was
compressed once is kept: under the page's weak ETag, which names all that decides its
bytes, and under the token that it was made for.
"""

import sys
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from anyio import to_thread
from starlette.types import Message, Scope, Send

from leadwell.api.entrance.limits import header

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BYTES_MIN = 1_024
"""A shorter answer fits into one packet as it is."""
AT_ONCE_BYTES_MAX = 131_072
"""What takes longer is compressed in a thread."""
KEPT_BYTES_MAX = 16 * 2**20
"""Of all compressed answers that are kept; the one used longest ago goes first."""
GZIP_LEVEL, ZSTD_LEVEL = 1, 1
_GZIP_WINDOW = 31
CODINGS = ("zstd", "gzip")
"""Those that are offered, the best first."""
_KINDS = (b"application/json", b"application/x-ndjson", b"text/", b"application/schema")

Head = list[tuple[bytes, bytes]]
Part = Callable[[bytes, bool], bytes]
"""Compresses the next part of an answer; the flag says that it is the last."""


@dataclass(slots=True)
class Kept:
    """Compressed answers of a process."""

    _bodies: OrderedDict[tuple[str, bytes, bytes], bytes] = field(
        default_factory=OrderedDict
    )
    _size: int = 0

    def get(self, key: tuple[str, bytes, bytes]) -> bytes | None:
        """Return what was kept under a coding, an owner and a weak ETag."""
        found = self._bodies.get(key)
        if found is not None:
            self._bodies.move_to_end(key)
        return found

    def keep(self, key: tuple[str, bytes, bytes], body: bytes) -> None:
        """Keep an answer, and let go of others beyond the bound."""
        self._size += len(body) - len(self._bodies.pop(key, b""))
        self._bodies[key] = body
        while self._size > KEPT_BYTES_MAX:
            self._size -= len(self._bodies.popitem(last=False)[1])


def wanted(scope: Scope) -> str:
    """Return the best coding that the client takes; empty: as it is."""
    weights = _weights(scope)
    taken = [each for each in CODINGS if weights.get(each, 0) > 0]
    return max(taken, key=lambda each: weights[each], default="")


def takes(scope: Scope, coding: str) -> bool:
    """Whether the client takes this coding, be it the best for it or not."""
    return _weights(scope).get(coding, 0) > 0


def _weights(scope: Scope) -> dict[str, float]:
    given = header(scope, b"accept-encoding") or b""
    return dict(map(_weight, given.decode("latin-1").lower().split(",")))


def _weight(text: str) -> tuple[str, float]:
    name, _, rest = text.partition(";")
    _, _, number = rest.partition("q=")
    try:
        return name.strip(), float(number) if rest.strip() else 1.0
    except ValueError:
        return name.strip(), 0.0


class Coded:
    """Sends an answer in a coding, when that is worth it."""

    def __init__(self, send: Send, coding: str, kept: Kept, owner: bytes) -> None:
        """Stand between the routes and the server; `owner` names who asks."""
        self._send = send
        self._coding = coding
        self._kept = kept
        self._owner = owner
        self._start: Message | None = None
        self._part: Part | None = None

    async def __call__(self, message: Message) -> None:
        """Pass a message on, compressed if a coding is wanted."""
        if message["type"] == "http.response.start":
            if _is_open(message["headers"]):
                message = {**message, "headers": _varying(message["headers"])}
                if self._coding:
                    self._start = message
                    return
        elif self._start is not None:
            start, self._start = self._start, None
            message = await self._begin(start, message)
        elif self._part is not None:
            message = self._further(message)
        await self._send(message)

    async def _begin(self, start: Message, message: Message) -> Message:
        body, goes_on = message.get("body", b""), message.get("more_body", False)
        if not goes_on and len(body) < BYTES_MIN:
            await self._send(start)
            return message
        coding = [(b"content-encoding", self._coding.encode())]
        if goes_on:
            self._part = _parts(self._coding)
            message = self._further(message)
        else:
            body = await self._whole(start["headers"], body)
            coding.append((b"content-length", str(len(body)).encode()))
            message = {**message, "body": body}
        head = [pair for pair in start["headers"] if pair[0] != b"content-length"]
        await self._send({**start, "headers": [*head, *coding]})
        return message

    async def _whole(self, head: Head, body: bytes) -> bytes:
        tag = dict(head).get(b"etag")
        key = (self._coding, self._owner, tag or b"")
        found = self._kept.get(key) if tag else None
        if found is not None:
            return found
        part = _parts(self._coding)
        if len(body) > AT_ONCE_BYTES_MAX:
            coded = await to_thread.run_sync(part, body, True)  # noqa: FBT003
        else:
            coded = part(body, True)  # noqa: FBT003
        if tag:
            self._kept.keep(key, coded)
        return coded

    def _further(self, message: Message) -> Message:
        if self._part is None:
            return message
        is_last = not message.get("more_body", False)
        return {**message, "body": self._part(message.get("body", b""), is_last)}


def _is_open(head: Head) -> bool:
    """Whether an answer with this head may be sent in another coding.

    A strong ETag names exact bytes, and one lead is short anyway (RFC 9110 §8.8.1).
    """
    found = dict(head)
    is_weak = found.get(b"etag", b"W/").startswith(b"W/")
    is_text = found.get(b"content-type", b"").startswith(_KINDS)
    return is_weak and is_text and b"content-encoding" not in found


def _varying(head: Head) -> Head:
    """Tell who keeps an answer that it has other forms, compressed or not."""
    told = b",".join(value for name, value in head if name == b"vary")
    if b"accept-encoding" in told.lower():
        return head
    return [*head, (b"vary", b"Accept-Encoding")]


def _parts(coding: str) -> Part:
    if coding == "gzip":
        gzip = zlib.compressobj(GZIP_LEVEL, wbits=_GZIP_WINDOW)
        # What was read is sent, and does not wait for what comes later.
        return lambda body, is_last: (
            gzip.compress(body)
            + gzip.flush(zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH)
        )
    best = zstd.ZstdCompressor(ZSTD_LEVEL)
    return lambda body, is_last: best.compress(
        body, best.FLUSH_FRAME if is_last else best.FLUSH_BLOCK
    )
