"""Who is asking, and what they may do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import unquote_to_bytes

from starlette.types import Scope

from leadwell.api.entrance.limits import header
from leadwell.api.entrance.notes import OWN, Notes, agent_in, told
from leadwell.api.hub import Hub
from leadwell.api.load import telling
from leadwell.api.load.crowd import Stay
from leadwell.api.load.quotas import Quota
from leadwell.api.load.rates import rate_of
from leadwell.errors import (
    AddressNotAllowed,
    InvalidToken,
    LeadwellError,
    NotAuthenticated,
    TokenInURL,
)
from leadwell.model.grant import Grant
from leadwell.model.keyring import first_of
from leadwell.model.link import Link
from leadwell.model.query import Condition
from leadwell.model.token import Token, is_mistyped, token_in
from leadwell.schema import querystring
from leadwell.schema.times import microseconds, show
from leadwell.store import campaigns, filters, tokens
from leadwell.store.access.health import Note
from leadwell.store.connection import Connection, remembered_of_hub
from leadwell.store.figures import timed

NOTE_EVERY_US = 60_000_000
"""How often the last use of a token is written: once a minute is enough to see it."""
TRIED = "tried"
"""In the state of a request: whose token was sent that may not be used (any more)."""
TOKEN_BYTES_MAX = 512
TOKEN_PARAMETERS = frozenset({"access_token", "api_token"})
"""What other systems call a token in a URL (RFC 6750 §2.3, the original's v1)."""
_ANOTHER = "ask who gave it to you for another one"


@dataclass(frozen=True, slots=True)
class Bearer:
    """A checked token, and what it grants."""

    token: Token
    grant: Grant
    link: Link | None = None
    """The link that was sent instead of the token."""


@dataclass(slots=True)
class Visitor:
    """Who asks: a token's or link's key alone, until the database was looked at."""

    key: bytes
    find: Callable[[Connection], Bearer]
    """Finds who holds the key; it raises where the door stays closed."""
    bearer: Bearer | None = None
    """As it was looked at last; no answer leaves before that."""
    refusal: LeadwellError | None = None
    """Why the door stayed closed at the last look."""
    notes: dict[Note, str] = field(default_factory=dict[Note, str])
    """What its owner shall be told of this request."""
    account: Callable[[Bearer], Quota | None] | None = None
    """Opens what the request is charged to, once it is known who asks."""
    quota: Quota | None = None
    """What the request is charged to; `None`: nobody counts."""
    stay: Stay | None = None
    """Its place among the open requests; `None`: it is not counted."""

    def look(self, connection: Connection) -> Bearer:
        """Return what the token grants at the moment that is read.

        Raises:
            InvalidToken: it is wrong, expired or revoked.
            AddressNotAllowed: it may not be used from the client's address.
            NotFound, LinkEnded: it is a link, and shows nothing.
            RateLimited: it has asked for too much lately.
        """
        try:
            with timed("token"):
                self.bearer = self.find(connection)
        except LeadwellError as error:
            self.refusal = error
            raise
        self.refusal = None
        if self.account is not None:
            # A request looks more than once, and is paid for once.
            self.quota, self.account = self.account(self.bearer), None
        if self.quota is not None:
            self.quota.check()
        return self.bearer

    def charge(self, leads: int) -> None:
        """Charge the request with the leads that it reads or writes."""
        if self.quota is not None and leads:
            self.quota.charge(leads)

    def wait(self) -> None:
        """Wait for a change from here on.

        Raises:
            TooManyAtOnce, Overloaded: too many requests do already.
        """
        if self.stay is not None:
            self.stay.wait()


@dataclass(frozen=True)
class Gate:
    """Turns the headers of a request into a grant."""

    hub: Hub
    notes: Notes
    _noted: dict[bytes, int] = field(default_factory=dict[bytes, int])

    def meet(self, scope: Scope) -> Visitor:
        """Return who asks, by the headers alone (RFC 6750 §2.1).

        Raises:
            TokenInURL: a token stands in the query string.
            NotAuthenticated: there is no bearer token.
            InvalidToken: it has a typing mistake.
            RateLimited: too many wrong ones came from the client's address.
        """
        given = header(scope, b"authorization")
        refuse_in_url(self.hub, scope, has_header=given is not None)
        if given is None:
            raise NotAuthenticated(
                "this needs a token", hint="send the header Authorization: Bearer …"
            )
        text = _bearer(given)
        digests = self.hub.keys.digests(text)
        key = digests[0]
        if key not in self._noted:
            # Who was let in before is, whatever others at its address have sent.
            self.hub.strangers.check(address_of(scope))
            # One with a typing mistake is refused without asking the database.
            if is_mistyped(text):
                self.hub.strangers.note(address_of(scope))
                raise _not_valid()
        look = partial(self._look, digests, scope)
        return Visitor(key, look, account=account_of(self.hub, key, scope))

    def _look(
        self, digests: tuple[bytes, ...], scope: Scope, connection: Connection
    ) -> Bearer:
        key, now = digests[0], self.hub.clock()
        bearer = first_of(digests, lambda each: _bearer_of(connection, each))
        if bearer is None:
            self.hub.strangers.note(address_of(scope))
            raise _not_valid()
        try:
            _check_open(bearer.token, now)
            check_address(bearer.token, scope)
        except LeadwellError as error:
            self.notes.keep(key, {Note.ERROR: told(error)})
            scope["state"][TRIED] = bearer
            # It was good once: from now on it is one of the wrong ones.
            self._noted.pop(key, None)
            self.hub.strangers.note(address_of(scope))
            raise
        if OWN not in scope:
            self._note_use(key, bearer.token, scope, microseconds(now))
        return bearer

    def _note_use(self, key: bytes, token: Token, scope: Scope, now: int) -> None:
        public_id, number = token.public_id, self.hub.keys.in_use.number

        def job(connection: Connection) -> None:
            if token.key_generation < number:
                # Its secret is here: so it need not end with an older generation.
                tokens.keep_under(connection, public_id, key, number)
            tokens.note_use(connection, key, now)

        if now - self._noted.get(key, 0) >= NOTE_EVERY_US:
            self._noted[key] = now
            self.hub.database.write(job)
            self.notes.keep(key, {Note.AGENT: agent_in(scope)})


def account_of(hub: Hub, key: bytes, scope: Scope) -> Callable[[Bearer], Quota | None]:
    """Return what opens the account of a request with a token or link."""

    def opened(bearer: Bearer) -> Quota | None:
        limits = hub.limits
        if bearer.link is not None:
            per_s, name = limits.link_rate, "link"
        else:
            per_s, name = telling.per_s_of(limits, bearer.token), "token"
        if not per_s:
            return None
        quota = Quota(hub.rates, key, rate_of(per_s, limits.rate_burst_s), name)
        return quota if OWN in scope else quota.begin()

    return opened


def address_of(scope: Scope) -> bytes:
    """Return the network that a client asks from: of IPv6 all that one host may have.

    Behind a proxy that is not trusted all clients have the proxy's.
    """
    client = scope.get("client")
    text: str = client[0] if client else ""
    if ":" not in text:
        return text.encode()
    try:
        address = IPv6Address(text)
    except ValueError:
        return text.encode()
    # One of IPv4, where a hub listens to both.
    mapped = address.ipv4_mapped
    return str(mapped).encode() if mapped else address.packed[:8]


def refuse_in_url(hub: Hub, scope: Scope, *, has_header: bool) -> None:
    """Refuse a token in the query string, and note that it was exposed there.

    It counts as a wrong one: what strangers send must not be written without end.

    Raises:
        TokenInURL: there is one.
        RateLimited: too many wrong ones came from the client's address.
    """
    query_string: bytes = scope["query_string"]
    if has_header and b"%" not in query_string and b"lw_" not in query_string:
        return
    # However it is encoded, wherever it stands, and whatever else is wrong.
    text = unquote_to_bytes(query_string).decode("ascii", "replace")
    found = token_in(text)
    if found is None and not has_header:
        found = _named_token(query_string)
    if found is not None:
        hub.strangers.check(address_of(scope))
        hub.strangers.note(address_of(scope))
        digests, now = hub.keys.digests(found), hub.moment

        def job(connection: Connection) -> None:
            for each in digests:
                tokens.note_exposure(connection, each, now)

        hub.database.write(job)
        raise TokenInURL(
            "a token stands in the URL, where logs keep it",
            hint="send it as Authorization: Bearer …, and rotate this one",
        )


def _named_token(query_string: bytes) -> str | None:
    try:
        pairs = querystring.decode(query_string)
    except LeadwellError:
        return None
    return next((value for name, value in pairs if name in TOKEN_PARAMETERS), None)


def _bearer(header: bytes) -> str:
    scheme, _, credentials = header.partition(b" ")
    credentials = credentials.strip()
    if scheme.lower() != b"bearer" or not credentials:
        raise NotAuthenticated(
            "the Authorization header holds no bearer token",
            hint="write it as Authorization: Bearer …",
        )
    is_clean = credentials.isascii() and len(credentials) <= TOKEN_BYTES_MAX
    if not is_clean:
        raise _not_valid()
    return credentials.decode("ascii")


def _not_valid() -> InvalidToken:
    """Say no more, whatever is wrong with it."""
    return InvalidToken(
        "the token is not valid",
        hint="copy it whole, or ask who gave it to you for another one",
    )


def _check_open(token: Token, now: datetime) -> None:
    # Only who holds the whole secret learns why it no longer works.
    if token.revoked_at is not None:
        raise InvalidToken(
            f"the token was revoked {show(token.revoked_at)}", hint=_ANOTHER
        )
    if token.expires_at is not None and token.expires_at <= now:
        raise InvalidToken(f"the token expired {show(token.expires_at)}", hint=_ANOTHER)


def check_address(token: Token, scope: Scope) -> None:
    """Refuse a token that may not be used from the client's address.

    Raises:
        AddressNotAllowed: the address is in none of its blocks.
    """
    if not token.addresses:
        return
    client = scope.get("client")
    try:
        address = ip_address(client[0] if client else "")
        allowed = any(address in ip_network(block) for block in token.addresses)
    except ValueError:
        allowed = False
    if not allowed:
        raise AddressNotAllowed(
            "this token may not be used from your address",
            hint="ask the campaign's owner to add it",
        )


@remembered_of_hub
def _bearer_of(connection: Connection, key: bytes) -> Bearer | None:
    """Return who holds the token, open or not."""
    token = tokens.find_by_digest(connection, key)
    return None if token is None else Bearer(token, grant_of(connection, token))


def grant_of(connection: Connection, token: Token) -> Grant:
    """Return what a token grants, through its filter as it is now."""
    forced: tuple[Condition, ...] = ()
    if token.campaign_id is not None and token.filter_id is not None:
        campaign = campaigns.known(connection, token.campaign_id)
        forced = filters.find(connection, campaign, token.filter_id).conditions
    return Grant(
        account_id=token.account_id,
        campaign_id=token.campaign_id,
        may_write=token.may_write,
        forced=forced,
        readable=token.readable,
        scope_id=token.filter_id or 0,
        generation=token.generation,
        lineage=token.lineage,
        masks=token.is_masked,
    )
