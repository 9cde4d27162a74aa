"""Who asks by a link: what it shows is what its token sees at that moment."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from starlette.types import Scope

from leadwell.api.entrance.auth import (
    NOTE_EVERY_US,
    Bearer,
    Visitor,
    account_of,
    address_of,
    check_address,
    grant_of,
    refuse_in_url,
)
from leadwell.api.entrance.limits import header
from leadwell.api.entrance.problems import nothing_here
from leadwell.api.hub import Hub
from leadwell.api.links import LINK_PATHS
from leadwell.errors import LinkEnded, MalformedRequest
from leadwell.model.keyring import first_of
from leadwell.model.link import Link, LinkKind, looks_like_secret
from leadwell.schema.times import microseconds
from leadwell.store import links, tokens
from leadwell.store.connection import Connection, remembered_of_hub

_ASK_AGAIN = "ask whoever gave it to you for a new one"


@dataclass(frozen=True)
class LinkGate:
    """Turns the secret in the path of a link into the grant of its token."""

    hub: Hub
    _noted: dict[bytes, int] = field(default_factory=dict[bytes, int])

    def meet(self, scope: Scope, path: str) -> Visitor | None:
        """Return who asks by the path of a link; `None`: it is no such path.

        Raises:
            NotFound: no secret can stand there; the database is not asked.
            TokenInURL: a token stands in the query string.
            MalformedRequest: a token was sent too, for leads.
            RateLimited: too many wrong ones came from the client's address.
        """
        kind = _kind_of(path)
        if kind is None:
            return None
        secret = _secret_in(path, kind)
        refuse_in_url(self.hub, scope, has_header=False)
        if kind is LinkKind.CSV and header(scope, b"authorization") is not None:
            raise MalformedRequest(
                "this URL brings its own right, and there is an Authorization header",
                hint="leave the header out, or ask /v2 with it",
            )
        digests = self.hub.keys.digests(secret)
        key = digests[0]
        if key not in self._noted:
            self.hub.strangers.check(address_of(scope))
        look = partial(self._look, digests, kind, scope)
        return Visitor(key, look, account=account_of(self.hub, key, scope))

    def _look(
        self,
        digests: tuple[bytes, ...],
        kind: LinkKind,
        scope: Scope,
        connection: Connection,
    ) -> Bearer:
        key, now = digests[0], self.hub.clock()
        link = first_of(digests, lambda each: links.find_by_digest(connection, each))
        if link is None or link.kind is not kind:
            self.hub.strangers.note(address_of(scope))
            raise nothing_here()
        bearer = _bearer(connection, link)
        if not (link.is_open(now) and bearer.token.is_open(now)):
            self._noted.pop(key, None)
            self.hub.strangers.note(address_of(scope))
            raise _ended(link, now)
        if kind is LinkKind.CSV:
            # Documentation holds no lead, and is read in a browser at another place.
            check_address(bearer.token, scope)
        self._note_use(key, link, microseconds(now))
        return bearer

    def _note_use(self, key: bytes, link: Link, now: int) -> None:
        public_id, number = link.public_id, self.hub.keys.in_use.number

        def job(connection: Connection) -> None:
            if link.key_generation < number:
                links.keep_under(connection, public_id, key, number)
            links.note_use(connection, key, now)

        if now - self._noted.get(key, 0) >= NOTE_EVERY_US:
            self._noted[key] = now
            self.hub.database.write(job)


def _kind_of(path: str) -> LinkKind | None:
    return next(
        (k for k, (head, _) in LINK_PATHS.items() if path.startswith(head)), None
    )


def _secret_in(path: str, kind: LinkKind) -> str:
    head, tail = LINK_PATHS[kind]
    rest = path.removeprefix(head)
    # Below documentation stand its pages and what can be downloaded.
    secret = rest.removesuffix(tail) if tail else rest.partition("/")[0]
    if not looks_like_secret(secret) or not rest.startswith(secret + tail):
        raise nothing_here()
    return secret


def _ended(link: Link, now: datetime) -> LinkEnded:
    if link.is_open(now):
        said = "the token that this link belongs to has ended"
    else:
        said = f"the link {'has expired' if link.revoked_at is None else 'was revoked'}"
    return LinkEnded(said, hint=_ASK_AGAIN)


@remembered_of_hub
def _bearer(connection: Connection, link: Link) -> Bearer:
    token = tokens.newest(connection, link.lineage)
    return Bearer(token, grant_of(connection, token), link)
