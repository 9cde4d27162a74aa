"""What every error says: how to react to it, its code, and where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """How a caller should react to an error."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    WRONG_METHOD = "wrong_method"
    CONFLICT = "conflict"
    GONE = "gone"
    PRECONDITION = "precondition"
    SLOW = "slow"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    WRONG_TYPE = "wrong_type"
    UNPROCESSABLE = "unprocessable"
    HEAVY_HEADERS = "heavy_headers"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"
    USAGE = "usage"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request, and where it stands in it."""

    code: str
    message: str
    parameter: str | None = None
    """The name of the query parameter, when the problem stands in the URL."""
    pointer: str | None = None
    """RFC 6901 pointer into the body, when the problem stands there."""
    value: str | None = None
    """What was given, cut at 200 characters."""
    allowed: tuple[str, ...] = ()
    did_you_mean: str | None = None

    def under(self, pointer: str) -> "Problem":
        """Return the problem as one of a part of a larger body."""
        return replace(self, pointer=f"{pointer}{self.pointer or ''}")


VALUE_CHARACTERS_MAX = 200  # echoed of a refused value: enough to recognise it


class LeadwellError(Exception):
    """Base of every error raised on purpose."""

    kind: ClassVar[Kind] = Kind.INVALID
    code: str = "internal_error"
    wait_s: int | None = None
    """After how many seconds the same may be tried again, if the error knows."""
    reason: str | None = None
    """Which limit was met: what it is counted under. It names nobody."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        value: str | None = None,
        allowed: Sequence[str] = (),
        did_you_mean: str | None = None,
    ) -> None:
        """Say what was wrong in `message`, and what to do about it in `hint`."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.value = value
        self.allowed = tuple(allowed)
        self.did_you_mean = did_you_mean
        self.problems: tuple[Problem, ...] = ()

    @property
    def detail(self) -> str:
        """The message and the hint as one text for people."""
        return f"{self.message}; {self.hint}" if self.hint else self.message

    def problem(
        self, *, parameter: str | None = None, pointer: str | None = None
    ) -> Problem:
        """Return this error as one problem of a request, at this place in it."""
        value = self.value if self.value is None else self.value[:VALUE_CHARACTERS_MAX]
        return Problem(
            self.code,
            self.detail,
            parameter,
            pointer,
            value,
            self.allowed,
            self.did_you_mean,
        )


class Several(LeadwellError):
    """All problems of one request at once; its code is theirs when they share one."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Gather the problems in the order in which the request shows them."""
        super().__init__(". ".join(problem.message for problem in problems))
        self.problems = tuple(problems)
        codes = {problem.code for problem in problems}
        if len(codes) == 1:
            self.code = codes.pop()


def title_of(code: str) -> str:
    """Write an error code as words for people."""
    words = code.replace("_", " ").capitalize()
    return words.replace("url", "URL").replace("Url", "URL")
