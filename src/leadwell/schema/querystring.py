"""Decode a query string strictly: what cannot be read is refused, never guessed."""

import re
from urllib.parse import quote, unquote_to_bytes

from leadwell.errors import MalformedQuery, TooMany

PARAMETERS_MAX = 100
_BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def decode(raw: bytes) -> list[tuple[str, str]]:
    """Return the names and values in order; a `+` is a space, as forms send it.

    Raises:
        MalformedQuery: broken percent-encoding, invalid UTF-8 or a NUL.
        TooMany: more than `PARAMETERS_MAX` parameters.
    """
    if _BROKEN_PERCENT.search(raw):
        raise MalformedQuery(
            "the query string has a % without two hex digits after it",
            hint="write a literal % as %25",
        )
    parts = [part for part in raw.split(b"&") if part]
    if len(parts) > PARAMETERS_MAX:
        raise TooMany(
            f"the query string has {len(parts)} parameters",
            hint=f"at most {PARAMETERS_MAX} are read",
        )
    pairs = (part.partition(b"=") for part in parts)
    return [(_text(name), _text(value)) for name, _, value in pairs]


def encode(pairs: list[tuple[str, str]]) -> str:
    """Write names and values as a query string for people to read and to paste."""
    return "&".join(
        f"{quote(name, safe='[].')}={quote(value, safe=',:.@')}"
        for name, value in pairs
    )


def _text(raw: bytes) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedQuery(
            "the query string is not UTF-8", hint="percent-encode UTF-8 bytes"
        ) from None
    if "\0" in text:
        raise MalformedQuery("the query string has a NUL", hint="leave it out")
    return text
