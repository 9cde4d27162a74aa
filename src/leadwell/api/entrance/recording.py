"""What the audit log is told of a request: who asked, and which leads were read."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.types import Scope

from leadwell.api.entrance.auth import TRIED, Bearer, Visitor
from leadwell.api.entrance.problems import STATUS_OF
from leadwell.api.hub import Hub
from leadwell.errors import LeadwellError, TokenInURL
from leadwell.model.grant import PERSON
from leadwell.model.user import User
from leadwell.store.audit.chain import TOKEN, Chain, Kind
from leadwell.store.audit.seen import Seen
from leadwell.store.audit.uses import NOBODY, Asked, Asker, Key

PERSON_ASKS = "person"
"""In the state of a request: who asks for a page, and is signed in."""
_KEPT_MAX = 10_000
_CLOSED = frozenset((401, 403))
_METHODS = frozenset(("GET", "HEAD", "POST", "PATCH", "DELETE"))
"""Any other one is whatever somebody has typed."""


@dataclass(slots=True)
class Request:
    """One request, as it ended."""

    scope: Scope
    visitor: Visitor | None
    seen: Seen
    refusal: LeadwellError | None = None
    names: Sequence[str] = ()
    """Of its parameters."""


@dataclass(frozen=True)
class Recorder:
    """Tells the sums of the hub of each request that shall stand in the log."""

    hub: Hub
    _askers: dict[tuple[str, str, int], Asker] = field(
        default_factory=dict[tuple[str, str, int], Asker]
    )

    def note(self, request: Request, *, is_whole: bool = True) -> None:
        """Note a request, unless it concerns no token and shows no lead.

        Who looks at which page is nobody's business, unless it shows leads. A request
        that is not whole goes on: what it has read so far is noted.
        """
        asker, refusal = self._asker(request), request.refusal
        is_read = request.seen.campaign_id > 0
        if refusal is not None:
            if asker.token or _is_closed(refusal):
                self._refused(request, asker, refusal.code)
            # An export may be refused on its way, when much of it was sent.
            is_read = any(request.seen.read)
        if is_read or (asker.token and refusal is None):
            kind = Kind.READ if is_read else Kind.USE
            self._asked(request, asker, kind, is_whole=is_whole)

    def _asked(
        self, request: Request, asker: Asker, kind: Kind, *, is_whole: bool
    ) -> None:
        seen, route = request.seen, _route(request.scope)
        chain = Chain(seen.campaign_id, asker.account_id)
        at, address = self.hub.moment, _address(request.scope)
        asked = Asked(at, address, seen.read, request.names, is_whole=is_whole)
        self.hub.uses.note(Key(asker, chain, kind, route, seen.scope_id), asked)

    def _refused(self, request: Request, asker: Asker, code: str) -> None:
        # What was refused may have parameters of any name: none is kept.
        at, address = self.hub.moment, _address(request.scope)
        asked = Asked(at, address, route=_route(request.scope))
        chain = Chain(0, asker.account_id)
        self.hub.uses.note(Key(asker, chain, Kind.REFUSED, code), asked)

    def _asker(self, request: Request) -> Asker:
        state = request.scope["state"]
        person: User | None = state.get(PERSON_ASKS)
        if person is not None:
            # Also where they ask as a token, to look what it shows.
            return self._of_person(person)
        bearer = request.visitor.bearer if request.visitor else state.get(TRIED)
        bearer = bearer or state.get(TRIED)
        if bearer is not None:
            return self._of_bearer(bearer)
        return NOBODY

    def _of_person(self, person: User) -> Asker:
        actor = f"{PERSON}{person.person_id}"
        asker = Asker(actor, person.account_id)
        return self._kept((actor, "", person.account_id), asker)

    def _of_bearer(self, bearer: Bearer) -> Asker:
        token, link = bearer.token, bearer.link.public_id if bearer.link else ""
        key = (token.public_id, link, token.generation)
        known = self._askers.get(key)
        if known is not None:
            return known
        readable = token.readable
        fields = None if readable is None else tuple(sorted(map(str, readable)))
        actor, generation = f"{TOKEN}{token.lineage}", token.generation
        own = (token.account_id, token.public_id, link, generation, fields)
        return self._kept(key, Asker(actor, *own, masks=token.is_masked))

    def _kept(self, key: tuple[str, str, int], asker: Asker) -> Asker:
        """Return the one asker that has this key: they are told apart by identity."""
        if len(self._askers) >= _KEPT_MAX:
            self._askers.clear()
        return self._askers.setdefault(key, asker)


def _is_closed(refusal: LeadwellError) -> bool:
    """Whether somebody was not let in."""
    return STATUS_OF.get(refusal.kind) in _CLOSED or isinstance(refusal, TokenInURL)


def _route(scope: Scope) -> str:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    return f"{method} {getattr(scope.get('route'), 'path', '')}"


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""
