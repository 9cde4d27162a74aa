"""Links on which a password is chosen, made by who operates the hub."""

import secrets
from dataclasses import dataclass

from leadwell.admin.signing import SETUP
from leadwell.model.link import secret_of
from leadwell.model.token import SECRET_BYTES, digest
from leadwell.schema.times import microseconds
from leadwell.server.clock import now
from leadwell.store.connection import Connection
from leadwell.store.people import users

HOURS = 24
"""How long a link may be used."""
_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link, and how it is kept."""

    path: str
    """Below the hub's URL."""
    digest: bytes
    email: str
    """Whose password it is; empty: the first administrator's."""
    expires_at: int

    def keep(self, connection: Connection) -> None:
        """Let the link be used, instead of any before it."""
        users.invite(connection, self.digest, self.email, self.expires_at)


def new(key: bytes, email: str) -> Invitation:
    """Make a link for somebody, or with an empty address for who comes first."""
    text = secret_of(secrets.token_bytes(SECRET_BYTES))
    expires_at = microseconds(now()) + HOURS * _HOUR_US
    return Invitation(f"{SETUP}/{text}", digest(key, text), email, expires_at)


def first(connection: Connection, key: bytes) -> str:
    """Return the path of a new link, if nobody can sign in yet; else nothing."""
    if users.has_administrator(connection):
        return ""
    made = new(key, "")
    made.keep(connection)
    return made.path
