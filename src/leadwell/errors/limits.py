"""What a reader is told who asks for too much, or too much at once."""

from leadwell.errors import Unavailable
from leadwell.errors.kinds import Kind, LeadwellError


class RateLimited(LeadwellError):
    """More was asked for than the rate allows; `Retry-After` says when to go on."""

    kind = Kind.LIMITED
    code = "rate_limited"

    def __init__(self, message: str, *, hint: str, wait_s: int, reason: str) -> None:
        """Say what was used up, in how many whole seconds to come again, and why."""
        super().__init__(message, hint=hint)
        self.wait_s = wait_s
        self.reason = reason


class TooManyAtOnce(LeadwellError):
    """The token has as many requests open as it may; close some, or wait for them."""

    kind = Kind.LIMITED
    code = "too_many_at_once"
    wait_s = 1

    def __init__(self, message: str, *, hint: str, reason: str) -> None:
        """Say how many there are, and under which reason it is counted."""
        super().__init__(message, hint=hint)
        self.reason = reason


def took_too_long() -> Unavailable:
    """Return what is said of a question that the database was stopped at."""
    error = Unavailable(
        "the question took too long",
        hint="narrow it with a filter, or ask for fewer leads at a time",
    )
    error.reason = "statement"
    return error


class Overloaded(Unavailable):
    """The hub has as much to do as it can; it refuses early rather than let wait."""

    code = "overloaded"

    def __init__(self, message: str, *, hint: str, reason: str) -> None:
        """Say of what there is too much, and under which reason it is counted."""
        super().__init__(message, hint=hint)
        self.reason = reason
