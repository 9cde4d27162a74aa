"""Which state a form was made of, so that it overwrites nobody's change."""

import hashlib

import msgspec

from leadwell.admin.visit import Visit
from leadwell.errors import Conflict


def seen(*state: object) -> str:
    """Name a state; the form carries it along."""
    return hashlib.sha256(msgspec.json.encode(state)).hexdigest()[:16]


def check(visit: Visit, now: str, name: str = "seen") -> None:
    """Refuse a form that was made of another state than today's.

    Raises:
        Conflict: somebody has changed it meanwhile.
    """
    if visit.text(name) != now:
        raise changed(visit)


def changed(visit: Visit) -> Conflict:
    """Return the error for what somebody else has changed meanwhile."""
    return Conflict(
        visit.said("somebody else has changed this meanwhile"),
        hint=visit.said("look at what it is now, and send it again"),
    )
