"""The headers of answers: what each says, and where it always stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from leadwell.describe.contract.parts import Answer

Object = dict[str, Any]
_TEXT: Object = {"type": "string"}
_COUNT: Object = {"type": "integer", "minimum": 0}


@dataclass(frozen=True, slots=True)
class Header:
    """A header of an answer."""

    meaning: str
    example: str | int
    schema: Mapping[str, Any]
    is_always_there: bool = True
    """Whether every answer has it that names it."""


HEADERS: Mapping[str, Header] = {
    "ETag": Header(
        "Names this state; send it back as `If-None-Match`, that of a lead as "
        "`If-Match` too.",
        'W/"0f3c9a7be1d2"',
        {"type": "string", "pattern": '^(W/)?"[^"]*"$'},
    ),
    "Leadwell-Cursor": Header(
        "Where the change feed goes on after this answer: its `_cursor`. Opaque.",
        "c1.…",
        _TEXT,
    ),
    "Leadwell-Watermark": Header(
        "What to send as `updated_after` next time.",
        "2026-11-23T09:13:58.402117Z",
        {"type": "string", "format": "date-time"},
    ),
    "Leadwell-Snapshot": Header(
        "The run that this page belongs to, or `lost`; absent where one page is all.",
        "5f1d7a…",
        {"type": "string", "pattern": "^([0-9a-f]{32}|lost)$"},
        is_always_there=False,
    ),
    "Leadwell-Schema-Version": Header(
        "Changes with the visible schema.",
        "k0a1b2c3d4e",
        {"type": "string", "pattern": "^k[0-9a-f]{10}$"},
    ),
    "Leadwell-Count": Header("How many leads the export brings.", 743, _COUNT),
    "Link": Header(
        "Where to go from here (RFC 8288): the pages around this one, or the beginning "
        "of what was lost.",
        '<…/leads?page=2>; rel="next"',
        _TEXT,
    ),
    "Location": Header(
        "Where the lead is.", "…/leads/9812", {"type": "string", "format": "uri"}
    ),
    "Content-Disposition": Header(
        "What to call the file.", 'attachment; filename="leads.csv"', _TEXT
    ),
    "Idempotency-Replayed": Header(
        "Whether this request had been answered before, by its `Idempotency-Key`.",
        "true",
        {"type": "string", "enum": ["true"]},
        is_always_there=False,
    ),
    "X-Request-ID": Header(
        "Names this request; yours, if it is 1 to 64 letters, digits, `_`, `.`, `-`.",
        "req_5b2f60c3a41d9e8f7a6b5c4d",
        {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"},
    ),
    "Cache-Control": Header(
        "Never `public`: shared caches must not keep leads.", "private, no-cache", _TEXT
    ),
    "Vary": Header("What the answer depends on.", "Authorization", _TEXT),
    "WWW-Authenticate": Header(
        "How to send a token (RFC 6750 §3).", 'Bearer realm="leadwell"', _TEXT
    ),
    "Retry-After": Header("After how many seconds to try again.", 2, _COUNT),
    "RateLimit-Policy": Header(
        "The token's rate: `q` points may be spent in `w` seconds. Absent where it has "
        "none.",
        '"token";q=2000;w=10',
        _TEXT,
        is_always_there=False,
    ),
    "RateLimit": Header(
        "What is left of it: `r` points; in `t` seconds it is whole again.",
        '"token";r=1989;t=1',
        _TEXT,
        is_always_there=False,
    ),
    "X-RateLimit-Limit": Header(
        "How many points may be spent at once.", 2000, _COUNT, is_always_there=False
    ),
    "X-RateLimit-Remaining": Header(
        "How many of them are left.", 1989, _COUNT, is_always_there=False
    ),
    "X-RateLimit-Reset": Header(
        "When all of them are there again, in seconds since 1970 (UTC).",
        1795946400,
        _COUNT,
        is_always_there=False,
    ),
}
_ALWAYS = ("X-Request-ID", "Cache-Control")
_RATES = (
    "RateLimit-Policy",
    "RateLimit",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
)
_REFUSED: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    410: ("Link",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
"""What a problem of a status has besides."""


def of_answer(answer: Answer) -> Object:
    """Describe the headers of an answer."""
    return _refs((*answer.headers, *_ALWAYS, "Vary", *_RATES))


def of_problem(status: int) -> Object:
    """Describe the headers of a problem with this status."""
    # Whose rate it would be is not known without a token.
    rates = () if status == 401 else _RATES
    found = _refs((*_REFUSED.get(status, ()), *_ALWAYS, *rates))
    if status == 403:
        # Not where it is the address that may not ask.
        said = "Which right is missing (RFC 6750 §3.1), if it is a right."
        found["WWW-Authenticate"] = {"description": said, "schema": _TEXT}
    return found


def components() -> dict[str, Object]:
    """Describe every header by its name."""
    return {
        name: {
            "description": each.meaning,
            "required": each.is_always_there,
            "schema": dict(each.schema),
            **({} if "…" in f"{each.example}" else {"example": each.example}),
        }
        for name, each in HEADERS.items()
    }


def _refs(names: Iterable[str]) -> Object:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
