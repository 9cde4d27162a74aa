"""What can go wrong between a client and a hub: one class for each way to react.

HubError              base: `status`, `code`, `detail`, `problems`, `request_id`
  Unauthenticated     401: no token, or one that is wrong, expired or revoked
  Forbidden           403: the token lacks the right, or the campaign
  NotFound            404: no such lead or campaign, or none this token may see
  QuestionRefused     400, 422 and the like: `problems` says all that is wrong
  Conflict            409, 412: taken, or changed by somebody else meanwhile
  Gone                410: what was asked to go on has ended
    CursorLost        410: begin anew without the cursor
  RateLimited         429: too many requests; `retry_after_s`
  Unavailable         5xx, or no whole answer came: the hub, or the way to it
  UnexpectedAnswer    a success that is not what the API answers, or a redirect

They stand in the tree of `leadwell.errors`, whose codes they carry on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from leadwell.errors import Kind, LeadwellError, Problem


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer said about an error, as far as it said anything."""

    status: int | None = None
    """`None`: no answer came."""
    code: str = ""
    request_id: str | None = None
    problem: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The whole problem document (RFC 9457), with keys that are not known here too."""
    problems: tuple[Problem, ...] = ()
    retry_after_s: float | None = None
    """How long the hub asked to wait."""


NOTHING_TOLD = Told()


class HubError(LeadwellError):
    """A hub refused, could not be asked, or answered what nobody expects."""

    code = "hub_error"
    usual_hint: ClassVar[str] = ""
    """What to do, where the hub itself does not say it."""
    may_pass: bool = False
    """Whether the same request may well succeed a little later."""

    def __init__(
        self, message: str, told: Told = NOTHING_TOLD, *, hint: str = ""
    ) -> None:
        """Say what happened in `message`, in the hub's own words where it has any."""
        super().__init__(message, hint=hint or self._hint_of(told))
        self.told = told
        self.code = told.code or self.code
        self.problems = told.problems

    def _hint_of(self, told: Told) -> str:
        if told.retry_after_s:
            return f"try again in {told.retry_after_s:,.0f} s"
        # The hub's own words say what to do where anything can be done.
        return "" if told.problem else self.usual_hint

    def __str__(self) -> str:
        """Show the message, what to do, and the id that the hub's log has too."""
        shown = self.detail
        return f"{shown} [{self.request_id}]" if self.request_id else shown

    @property
    def status(self) -> int | None:
        """The HTTP status; `None`: no answer came."""
        return self.told.status

    @property
    def problem_document(self) -> Mapping[str, Any]:
        """The problem document of the answer (RFC 9457); empty where it was none."""
        return self.told.problem

    @property
    def request_id(self) -> str | None:
        """The id of the request in the hub's log."""
        return self.told.request_id

    @property
    def retry_after_s(self) -> float | None:
        """How long the hub asked to wait before the next try, in seconds."""
        return self.told.retry_after_s


class Unauthenticated(HubError):
    """The hub knows no such token, or none was sent."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_token"
    usual_hint = "check LEADWELL_TOKEN; a token is shown once, when it is made"


class Forbidden(HubError):
    """The token is good, but not for this campaign, not from here or not to write."""

    kind = Kind.FORBIDDEN
    code = "insufficient_scope"
    usual_hint = "ask whoever made the token what it may do"


class NotFound(HubError):
    """There is no such thing, or none this token may see."""

    kind = Kind.NOT_FOUND
    code = "not_found"
    usual_hint = "check the address of the hub, and the id"


class QuestionRefused(HubError):
    """The hub does not take the question or the lead; `problems` says why."""

    code = "refused"
    usual_hint = "the same request will be refused again"


class Conflict(HubError):
    """The name is taken, or the lead is no longer the one that was read."""

    kind = Kind.CONFLICT
    code = "conflict"
    usual_hint = "read it again, then decide"


class Gone(HubError):
    """What was asked to go on has ended."""

    kind = Kind.GONE
    code = "gone"
    usual_hint = "begin anew"


class CursorLost(Gone):
    """The cursor leads nowhere: begin anew without one."""

    code = "cursor_lost"
    usual_hint = "begin anew without a cursor"


class RateLimited(HubError):
    """Too many requests; `retry_after_s` says when the next one is welcome."""

    kind = Kind.UNAVAILABLE
    code = "rate_limited"
    usual_hint = "ask less often, or for more at once"
    may_pass = True


class Unavailable(HubError):
    """The hub, or what stands before it, could not answer now."""

    kind = Kind.UNAVAILABLE
    code = "unavailable"
    usual_hint = "try again later"
    may_pass = True


class Unreachable(Unavailable):
    """No connection to the hub that trying again would mend."""

    code = "unreachable"
    usual_hint = "check the address of the hub, and its certificate"
    may_pass = False


class UnexpectedAnswer(HubError):
    """A success that is not what the API answers: HTML, cut JSON, another shape."""

    kind = Kind.INTERNAL
    code = "unexpected_answer"
    usual_hint = "check that the address is the hub's, and what stands before it"
    may_pass = True


class Redirected(UnexpectedAnswer):
    """The hub, or what stands before it, sent us elsewhere; the token stays here."""

    code = "redirected"
    usual_hint = "use the address that it leads to, if it is the hub's"
    may_pass = False


class EndlessAnswer(UnexpectedAnswer):
    """More came than any answer of the API has."""

    code = "endless_answer"
    may_pass = False


class ForeignLink(UnexpectedAnswer):
    """The next page is said to be on another host, which is not sent the token."""

    code = "foreign_link"
    usual_hint = "use the hub's own address, or set its LEADWELL_PUBLIC_URL"
    may_pass = False
