"""Links on which a password is chosen, made by who operates the hub."""

from leadwell.admin import inviting
from leadwell.admin.inviting import HOURS, Invitation
from leadwell.errors import Refused
from leadwell.server.clock import now
from leadwell.store.connection import Connection
from leadwell.store.people import users

__all__ = ["HOURS", "Invitation", "check_administrator", "first", "new"]


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


def check_administrator(connection: Connection, host: str) -> None:
    """Refuse to be reached by others as long as nobody can administrate the hub.

    Whoever then finds the link first, in a log that is collected somewhere or over a
    connection without TLS, is the administrator.

    Raises:
        Refused: nobody can sign in as an administrator yet.
    """
    if users.has_administrator(connection):
        return
    raise Refused(
        f"nobody can administrate this hub yet, and at {host} others reach it",
        hint="start it once with --host 127.0.0.1 and open the link that it prints, on "
        "another machine through: ssh -L 8362:127.0.0.1:8362 HOST; or, where only you "
        "reach it, set LEADWELL_ALLOW_SETUP=true and open the link at once",
    )
