"""What the fuzzer does not try: what a description says in words and no schema can."""

import re
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import schemathesis
from hypothesis import strategies

PARAMETERS_MAX = 100
URL_BYTES_MAX = 8_000
APART = [
    ("_cursor", {"page", "_sort", "_snapshot", "_from"}),
    ("_bucket", {"_buckets"}),
    ("_snapshot", {"_sort"}),
]
"""What cannot stand beside what."""
NO_COMMA = "^[^,]+$"
WAIT = re.compile(r"[1-9]|[12][0-9]|30")
TAGS = re.compile(r'\*|(W/)?"[^"]*"([ \t]*,[ \t]*(W/)?"[^"]*")*')
FORMATS = {
    "phone": ["+4532123456", "+493012345678", "32 12 34 56"],
    "web-address": ["https://example.com/offer", "http://bücher.example/ö?a=b"],
    # Any other one is sealed under the hub's own key.
    "cursor": ["start"],
    "time-zone": ["Europe/Copenhagen", "UTC"],
}
"""Formats that JSON Schema does not know, and what has them."""
DOMAINS = ["example.com", "xn--bcher-kva.example.org", "a.b.example.net"]
"""Of mail: what is made up may end in .test or .local, where none can be received."""
for name, texts in FORMATS.items():
    schemathesis.openapi.format(name, strategies.sampled_from(texts))
for name in ("email", "idn-email"):
    mail = strategies.emails(domains=strategies.sampled_from(DOMAINS))
    schemathesis.openapi.format(name, mail)


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: Any) -> None:
    """Say "no comma" in words that the fuzzer need not search for.

    It draws a text of a pattern character by character, thousands for the longest one,
    and that for each parameter of each operation: two thirds of all its time.
    """
    del context
    for schema in _schemas(raw_schema):
        if schema.get("pattern") == NO_COMMA:
            del schema["pattern"]
            schema["not"] = {"pattern": ","}


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Leave out what is refused because of another part, or of all parts together."""
    del context
    asked = case.query if isinstance(case.query, dict) else {}
    is_apart = any(name in asked and others & asked.keys() for name, others in APART)
    is_short = len(urlencode(asked, doseq=True)) < URL_BYTES_MAX
    return (
        not is_apart
        and is_short
        and len(asked) <= PARAMETERS_MAX
        and not _is_feed_cursor(case, asked)
        # It goes with a cursor of the export, which cannot be made up.
        and "_after" not in asked
        # What the fuzzer writes for a format that it cannot make up.
        and not any(each == "0" for _, each in _leaves(asked))
        and _has_tags(case)
        and not _is_merged_into_itself(case)
        and not any(_is_lenient(name, each) for name, each in _leaves(case.body))
    )


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Make every request one of its own, and let none wait longer than a second.

    The same key is the same request; and how long the feed waits is tested elsewhere.
    """
    del context, kwargs
    asked = case.query if isinstance(case.query, dict) else {}
    if WAIT.fullmatch(f"{asked.get('_wait')}"):
        asked["_wait"] = 1
    for name in list(case.headers or {}):
        if name.lower() == "idempotency-key" and case.headers[name]:
            case.headers[name] = str(uuid.uuid4())


def _schemas(part: Any) -> Iterator[dict[str, Any]]:
    for each in part.values() if isinstance(part, dict) else part:
        if isinstance(each, dict | list):
            yield from _schemas(each)
    if isinstance(part, dict):
        yield part


def _is_feed_cursor(case: Any, asked: Any) -> bool:
    """Whether a place in the feed is made up, which is never one of the hub's."""
    return "_cursor" in asked and not case.operation.path.endswith("/leads")


def _is_merged_into_itself(case: Any) -> bool:
    """Whether a body names the lead of its path, which no schema of it can forbid."""
    path = case.path_parameters or {}
    into = case.body.get("into") if isinstance(case.body, dict) else None
    return into is not None and f"{into}" == f"{path.get('lead_id')}"


def _is_lenient(name: str, given: Any) -> bool:
    """Whether the hub reads it in a way of its own.

    A form sends what is empty as a text, which is null; a decimal may be sent as a
    number; and an id is written without a fraction, be it nought.
    """
    is_whole = isinstance(given, float) and given.is_integer()
    return given == "" or is_whole or (name == "price" and _is_number(given))


def _is_number(given: Any) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)


def _has_tags(case: Any) -> bool:
    """Whether tags are such: the fuzzer does not hold them to their pattern."""
    given = {name.lower(): text for name, text in (case.headers or {}).items()}
    return "if-match" not in given or bool(TAGS.fullmatch(f"{given['if-match']}"))


def _leaves(part: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        for inner, each in part.items():
            yield from _leaves(each, inner)
    elif isinstance(part, list):
        for each in part:
            yield from _leaves(each, name)
    else:
        yield name, part
