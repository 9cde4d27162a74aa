"""Links on which a password is chosen, made by who operates the hub."""

from leadwell.admin import inviting
from leadwell.admin.inviting import HOURS, Invitation
from leadwell.server.clock import now
from leadwell.store.connection import Connection
from leadwell.store.people import users

__all__ = ["HOURS", "Invitation", "first", "new"]


def new(key: bytes, email: str) -> Invitation:
    """Make a link for somebody, or with an empty address for who comes first."""
    return inviting.new(key, email, now())


def first(connection: Connection, key: bytes) -> str:
    """Return the path of a new link, if nobody can sign in yet; else nothing."""
    if users.has_administrator(connection):
        return ""
    made = new(key, "")
    made.keep(connection)
    return made.path
