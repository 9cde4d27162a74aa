"""Refuse requests that are too large, or whose headers contradict themselves.

uvicorn itself accepts two `Authorization` headers, and headers of any size.
"""

from collections import Counter

from starlette.types import Message, Receive, Scope

from leadwell.api.hub import Limits
from leadwell.errors import (
    BodyTooLarge,
    HeadersTooLarge,
    MalformedRequest,
    URLTooLong,
)

_ONCE = frozenset({b"authorization", b"host", b"content-length", b"content-type"})


def check_head(scope: Scope, limits: Limits) -> None:
    """Refuse a request by its first line and headers alone.

    Raises:
        URLTooLong, HeadersTooLarge, MalformedRequest, BodyTooLarge: as they say.
    """
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    url_bytes = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    if url_bytes > limits.url_bytes_max:
        raise URLTooLong(
            f"the URL has {url_bytes:,} bytes",
            hint=f"at most {limits.url_bytes_max:,} are read; ask for fewer values",
        )
    header_bytes = sum(len(name) + len(value) + 4 for name, value in headers)
    if header_bytes > limits.header_bytes_max or len(headers) > limits.headers_max:
        raise HeadersTooLarge(
            f"the request has {len(headers)} headers of {header_bytes:,} bytes",
            hint=f"at most {limits.headers_max} headers and "
            f"{limits.header_bytes_max:,} bytes are read",
        )
    counts = Counter(name for name, _ in headers)
    for name in _ONCE:
        if counts[name] > 1:
            raise MalformedRequest(
                f"the request has {counts[name]} {name.decode().title()} headers",
                hint="send exactly one",
            )
    _check_length(dict(headers), limits)


def bounded(receive: Receive, limits: Limits) -> Receive:
    """Return a `receive` that stops reading a body over the limit."""
    taken = 0

    async def receive_bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limits.body_bytes_max:
            raise _too_large(limits)
        return message

    return receive_bounded


def _check_length(headers: dict[bytes, bytes], limits: Limits) -> None:
    text = headers.get(b"content-length", b"0")
    if not text.isdigit() or (b"transfer-encoding" in headers and text != b"0"):
        raise MalformedRequest(
            "the length of the body is not clear",
            hint="send either Content-Length or Transfer-Encoding: chunked",
        )
    if int(text[:20]) > limits.body_bytes_max:
        raise _too_large(limits)


def _too_large(limits: Limits) -> BodyTooLarge:
    return BodyTooLarge(
        "the body is too large",
        hint=f"at most {limits.body_bytes_max:,} bytes are read; send fewer leads",
    )
