"""Answers as bytes: envelopes around leads that are rendered already."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Send

from leadwell.model.page import Page
from leadwell.schema.rendering import joined

PRIVATE = {
    # Never public, s-maxage or must-revalidate: they let shared caches keep leads.
    "Cache-Control": "private, no-cache",
    "Vary": "Authorization, Accept, Accept-Encoding",
}
Header = tuple[bytes, bytes]


def headers(given: Mapping[str, str]) -> list[Header]:
    """Write headers as they are sent."""
    return [(name.lower().encode(), value.encode()) for name, value in given.items()]


_PAGE_HEAD = [(b"content-type", b"application/json"), *headers(PRIVATE)]


def page(found: Page[bytes], meta: Mapping[str, Any] | None = None) -> bytes:
    """Write a page of leads: exactly `data` and `pagination`, unless more is asked."""
    parts = [b'{"data":[', b",".join(found.items), b'],"pagination":']
    parts.append(msgspec.json.encode(pagination(found)))
    if meta is not None:
        parts += [b',"meta":', msgspec.json.encode(meta)]
    return b"".join([*parts, b"}"])


async def send(send: Send, headers: Iterable[Header], body: bytes) -> None:
    """Send JSON without the detour of a response object."""
    length = (b"content-length", str(len(body)).encode())
    raw = [*_PAGE_HEAD, length, *headers]
    await send({"type": "http.response.start", "status": 200, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def one(
    lead: bytes, headers: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    """Answer with one lead."""
    return _json(b'{"data":' + lead + b"}", status, headers or {})


def changes(entries: Iterable[bytes], content: Mapping[str, Any]) -> Response:
    """Answer with changes of the feed, and with where it goes on."""
    rest = msgspec.json.encode(content)
    body = b'{"data":' + joined(entries) + b"," + rest[1:]
    # The same question has another answer a moment later: nobody may keep it.
    return _json(body, 200, {"Cache-Control": "no-store"})


def document(content: object, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with any other JSON."""
    return _json(msgspec.json.encode(content), 200, headers or {})


def pagination(found: Page[Any]) -> dict[str, int]:
    """Say where a page stands: always these four integers."""
    return {
        "page": found.number,
        "per_page": found.per_page,
        "total": found.total,
        "total_pages": found.total_pages,
    }


def _json(body: bytes, status: int, headers: Mapping[str, str]) -> Response:
    return Response(body, status, {**PRIVATE, **headers}, "application/json")
