"""Read a request's body as one clean JSON object."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn

from anyio import to_thread
from starlette.requests import Request

from leadwell.errors import MalformedBody, UnsupportedMediaType
from leadwell.model.lead import JSON

DEPTH_MAX = 32
"""How deeply lists and objects may be nested."""
BATCH_DEPTH_MAX = DEPTH_MAX + 2
"""A lead stands two levels deeper in a batch, and may be as deep as one alone."""
AT_ONCE_BYTES_MAX = 16_384
"""Larger bodies are parsed and checked in a thread."""
_TOO_DEEP = "the body is nested too deeply"
_FEWER = f"at most {DEPTH_MAX} levels are read of a lead"
DIGITS_MAX = 40
"""Digits of a whole number: more than any field keeps, few enough for a double."""


async def read_object(request: Request, depth_max: int = DEPTH_MAX) -> dict[str, JSON]:
    """Return the JSON object that the request carries (RFC 8259).

    Raises:
        UnsupportedMediaType: the body is not declared as JSON, or it is compressed.
        MalformedBody: it is no object, or not clean: a name twice, NaN, too deep.
    """
    _check_declared(request.headers)
    raw = await request.body()
    if len(raw) > AT_ONCE_BYTES_MAX:
        # Parsing it here would keep every other request waiting.
        given = await to_thread.run_sync(parsed, raw, depth_max)
    else:
        given = parsed(raw, depth_max)
    if not isinstance(given, dict):
        raise MalformedBody("the body is not a JSON object", hint="send {…}")
    return given


def _check_declared(headers: Mapping[str, str]) -> None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise UnsupportedMediaType(
            f"the body is declared as {kind[:80] or 'nothing'}",
            hint="send Content-Type: application/json",
        )
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise UnsupportedMediaType(
            f"the body is encoded as {coding[:80]}", hint="send it uncompressed"
        )


def parsed(raw: bytes, depth_max: int = DEPTH_MAX) -> JSON:
    """Parse JSON strictly.

    Raises:
        MalformedBody: it is not UTF-8, not JSON, or not clean.
    """
    try:
        given: JSON = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_number,
            parse_int=_whole,
        )
        _check_clean(given, depth_max)
    except UnicodeDecodeError:
        raise MalformedBody("the body is not UTF-8", hint="send UTF-8") from None
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"the body is not JSON: {error.msg} at line {error.lineno}, "
            f"column {error.colno}",
            hint="check it with a JSON validator",
        ) from None
    except RecursionError:
        raise MalformedBody(_TOO_DEEP, hint=_FEWER) from None
    except ValueError:
        raise MalformedBody("a number in the body is too long") from None
    return given


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise MalformedBody(
            f"the name {twice[:64]!r} stands twice in one object", hint="give it once"
        )
    return found


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _too_large(text)
    return number


def _too_large(text: str) -> MalformedBody:
    shown = text if len(text) <= DIGITS_MAX else f"{text[:DIGITS_MAX]}…"
    return MalformedBody(
        f"the number {shown} is too large", hint="send it as a text, or a smaller one"
    )


def _refuse_constant(text: str) -> NoReturn:
    raise MalformedBody(f"{text} is not JSON", hint="send a number or null")


def _whole(text: str) -> int:
    if len(text) > DIGITS_MAX:
        raise _too_large(text)
    return int(text)


def _check_clean(given: JSON, depth_left: int) -> None:
    if depth_left < 0:
        raise MalformedBody(_TOO_DEEP, hint=_FEWER)
    if isinstance(given, str):
        _check_text(given)
    elif isinstance(given, dict):
        for name, value in given.items():
            _check_text(name)
            _check_clean(value, depth_left - 1)
    elif isinstance(given, list):
        for value in given:
            _check_clean(value, depth_left - 1)


def _check_text(text: str) -> None:
    # JSON can write half a character, \ud800, which no UTF-8 can: it could be
    # neither kept nor named in an error.
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise MalformedBody(
            "a text in the body has half a character",
            hint="send both halves of the surrogate pair, or plain UTF-8",
        ) from None
