"""Refuse requests that are too large or slow, or whose headers contradict each other.

uvicorn itself accepts two `Authorization` headers, and headers of any size.
"""

import re

import anyio
from starlette.types import Message, Receive, Scope

from leadwell.api.hub import Limits
from leadwell.errors import (
    BodyTooLarge,
    BodyTooSlow,
    HeadersTooLarge,
    MalformedRequest,
    URLTooLong,
)

_ONCE = (
    b"authorization",
    b"host",
    b"content-length",
    b"content-type",
    b"content-encoding",
    b"idempotency-key",
)
_BATCH = "/leads/batch"
"""What carries many leads may be larger than what carries one."""
_UPLOAD = re.compile(r"/campaigns(/[1-9][0-9]{0,14})?/import\Z")
"""Where people load files of leads."""
_LOGIN = "/login"
_LOGIN_BYTES = 65_536
"""What signing in adds to a form that waits meanwhile: it is sent with it whole."""
UPLOAD_TIMES = 20
"""So many times as long as another body a file may take to arrive."""


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
    names = [name for name, _ in headers]
    for name in _ONCE if len(set(names)) < len(names) else ():
        if names.count(name) > 1:
            raise MalformedRequest(
                f"the request has {names.count(name)} {name.decode().title()} headers",
                hint="send exactly one",
            )
    if b"content-length" in names:
        _check_length(scope, limits)


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return a header of the request; the last one, where there are several."""
    found = None
    for given, value in scope["headers"]:
        if given == name:
            found = value
    return found


def bounded(receive: Receive, scope: Scope, limits: Limits) -> Receive:
    """Return a `receive` that stops reading a body over the limit, or one too slow.

    The deadline is that of the whole body, from the first look at it: a sender who
    lets it trickle gains nothing. Once the body is complete, waiting is not limited.
    """
    most = _bytes_max(scope, limits)
    timeout_s = limits.body_timeout_s * (UPLOAD_TIMES if _is_upload(scope) else 1)
    taken = 0
    until: float | None = None
    is_complete = False

    async def receive_bounded() -> Message:
        nonlocal taken, until, is_complete
        if is_complete:
            return await receive()
        until = until or anyio.current_time() + timeout_s
        try:
            with anyio.fail_after(until - anyio.current_time()):
                message = await receive()
        except TimeoutError:
            raise BodyTooSlow(
                f"the body did not arrive within {timeout_s:g} seconds",
                hint="send it faster, or in smaller parts",
            ) from None
        taken += len(message.get("body", b""))
        is_complete = not message.get("more_body", False)
        if taken > most:
            raise _too_large(most)
        return message

    return receive_bounded


def _is_upload(scope: Scope) -> bool:
    path: str = scope["path"]
    path = path.removeprefix(scope.get("root_path", ""))
    return scope["method"] == "POST" and _UPLOAD.match(path) is not None


def _bytes_max(scope: Scope, limits: Limits) -> int:
    if _is_upload(scope):
        return limits.upload_bytes_max
    if scope["method"] == "POST" and scope["path"].endswith(_BATCH):
        return limits.batch_bytes_max
    waits = scope["path"].endswith(_LOGIN)
    return limits.body_bytes_max + (_LOGIN_BYTES if waits else 0)


def _check_length(scope: Scope, limits: Limits) -> None:
    text = header(scope, b"content-length") or b""
    is_chunked = header(scope, b"transfer-encoding") is not None
    if not text.isdigit() or (is_chunked and text != b"0"):
        raise MalformedRequest(
            "the length of the body is not clear",
            hint="send either Content-Length or Transfer-Encoding: chunked",
        )
    most = _bytes_max(scope, limits)
    if int(text[:20]) > most:
        raise _too_large(most)


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(
        "the body is too large",
        hint=f"at most {most:,} bytes are read here; send fewer leads",
    )
