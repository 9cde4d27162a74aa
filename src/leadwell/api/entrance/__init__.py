"""What happens around every request: id, limits, token, errors, headers, log."""

import asyncio
import re
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadwell.api import links
from leadwell.api.entrance import browsers, codings, limits, metrics, problems, slugs
from leadwell.api.entrance.auth import Gate, Visitor
from leadwell.api.entrance.limits import header
from leadwell.api.entrance.linked import LinkGate
from leadwell.api.entrance.notes import OWN, Notes, name_in, told
from leadwell.api.entrance.recording import Recorder, Request
from leadwell.api.hub import Hub
from leadwell.api.load.crowd import ARRIVED, ASKING, Stay
from leadwell.errors import (
    CursorLost,
    InternalError,
    LeadwellError,
    MethodNotAllowed,
    SnapshotLost,
    Unavailable,
)
from leadwell.schema import querystring
from leadwell.store import figures
from leadwell.store.access.health import Note
from leadwell.store.audit import seen
from leadwell.store.audit.seen import Seen

_GIVEN_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_NEEDS_TOKEN = re.compile(r"/v2(/|$)|/campaigns/|/leads\Z|/mcp\Z|/a/")
_PAGES = "/campaigns/"
_PASSWORD = b"basic "
_EITHER = re.compile(r"/campaigns/[^/]+/leads\Z")
"""Where the article reads leads, and people have a page: the request decides."""
_DESCRIBED = re.compile(r"/docs/(?!errors/)")
"""What says more to who sends a token; what an error means is the same for all."""
_READS = frozenset({"GET", "HEAD"})
PIECE_BYTES = 262_144
"""A larger answer is sent in pieces."""
_log = structlog.get_logger("leadwell.request")
Told: TypeAlias = Callable[[Scope, LeadwellError, Response], Response]
"""Makes of a problem what the client likes better, if it does."""


def _as_it_is(_scope: Scope, _error: LeadwellError, problem: Response) -> Response:
    return problem


