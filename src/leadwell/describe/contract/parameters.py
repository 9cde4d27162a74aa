"""The parameters that no campaign changes, and which requests take them."""

from typing import Any

from leadwell.describe.contract.parts import Parameter
from leadwell.model.query import PAGE_MAX, PER_PAGE_DEFAULT, PER_PAGE_MAX
from leadwell.schema.question.following import (
    FORMATS,
    LIMIT_DEFAULT,
    LIMIT_MAX,
    WAIT_S_MAX,
)

Object = dict[str, Any]
SWITCH: Object = {"type": "boolean"}
_TEXT: Object = {"type": "string", "minLength": 1}
_CURSOR: Object = _TEXT | {"maxLength": 4_096, "format": "cursor"}
_NAMES: Object = {"type": "array", "items": _TEXT, "minItems": 1}
_WORDS: Object = {
    "type": "string",
    "pattern": r"^\s*\S+(\s+\S+){0,19}\s*$",
}
_TAGS: Object = {
    "type": "string",
    "pattern": r'^(\*|(W/)?"[^"]*"([ \t]*,[ \t]*(W/)?"[^"]*")*)$',
}


def _count(name: str, meaning: str, most: int, default: int) -> Parameter:
    bounds = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter(name, meaning, bounds)


def _one_of(name: str, meaning: str, *words: str) -> Parameter:
    return Parameter(name, meaning, {"type": "string", "enum": list(words)})


_FIELDS = Parameter(
    "_fields", "Only these fields and attributes.", _NAMES, example="status"
)
_ZONE = Parameter(
    "_tz",
    "Where moments without an offset stand.",
    _TEXT | {"format": "time-zone"},
    example="Europe/Copenhagen",
)
_FEED_CURSOR = Parameter(
    "_cursor",
    "Go on behind this cursor, sent as it came: it is opaque, and its form may change.",
    _CURSOR,
)
LIST_CURSOR = Parameter(
    "_cursor", "`start`, or `next_cursor` as it came: a walk by id.", _CURSOR
)
_MATCH = Parameter(
    "If-Match",
    "Only if the lead has this version: its ETag, or the version in quotes.",
    _TAGS,
    "header",
    "*",
)
_KEY = Parameter(
    "Idempotency-Key",
    "The same key within 48 hours is the same request.",
    {"type": "string", "pattern": r"^[!-~]{1,255}$"},
    "header",
)
_NONE_MATCH = Parameter(
    "If-None-Match", "The ETag you have.", {"type": "string"}, "header"
)

WINDOW = (
    _count("page", "Which page, from 1.", PAGE_MAX, 1),
    _count("per_page", "How many are on a page.", PER_PAGE_MAX, PER_PAGE_DEFAULT),
)
OF_LIST = (
    *WINDOW,
    Parameter("_q", "One text field contains all these words.", _WORDS, example="jane"),
    Parameter(
        "_sort",
        "Up to three keys; `-` turns one round.",
        _NAMES | {"maxItems": 3},
        example="-created_at",
    ),
    _FIELDS,
    _ZONE,
    Parameter("_meta", "Adds `meta`: links, cursors, watermark.", SWITCH),
    LIST_CURSOR,
    Parameter(
        "_snapshot",
        "The run of pages, as `Link` names it; `none`: no run.",
        {"type": "string", "pattern": "^(none|[0-9a-f]{32})$"},
    ),
    _NONE_MATCH,
)
OF_LEAD = (_FIELDS, _NONE_MATCH)
OF_FEED = (
    _FEED_CURSOR,
    _count("_limit", "How many changes at most.", LIMIT_MAX, LIMIT_DEFAULT),
    Parameter(
        "_wait",
        "Wait so many seconds for news.",
        {"type": "integer", "minimum": 0, "maximum": WAIT_S_MAX},
    ),
    _one_of(
        "_from", "`now`: only what changes from here on; not beside `_cursor`.", "now"
    ),
    Parameter("_digest", "Adds count and digest once up to date.", SWITCH),
    Parameter(
        "_confirm",
        "`false`: you only look; what came before the cursor is not stored.",
        SWITCH | {"default": True},
    ),
    _FIELDS,
    _ZONE,
)
OF_DIGEST = (
    _one_of(
        "_buckets", "Adds a digest for each id mod 256; not beside `_bucket`.", "256"
    ),
    Parameter(
        "_bucket",
        "Lists ids and versions of one bucket.",
        {"type": "integer", "minimum": 0, "maximum": 255},
    ),
    _ZONE,
)
OF_EXPORT = (
    _one_of("_format", "How the leads are written.", *FORMATS),
    _FEED_CURSOR,
    Parameter(
        "_after",
        "The last lead that you have; only beside `_cursor`.",
        {"type": "integer", "minimum": 1, "maximum": PAGE_MAX},
    ),
    _FIELDS,
    _ZONE,
)
OF_SCHEMA = (_NONE_MATCH,)
OF_ADDING = (_KEY,)
OF_CHANGING = (_MATCH, _KEY)
