"""The way in to every page: signed in, from our own form, and told what went wrong."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from io import BytesIO
from typing import Any, TypeAlias
from urllib.parse import quote

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from leadwell.admin import rendering, sessions
from leadwell.admin.importing import files
from leadwell.admin.rendering import HEADERS
from leadwell.admin.signing import ask_again
from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit, form_of, language_of
from leadwell.api.entrance import Told, problems
from leadwell.api.entrance.recording import PERSON_ASKS
from leadwell.api.hub import Hub
from leadwell.errors import (
    LeadNotFound,
    LeadwellError,
    NotAllowed,
    NotFound,
    title_of,
)
from leadwell.store.people.users import Session

Page: TypeAlias = Callable[[Visit], Awaitable[Response]]
Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
WORD = "_word"
"""The field of a form that shows which session's page it stands on."""
HEADER = "X-Leadwell-Word"
"""Where htmx sends the same."""
_SAFE = {"GET", "HEAD"}


def signed_in(hub: Hub, page: Page, *, administrator: bool = False) -> Handler:
    """Return what answers with a page to who is signed in, and leads others there."""

    async def answer(request: Request) -> Response:
        digests, form, session = sessions.digests_of(hub, request), FormData(), None
        try:
            session = await _session(hub, request, digests)
            _check_role(session, administrator=administrator)
            if request.method not in _SAFE:
                sessions.check_origin(request)
                form = await _form(request, may_hold_file=session is not None)
                # It may have been long on its way.
                session = await _session(hub, request, digests)
                _check_role(session, administrator=administrator)
            if session is None:
                return _to_login(hub, request, form)
            if request.method not in _SAFE:
                given = form.get(WORD) or request.headers.get(HEADER)
                sessions.check_word(hub, session.digest, given)
            return await page(Visit(hub, request, session.user, session.digest, form))
        except LeadwellError as error:
            return await _refused(hub, request, error, session)
        except sessions.RightsEnded:
            return await _ended(hub, request, digests, form)
        finally:
            # A file that was sent lies in a temporary one until it is let go.
            await request.close()

    return answer


def anybody(hub: Hub, handler: Handler) -> Handler:
    """Return what answers whoever asks, and tells what went wrong."""

    async def answer(request: Request) -> Response:
        try:
            if request.method not in _SAFE:
                sessions.check_origin(request)
            return await handler(request)
        except LeadwellError as error:
            return refused(hub, request, error)

    return answer


def refused(
    hub: Hub, request: Request, error: LeadwellError, language: str = ""
) -> Response:
    """Tell people what went wrong, and what to do, in the language of their choice."""
    status = problems.STATUS_OF.get(error.kind, 500)
    said, content = language_of(request, language), _content(request, error)
    answer = rendering.page("refused.html", said, hub.public_url, content, status)
    answer.headers.update(problems.retry_after(error))
    return answer


def lost(hub: Hub) -> Told:
    """Return what tells people that there is no page at the address they asked for."""

    def answer(scope: Scope, error: LeadwellError, problem: Response) -> Response:
        del error, problem
        told = NotFound(
            "there is no page at this address", hint="look whether it is whole"
        )
        return refused(hub, Request(scope), told)

    return answer


async def _refused(
    hub: Hub, request: Request, error: LeadwellError, session: Session | None
) -> Response:
    if session is None or not isinstance(error, NotFound):
        return refused(hub, request, error, _language(session))
    visit = Visit(hub, request, session.user, session.digest, FormData())
    return await _missing(visit, error)


async def _missing(visit: Visit, error: NotFound) -> Response:
    """Tell who is signed in what is not there, among the tabs of its campaign."""
    if isinstance(error, LeadNotFound):
        hint = "it may have been deleted, or merged into another one"
        error = LeadNotFound(error.message, hint=hint)
    content = {**_content(visit.request, error), "notice": ""}
    if "campaign_id" in visit.request.path_params:
        with suppress(LeadwellError):
            campaign = await visit.read(visit.campaign)
            content |= {**around(visit, campaign, ""), "has_tabs": True}
    return visit.page("refused.html", content, problems.STATUS_OF[error.kind])


def _content(request: Request, error: LeadwellError) -> dict[str, Any]:
    return {
        "title": title_of(error.code),
        "error": error,
        "has_tabs": False,
        "request_id": request.scope["state"]["request_id"],
    }


async def _session(
    hub: Hub, request: Request, digests: tuple[bytes, ...]
) -> Session | None:
    session = await sessions.find(hub, digests)
    # The audit log tells by whom leads are read.
    request.scope["state"][PERSON_ASKS] = session.user if session else None
    return session


def _language(session: Session | None) -> str:
    return session.user.language if session else ""


def _check_role(session: Session | None, *, administrator: bool) -> None:
    if administrator and session is not None:
        session.user.check_administrator()


async def _ended(
    hub: Hub, request: Request, digests: tuple[bytes, ...], form: FormData
) -> Response:
    """Tell who was signed out, or has lost rights, while their request was at work."""
    if await sessions.find(hub, digests) is None:
        return _to_login(hub, request, form)
    error = NotAllowed(
        "somebody has just changed what you may do, so nothing was saved",
        hint="load the page again, and look at what you may do now",
    )
    return refused(hub, request, error)


async def _form(request: Request, *, may_hold_file: bool) -> FormData:
    if not may_hold_file and _has_file(request):
        # Read to its end, or the browser would not show the answer; but not kept.
        async for _ in request.stream():
            pass
        return FormData([("file", UploadFile(BytesIO()))])
    try:
        return await form_of(request, files_max=1)
    except OSError as error:
        if error.errno not in files.FULL:
            raise
        raise files.no_room() from error


def _has_file(request: Request) -> bool:
    kind = request.headers.get("content-type", "")
    return kind.startswith("multipart/form-data")


def _to_login(hub: Hub, request: Request, form: FormData) -> Response:
    """Lead to where one signs in; what was typed waits there."""
    if request.method in _SAFE:
        asked = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        query = request.scope["query_string"].decode("latin-1")
        wanted = f"{asked}?{query}" if query else asked
        path = rendering.below(hub.public_url, f"/login?next={quote(wanted, safe='')}")
        return RedirectResponse(path, 303, dict(HEADERS))
    return ask_again(hub, request, form)
