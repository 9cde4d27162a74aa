"""Links on which somebody chooses a password; each works once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from leadwell.admin.sessions import new_secret
from leadwell.admin.signing import SETUP
from leadwell.model.token import digest
from leadwell.schema.times import microseconds
from leadwell.store.connection import Connection
from leadwell.store.people import users

HOURS = 24
"""How long a link may be used."""


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


def new(key: bytes, email: str, now: datetime) -> Invitation:
    """Make a link for somebody, or with an empty address for who comes first."""
    text = new_secret()
    expires_at = microseconds(now + timedelta(hours=HOURS))
    return Invitation(f"{SETUP}/{text}", digest(key, text), email, expires_at)
