"""What the owner of a token is told of how its reader fares: names, never values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from starlette.types import Scope

from leadwell.api.entrance.limits import header
from leadwell.api.entrance.problems import STATUS_OF
from leadwell.api.hub import Hub
from leadwell.errors import LeadwellError
from leadwell.model.slug import SLUG
from leadwell.store.access import health
from leadwell.store.access.health import Failure, Note

OWN = "leadwell.own"
"""In the scope of what the hub asks itself; no client can put anything there."""
NAMES_MAX = 5
"""How many names of one refused request are kept."""
PRODUCTS_MAX = 3
_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9._+-]{0,39}(?:/[A-Za-z0-9._+-]{1,20})?")
"""A program and its version (RFC 9110 §10.1.5)."""
_REMARK = re.compile(r"\([^()]*\)?")
_NAME = re.compile(
    r"(?=[^a-z]*[a-z])(?![0-9a-f-]{32})(?!lw_)"
    rf"_?{SLUG.pattern}(\[[a-z_]{{1,12}}\])?"
)
"""A parameter's name. All digits are rather a phone number, much hexadecimal is an id
or another system's token, and what begins like a token is one."""


@dataclass(frozen=True)
class Notes:
    """Writes what is to be told, each kind of it at most once a minute for a token."""

    hub: Hub
    _kept: dict[tuple[bytes, Note], int] = field(
        default_factory=dict[tuple[bytes, Note], int]
    )

    def keep(self, key: bytes, found: Mapping[Note, str]) -> None:
        """Keep what was found about the token that is known to have this digest."""
        now = self.hub.moment
        for kind, text in found.items():
            if now - self._kept.get((key, kind), 0) >= health.NOTE_EVERY_US:
                self._kept[key, kind] = now
                self.hub.database.write(health.Noting(key, kind, text, now))


def told(error: LeadwellError) -> str:
    """Write which error it was, and where it stood in the request."""
    places = [p.parameter or _last(p.pointer or "") for p in error.problems]
    names = dict.fromkeys(name_in(place) for place in places if place)
    status = STATUS_OF.get(error.kind, 500)
    return Failure(error.code, status, tuple(names)[:NAMES_MAX]).written()


def agent_in(scope: Scope) -> str:
    """Return which programs a request says it comes from, without remarks on them."""
    text = (header(scope, b"user-agent") or b"")[:512].decode("ascii", "replace")
    words = _REMARK.sub(" ", text).split()
    return " ".join([word for word in words if _PRODUCT.fullmatch(word)][:PRODUCTS_MAX])


def name_in(part: str) -> str:
    """Return the name of a parameter, if it can be one: no token, no e-mail address."""
    name = unquote(part.partition("=")[0])
    return name if _NAME.fullmatch(name) else "…"


def _last(pointer: str) -> str:
    return pointer.rpartition("/")[2]
