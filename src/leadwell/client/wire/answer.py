"""What came back, read as a value: an answer or a fault becomes a body or an error."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from leadwell.client import errors
from leadwell.client.errors import Told
from leadwell.errors import Problem

T = TypeVar("T")

_CLASS_OF: dict[int, type[errors.HubError]] = {
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    408: errors.Unavailable,
    409: errors.Conflict,
    410: errors.Gone,
    412: errors.Conflict,
    425: errors.Unavailable,
    429: errors.RateLimited,
}
_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json\s*(?:;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of HTTP."""

    status: int
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    received_at: datetime
    """When it came, by the clock of this machine."""

    @property
    def links(self) -> dict[str, str]:
        """What `Link` names (RFC 8288), by relation; the first of each counts."""
        found: dict[str, str] = {}
        for target, parameters in _LINK.findall(self.headers.get("link", "")):
            if rel := _REL.search(parameters):
                for name in (rel[1] or rel[2] or "").lower().split():
                    found.setdefault(name, target)
        return found

    @property
    def retry_after_s(self) -> float | None:
        """How long was asked to wait, in seconds: `Retry-After` (RFC 9110 §10.2.3).

        A date is compared with the sender's own clock where the answer tells that.
        """
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(min(int(text[:12]), 10**9))
        until = _moment(text)
        if until is None:
            return None
        now = _moment(self.headers.get("date", "")) or self.received_at
        return max((until - now).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """No whole answer came."""

    what: str
    """What happened, in words that show neither token nor values."""
    may_pass: bool = True
    is_answer_broken: bool = False
    """Whether bytes came that make no sense, and not too few of them."""


class ProblemItem(msgspec.Struct, frozen=True):
    """One entry of `errors` in a problem document."""

    code: str = ""
    message: str = ""
    parameter: str | None = None
    pointer: str | None = None
    value: Any = None
    allowed: list[Any] = []
    did_you_mean: str | None = None


def checked(outcome: Answer | Fault) -> Answer:
    """Return the answer of a success, with a body if its status has one.

    Raises:
        HubError: of the class that says how to react.
    """
    if isinstance(outcome, Fault):
        raise _of_fault(outcome)
    if 200 <= outcome.status < 300:
        return outcome
    told = _told(outcome)
    if 300 <= outcome.status < 400:
        message = f"the hub redirects ({outcome.status}) to {_place_of(outcome)}"
        raise errors.Redirected(message, told)
    kind = _class_of(outcome.status, told.code)
    said = told.problem.get("detail") or told.problem.get("message")
    raise kind(
        said if isinstance(said, str) else f"the answer was {outcome.status}", told
    )


def decoded(answer: Answer, kind: type[T]) -> T:
    """Read the JSON of a success.

    Raises:
        UnexpectedAnswer: it is none, or has another shape.
    """
    content_type = answer.headers.get("content-type", "")
    told = Told(answer.status, request_id=answer.headers.get("x-request-id"))
    if not _JSON.match(content_type):
        kind_of = content_type.partition(";")[0][:60] or "no content type"
        message = f"the answer is no JSON but {kind_of}"
        raise errors.UnexpectedAnswer(message, told)
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.ValidationError as error:
        message = f"the answer has another shape than the API's: {error}"
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = f"the answer of {len(answer.body)} bytes is no whole JSON"
    raise errors.UnexpectedAnswer(message, told)


def problems_of(items: Iterable[ProblemItem]) -> tuple[Problem, ...]:
    """Take problems over from the wire."""
    return tuple(
        Problem(
            each.code,
            each.message,
            each.parameter,
            each.pointer,
            None if each.value is None else str(each.value),
            tuple(map(str, each.allowed)),
            each.did_you_mean,
        )
        for each in items
    )


def _class_of(status: int, code: str) -> type[errors.HubError]:
    if status >= 500:
        return errors.Unavailable
    if code == errors.CursorLost.code:
        return errors.CursorLost
    return _CLASS_OF.get(status, errors.QuestionRefused)


def _of_fault(fault: Fault) -> errors.HubError:
    if fault.may_pass:
        is_broken = fault.is_answer_broken
        kind = errors.UnexpectedAnswer if is_broken else errors.Unavailable
        return kind(fault.what)
    if fault.is_answer_broken:
        return errors.EndlessAnswer(fault.what)
    return errors.Unreachable(fault.what)


def _told(answer: Answer) -> Told:
    problem = _problem(answer)
    code, request_id = problem.get("code"), problem.get("request_id")
    if not isinstance(request_id, str):
        request_id = answer.headers.get("x-request-id")
    return Told(
        answer.status,
        code if isinstance(code, str) else "",
        request_id,
        problem,
        _problems(problem.get("errors")),
        answer.retry_after_s,
    )


def _problem(answer: Answer) -> dict[str, Any]:
    # Whatever stands before a hub answers errors of its own, most often as HTML.
    if not _JSON.match(answer.headers.get("content-type", "")):
        return {}
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _problems(given: object) -> tuple[Problem, ...]:
    try:
        return problems_of(msgspec.convert(given or [], type=list[ProblemItem]))
    except msgspec.ValidationError:
        return ()


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else None


def _place_of(answer: Answer) -> str:
    try:
        place = urlsplit(answer.headers.get("location", ""))
        return f"{place.hostname}" if place.hostname else f"{place.path[:80] or '?'}"
    except ValueError:
        return "?"