class Entrance:
    """The outermost part of the application; every answer leaves through it."""

    def __init__(
        self,
        inside: ASGIApp,
        hub: Hub,
        told: Told = _as_it_is,
        *,
        has_pages: bool = False,
    ) -> None:
        """Stand in front of the routes.

        Args:
            inside: the routes
            hub: whose they are
            told: how a problem looks to who asked
            has_pages: whether there are pages for people where the article has leads
        """
        self._has_pages = has_pages
        self._inside = inside
        self._hub = hub
        self._told = told
        self._notes = Notes(hub)
        self._gate = Gate(hub, self._notes)
        self._links = LinkGate(hub)
        self._recorder = Recorder(hub)
        self._coded = codings.Kept()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens inside."""
        # With an `app` in its scope the router raises what it cannot answer.
        scope["app"] = self
        if scope["type"] != "http":
            await self._inside(scope, receive, send)
            return
        visit = _Visit(scope, send, self._hub)
        visit.seen.hand_over = partial(self._hand_over, visit, scope)
        watched = seen.watch(visit.seen)
        try:
            await self._watched(visit, scope, receive)
        finally:
            seen.leave(watched)
            visit.forget()

    async def _watched(self, visit: "_Visit", scope: Scope, receive: Receive) -> None:
        if not self._hub.shows_timing:
            await self._answer(visit, scope, receive)
            return
        with figures.watched() as visit.spent:
            await self._answer(visit, scope, receive)

    async def _answer(self, visit: "_Visit", scope: Scope, receive: Receive) -> None:
        try:
            limits.check_head(scope, self._hub.limits)
            if visit.origin and (answer := browsers.preflight(scope)):
                await answer(scope, receive, visit.send)
                return
            visitor = self._met(scope)
            if OWN not in scope:
                # Said either way: a connection's next request begins where this ends.
                ASKING.set(visitor.key if visitor else None)
                if visitor is not None:
                    visitor.stay = visit.stay = self._entered(visitor, scope)
            visit.visitor = scope["state"]["visitor"] = visitor
            bounded = limits.bounded(receive, scope, self._hub.limits)
            coding = codings.wanted(scope)
            out = codings.Coded(visit.send, coding, self._coded, visit.owner)
            await self._inside(scope, bounded, out)
        except ClientDisconnect:
            # Who has gone away is told nothing, and it is no fault of ours.
            _log.info("gone", request_id=visit.request_id)
        except (LeadwellError, HTTPException) as error:
            meant = await self._meant(visit, error)
            visit.note(meant)
            await visit.refuse(meant, receive, self._told)
        except (Exception, asyncio.CancelledError) as error:
            # A task that was ended is told so, and then ends by itself.
            await visit.refuse(visit.fault(error), receive, self._told)
        finally:
            self._end(visit, scope)

    def _end(self, visit: "_Visit", scope: Scope) -> None:
        """Note a request that was answered."""
        if visit.stay is not None:
            visit.stay.leave()
        names = visit.log()
        self._keep_notes(visit.visitor)
        asked = Request(scope, visit.visitor, visit.seen, visit.refusal, names)
        self._recorder.note(asked)

    def _hand_over(self, visit: "_Visit", scope: Scope, read: Seen) -> None:
        """Note what a request has read that goes on."""
        self._recorder.note(Request(scope, visit.visitor, read), is_whole=False)

    def _met(self, scope: Scope) -> Visitor | None:
        """Return who asks with a token or a link, by the request alone."""
        if self._has_pages and _is_for_people(scope):
            return None
        if _asks_with_token(scope):
            return self._gate.meet(scope)
        return self._links.meet(scope, _path(scope))

    def _entered(self, visitor: Visitor, scope: Scope) -> Stay:
        """Count a request among the open ones, unless there are too many."""
        began: float | None = scope["state"].get(ARRIVED)
        waited_s = 0.0 if began is None else time.monotonic() - began
        return self._hub.crowd.enter(visitor.key, waited_s)

    def _keep_notes(self, visitor: Visitor | None) -> None:
        """Keep what the owner of a token shall be told of how its reader fares."""
        bearer = visitor and visitor.bearer
        if visitor and bearer and bearer.link is None and visitor.notes:
            self._notes.keep(visitor.key, visitor.notes)

    async def _meant(
        self, visit: "_Visit", error: LeadwellError | HTTPException
    ) -> LeadwellError:
        """Return what a visitor is told: of a bad token before anything else."""
        visitor = visit.visitor
        if visitor is not None and visitor.refusal is not None:
            return visitor.refusal
        is_lost = isinstance(error, HTTPException) and error.status_code == 404
        try:
            if visitor is not None and is_lost:
                path = _path(visit.scope)
                return await self._hub.look_up(partial(slugs.not_found, path, visitor))
            if visitor is not None and visitor.bearer is None:
                await self._hub.look_up(visitor.look)
        except LeadwellError as refusal:
            return refusal
        except Exception as fault:
            return visit.fault(fault)
        return error if isinstance(error, LeadwellError) else _as_ours(error)


class _Visit:
    """One request on its way through: its id, its answer's head, and its log line."""

    def __init__(self, scope: Scope, send: Send, hub: Hub) -> None:
        self.scope = scope
        self._send = send
        self._hub = hub
        self.origin = browsers.origin_of(hub, scope)
        self._started = time.perf_counter()
        self._status = 0
        self._bytes = 0
        self.visitor: Visitor | None = None
        self.stay: Stay | None = None
        self.seen = Seen()
        """Which leads were read."""
        self.refusal: LeadwellError | None = None
        self.spent: figures.Spent | None = None
        """What the time went into, if that is shown."""
        given = header(scope, b"x-request-id") or b""
        own = _GIVEN_ID.fullmatch(given)
        self.request_id = given.decode() if own else f"req_{secrets.token_hex(12)}"
        scope.setdefault("state", {})["request_id"] = self.request_id

    @property
    def owner(self) -> bytes:
        """The key of the token or link that asks."""
        return self.visitor.key if self.visitor else b""

    async def send(self, message: Message) -> None:
        """Send what was answered inside, if the token that asked was looked at."""
        if self.visitor is not None and self.visitor.bearer is None:
            raise RuntimeError("an answer without a look at the token")
        await self._out(message)

    async def _out(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            own = (b"x-request-id", self.request_id.encode())
            quota = self.visitor and self.visitor.quota
            headers: list[tuple[bytes, bytes]] = [*message["headers"], own]
            message["headers"] = headers
            browsers.tell(self._hub, self.scope, headers, self.origin)
            if quota:
                if self._status == 304:
                    quota.give_back()
                headers += quota.headers(time.time())
            if self.spent is not None:
                headers.append((b"server-timing", self._timing()))
        body, goes_on = message.get("body", b""), message.get("more_body", False)
        self._bytes += len(body)
        if self.stay is not None and (goes_on or len(body) > PIECE_BYTES):
            self.stay.stream()
        if len(body) <= PIECE_BYTES:
            await self._send(message)
            return
        # Each piece waits until the one before is taken: what its reader leaves lying
        # counts among his open requests, and not only in our memory.
        for start in range(0, len(body), PIECE_BYTES):
            end = start + PIECE_BYTES
            piece = {"body": body[start:end], "more_body": goes_on or end < len(body)}
            await self._send({**message, **piece})

    def fault(self, error: BaseException) -> LeadwellError:
        """Return what is said of an error that nobody has raised on purpose."""
        if isinstance(error, asyncio.CancelledError):
            # The server stops, and has waited as long as it may.
            return _stopping(self.scope["method"])
        _log.exception("fault", request_id=self.request_id)
        return InternalError(
            "the hub made a mistake",
            hint=f"report it with the request id {self.request_id}",
        )

    def note(self, error: LeadwellError) -> None:
        """Have the owner of the token be told that a request was refused."""
        self.refusal = error
        if self.visitor is not None:
            self.visitor.notes[Note.ERROR] = told(error)

    async def refuse(self, error: LeadwellError, receive: Receive, told: Told) -> None:
        # Once the head of an answer is out, cutting it off is all that is left.
        if self._status:
            return
        metrics.note_refusal(error)
        answer = problems.response(
            error, public_url=self._hub.public_url, request_id=self.request_id
        )
        if isinstance(error, MethodNotAllowed):
            answer.headers["Allow"] = ", ".join(error.allowed)
        if isinstance(error, CursorLost | SnapshotLost):
            url = f"{self._hub.public_url}{_path(self.scope)}"
            pairs = querystring.decode(self.scope["query_string"])
            answer.headers["Link"] = links.header({"start": links.afresh(url, pairs)})
        await told(self.scope, error, answer)(self.scope, receive, self._out)

    def forget(self) -> None:
        """Let go of the request, now that it is answered.

        What it is made of holds on to itself: an error to the frames that raised it,
        which hold the error. Left to the garbage collector, what a flood of refused
        requests was made of took hundreds of megabytes until it was looked for.
        """
        self.seen.hand_over = None
        self.scope["state"].pop("visitor", None)
        errors = [self.refusal]
        if self.visitor is not None:
            quota = self.visitor.quota
            errors += [self.visitor.refusal, quota.refusal if quota else None]
        for error in filter(None, errors):
            error.__traceback__ = error.__context__ = error.__cause__ = None

    def _timing(self) -> bytes:
        """Write what the time went into so far, in milliseconds (Server-Timing)."""
        total = time.perf_counter() - self._started
        spent = {**(self.spent or {}), "total": total}
        return ", ".join(f"{k};dur={v * 1e3:.3f}" for k, v in spent.items()).encode()

    def log(self) -> list[str]:
        """Write the line of this request; return the names of its parameters."""
        # Names of parameters only: their values are people's data.
        query = self.scope["query_string"].decode("ascii", "replace")
        names = sorted({name_in(part) for part in query.split("&") if part})
        route = getattr(self.scope.get("route"), "path", None)
        bearer = self.visitor.bearer if self.visitor else None
        by_link = {"link": bearer.link.public_id} if bearer and bearer.link else {}
        seconds = time.perf_counter() - self._started
        metrics.note(self.scope["method"], route, self._status, seconds)
        _log.info(
            "request",
            request_id=self.request_id,
            method=self.scope["method"],
            route=route,
            parameters=names,
            status=self._status,
            bytes=self._bytes,
            token=bearer.token.public_id if bearer else None,
            ms=round(seconds * 1000, 2),
            **by_link,
        )
        return names


def _stopping(method: str) -> Unavailable:
    if method in _READS:
        return Unavailable("the hub is stopping", hint="try again in a moment")
    return Unavailable(
        "the hub stopped while this was saved: it may be saved or not",
        hint="look whether it is there before you send it again; sent with the same "
        "Idempotency-Key, it is done only once",
    )


def _asks_with_token(scope: Scope) -> bool:
    """Whether the path needs a token, or says more to who sends one."""
    path = _path(scope)
    may_have = _DESCRIBED.match(path) and header(scope, b"authorization")
    return bool(may_have) or _NEEDS_TOKEN.match(path) is not None


def _is_for_people(scope: Scope) -> bool:
    """Whether a page is asked for; at leads, by a browser that sends no token.

    A proxy that asks for a password sends its own `Authorization` with every page: that
    is no token.
    """
    path = _path(scope)
    if not _EITHER.match(path):
        return path.startswith(_PAGES)
    given = header(scope, b"authorization")
    if given is not None and not given.lower().startswith(_PASSWORD):
        return False
    cookies, accepted = header(scope, b"cookie"), header(scope, b"accept")
    return b"leadwell=" in (cookies or b"") or b"text/html" in (accepted or b"")


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _as_ours(error: HTTPException) -> LeadwellError:
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "GET").split(", ")
        return MethodNotAllowed(
            "this path does not know that method",
            hint=f"it knows {', '.join(sorted(allowed))}",
            allowed=sorted(allowed),
        )
    return problems.nothing_here()
