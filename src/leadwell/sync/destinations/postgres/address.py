"""Which schema of which database: the address as psql takes it, and `schema`."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from leadwell.sync.errors import UnknownDestination

SCHEMA = "leadwell"
"""The usual schema: since PostgreSQL 15 only its owner may write into `public`."""
_EXAMPLE = "for instance postgresql://user@host/database?schema=leads"
_SECRET = ("password", "sslpassword", "oauth_client_secret")
_NAME_BYTES_MAX = 63


@dataclass(frozen=True, slots=True)
class Address:
    """Where a copy is."""

    text: str
    """As it is shown: without any password."""
    connection: str = field(repr=False)
    """As libpq takes it; what it does not say is asked of PGHOST, ~/.pgpass, …"""
    schema: str = SCHEMA


def read(text: str) -> Address:
    """Read the address of a database.

    Raises:
        UnknownDestination: it is none. It is not repeated, as it may hold a password.
    """
    try:
        parts = urlsplit(text)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=False)
    except ValueError:
        raise _unreadable("it is no URL") from None
    user_info, _, host = parts.netloc.rpartition("@")
    if "@" in user_info or parts.fragment or not text.startswith(f"{parts.scheme}://"):
        raise _unreadable("write @, #, / and : of a password as %40, %23, %2F and %3A")
    kept = [(name, value) for name, value in pairs if name != "schema"]
    schema = dict(pairs).get("schema", SCHEMA)
    _check(schema)
    user, _, _ = user_info.partition(":")
    shown = [pair for pair in pairs if pair[0] not in _SECRET]
    named = f"{user}@{host}" if user else host
    return Address(
        _url("postgresql", named, parts.path, shown),
        _url("postgresql", parts.netloc, parts.path, kept),
        schema,
    )


def _url(scheme: str, where: str, path: str, pairs: list[tuple[str, str]]) -> str:
    # libpq does not take a plus for a space.
    query = urlencode(pairs, quote_via=quote, safe="/")
    return f"{scheme}://{where}{path}{'?' if query else ''}{query}"


def _check(schema: str) -> None:
    is_too_long = len(schema.encode()) > _NAME_BYTES_MAX
    if not schema or is_too_long or re.match(r"pg_|information_schema$", schema):
        raise UnknownDestination(
            f"{schema[:80]!r} is no schema that a copy can be in",
            hint=f"a name of 1 to {_NAME_BYTES_MAX} bytes, none of PostgreSQL's own",
        )


def _unreadable(why: str) -> UnknownDestination:
    return UnknownDestination(
        f"the address of the PostgreSQL database cannot be read: {why}", hint=_EXAMPLE
    )
