"""Make, rotate and end tokens and links. Secrets are made here, and handed out once."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from leadwell.errors import Conflict, Refused, UsageError
from leadwell.model.keyring import Keyring, first_of
from leadwell.model.link import Link, LinkKind, secret_of
from leadwell.model.token import (
    PUBLIC_BYTES,
    SECRET_BYTES,
    Token,
    looks_like_token,
    public_id_of,
    short_id,
    text_of,
)
from leadwell.schema.times import microseconds
from leadwell.store import links, tokens
from leadwell.store.connection import Connection


def new_text(public: bytes = b"") -> str:
    """Return a new token: its id, of these bytes or any, and its secret."""
    return text_of(
        public or secrets.token_bytes(PUBLIC_BYTES), secrets.token_bytes(SECRET_BYTES)
    )


def new_secret() -> str:
    """Return the secret of a link."""
    return secret_of(secrets.token_bytes(SECRET_BYTES))


def add(connection: Connection, made: Token, text: str, keys: Keyring) -> Token:
    """Keep a token, whose ids follow from its text; return it with them.

    Raises:
        Conflict: it is here already.
    """
    known = first_of(
        keys.digests(text), lambda each: tokens.find_by_digest(connection, each)
    )
    if known is not None:
        raise Conflict(
            f"this token is here already, with the id {known.public_id}",
            hint=f"change it: leadwell token edit {known.public_id}",
        )
    own = public_id_of(text if looks_like_token(text) else new_text())
    made = replace(made, public_id=own, lineage=own)
    return _kept(connection, made, text, keys)


def _kept(connection: Connection, made: Token, text: str, keys: Keyring) -> Token:
    made = replace(made, key_generation=keys.in_use.number)
    tokens.add(connection, made, keys.digest(text))
    return made


@dataclass(frozen=True, slots=True)
class Rotation:
    """A token like another one, which it follows."""

    text: str
    """The new token."""
    keys: Keyring
    """The instance key."""
    now: datetime
    until: datetime
    """When the old one ends, unless it does before."""
    expires_at: datetime | None
    """When the new one does."""

    def carry_out(self, connection: Connection, public_id: str) -> tuple[Token, Token]:
        """Keep the new token, and let the old one end; return both.

        Leads keep their external ids: the new token is of the same lineage.

        Raises:
            NotFound: there is no such token.
            Refused: it is revoked, or has expired.
        """
        old = tokens.hold(connection, public_id)
        if not old.is_open(self.now):
            raise Refused(
                f"token {public_id} is revoked or has expired",
                hint="make a new one: leadwell token create",
            )
        ends = old.expires_at
        ends = self.until if ends is None else min(ends, self.until)
        old = replace(old, expires_at=ends)
        tokens.change(connection, old, microseconds(self.now))
        made = replace(
            old,
            public_id=public_id_of(self.text),
            created_at=self.now,
            expires_at=self.expires_at,
            exposed_at=None,
            last_used_at=None,
        )
        return _kept(connection, made, self.text, self.keys), old


def revoke(connection: Connection, public_id: str, now: datetime) -> int:
    """End a token for ever, and say how many links ended with it.

    One that was revoked already stays as it was.

    Raises:
        NotFound: there is no such token.
    """
    known = tokens.hold(connection, public_id)
    if known.revoked_at is None:
        revoked = replace(known, revoked_at=now)
        tokens.change(connection, revoked, microseconds(now))
    return len(links.find_followers(connection, known, now))


def new_link(
    connection: Connection,
    token_id: str,
    kind: LinkKind,
    now: datetime,
    expires_at: datetime | None,
) -> Link:
    """Return a link that shows what a token sees; `links.add` keeps it.

    Raises:
        NotFound: there is no such token.
        Refused: it was rotated, is revoked, or has expired.
        UsageError: it is a link to leads, and the token is an account's.
    """
    known = tokens.known(connection, token_id)
    newest = tokens.newest(connection, known.lineage).public_id
    if newest != token_id:
        raise Refused(
            f"token {token_id} was rotated, and links follow the new one",
            hint=f"name that one: leadwell share create {newest}",
        )
    if not known.is_open(now):
        raise Refused(
            f"token {token_id} is revoked or has expired",
            hint="name one that works; see: leadwell token list",
        )
    if kind is LinkKind.CSV and known.campaign_id is None:
        raise UsageError(
            "an account token has no CSV link: that shows the leads of one campaign",
            hint="name a token of the campaign; see: leadwell token list",
        )
    return Link(
        public_id=short_id(secrets.token_bytes(PUBLIC_BYTES)),
        kind=kind,
        lineage=known.lineage,
        account_id=known.account_id,
        campaign_id=known.campaign_id,
        created_at=now,
        expires_at=expires_at,
    )


def add_link(connection: Connection, made: Link, secret: str, keys: Keyring) -> Link:
    """Keep a link by the digest of its secret."""
    made = replace(made, key_generation=keys.in_use.number)
    links.add(connection, made, keys.digest(secret))
    return made


def link_state(link: Link, token: Token, now: datetime) -> str:
    """Say where a link stands: open, expired, revoked, or that its token ended."""
    if link.revoked_at is not None:
        return "revoked"
    if not link.is_open(now):
        return "expired"
    return "open" if token.is_open(now) else "token ended"
