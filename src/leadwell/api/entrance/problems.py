"""Errors as HTTP: the one place where a kind becomes a status code."""

from typing import Any

import msgspec
from starlette.responses import Response

from leadwell.errors import Kind, LeadwellError, NotFound, Problem, title_of

STATUS_OF = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.WRONG_METHOD: 405,
    Kind.SLOW: 408,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.PRECONDITION: 412,
    Kind.TOO_LARGE: 413,
    Kind.TOO_LONG: 414,
    Kind.WRONG_TYPE: 415,
    Kind.UNPROCESSABLE: 422,
    Kind.LIMITED: 429,
    Kind.HEAVY_HEADERS: 431,
    Kind.UNAVAILABLE: 503,
}
RETRY_AFTER_S = 2
"""What a client is told to wait when the hub is busy or stopping."""


def response(error: LeadwellError, *, public_url: str, request_id: str) -> Response:
    """Render an error as a problem document (RFC 9457)."""
    status = STATUS_OF.get(error.kind, 500)
    document: dict[str, Any] = {
        "type": f"{public_url}/docs/errors/{error.code}",
        "title": title_of(error.code),
        "status": status,
        "detail": error.detail,
        "code": error.code,
        "errors": [item(problem) for problem in error.problems],
        "request_id": request_id,
        "message": error.detail,
    }
    return Response(
        msgspec.json.encode(document),
        status,
        _headers(error, status),
        media_type="application/problem+json",
    )


def retry_after(error: LeadwellError) -> dict[str, str]:
    """Return the header that says when to come again, where that helps."""
    if error.kind not in {Kind.LIMITED, Kind.UNAVAILABLE}:
        return {}
    return {"Retry-After": str(error.wait_s or RETRY_AFTER_S)}


def nothing_here() -> NotFound:
    """Say so in the same words, whether nothing is there or nobody may know of it."""
    return NotFound("nothing is served at this path", hint="see /docs/ for the paths")


def item(problem: Problem) -> dict[str, Any]:
    """Render one problem of a request."""
    given = {
        "parameter": problem.parameter,
        "pointer": problem.pointer,
        "value": problem.value,
        "code": problem.code,
        "message": problem.message,
        "allowed": list(problem.allowed) or None,
        "did_you_mean": problem.did_you_mean,
    }
    return {name: value for name, value in given.items() if value is not None}


def _headers(error: LeadwellError, status: int) -> dict[str, str]:
    headers = {"Cache-Control": "no-store", **retry_after(error)}
    if status == 408:
        # The rest of the body may still come: the connection is of no more use.
        headers["Connection"] = "close"
    if status == 401 and error.code == "not_authenticated":
        # RFC 6750 §3.1: who sent no token is told no error code.
        headers["WWW-Authenticate"] = 'Bearer realm="leadwell"'
    elif error.code in {"invalid_token", "insufficient_scope"}:
        headers["WWW-Authenticate"] = (
            f'Bearer realm="leadwell", error="{error.code}", '
            f'error_description="{_quotable(error.message)}"'
        )
    return headers


def _quotable(text: str) -> str:
    # RFC 6750 §3: printable ASCII without the quote and the backslash.
    return "".join(c for c in text if " " <= c <= "~" and c not in '"\\')
