"""What PostgreSQL's errors mean for the user. Its texts can quote people's data."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

import psycopg

from leadwell.sync.destinations.meanings import (
    FULL,
    OTHER_TABLES,
    Meaning,
    meant,
    unknown,
)
from leadwell.sync.errors import (
    BusyDestination,
    ForeignDestination,
    FullDestination,
    ReadOnlyDestination,
    UnreachableDestination,
    UnreadableDestination,
)

_AGAIN = "run again: what was stored is kept"


@contextmanager
def explained(text: str) -> "Generator[None]":
    """Say of PostgreSQL's errors what they mean for the user."""
    try:
        yield
    except psycopg.Error as error:
        raise meant(text, meaning(error)) from None


def meaning(error: psycopg.Error) -> Meaning:
    """Return what an error means."""
    code = error.sqlstate
    if code is None:
        return _without_code(str(error))
    return _WHAT.get(code) or _CLASS.get(code[:2]) or unknown(_said(error, code))


def _said(error: psycopg.Error, code: str) -> str:
    # What data made it fail is not repeated: the message may quote it.
    name = type(error).__name__
    return f"PostgreSQL says {name} ({code})"


def _without_code(said: str) -> Meaning:
    """Tell apart what libpq says in words alone: it could not connect, or went on."""
    for words, what in _WORDS.items():
        if words in said:
            return what
    return _AWAY


_AWAY: Meaning = (
    UnreachableDestination,
    "cannot be reached, or the connection was cut",
    f"look at host and port, and if the server runs; {_AGAIN}",
)
_REFUSED: Meaning = (
    UnreadableDestination,
    "refuses the user or the password",
    "the password may stand in PGPASSWORD or ~/.pgpass",
)
_NO_DATABASE: Meaning = (
    UnreadableDestination,
    "does not exist",
    "create it first: createdb NAME",
)
_BUSY: Meaning = (
    BusyDestination,
    "is locked by another program",
    f"end what holds it, and {_AGAIN}",
)
_NO_RIGHT: Meaning = (
    ReadOnlyDestination,
    "cannot be written by this user",
    "GRANT CREATE ON DATABASE … TO the user, or name a schema that it owns: ?schema=…",
)

_WORDS: Mapping[str, Meaning] = {
    "password authentication failed": _REFUSED,
    "no password supplied": _REFUSED,
    "no pg_hba.conf entry": _REFUSED,
    'role "': _REFUSED,
    'database "': _NO_DATABASE,
    "definition of service": (
        UnreadableDestination,
        "names a service that is in no service file",
        "see PGSERVICEFILE and ~/.pg_service.conf",
    ),
    "invalid": (
        UnreadableDestination,
        "has a part that psql would not take either",
        "its parameters are those of libpq, and schema",
    ),
}
"""Looked for in this order, in what libpq says when it has not connected."""

_WHAT: Mapping[str, Meaning] = {
    "3D000": _NO_DATABASE,
    "42501": _NO_RIGHT,
    "25006": (
        ReadOnlyDestination,
        "takes no writes",
        "it is a standby, or default_transaction_read_only is set: name another server",
    ),
    "53200": (FullDestination, "has no memory left", _AGAIN),
    "53300": (UnreachableDestination, "takes no more connections", _AGAIN),
    "55P03": _BUSY,
    "40001": _BUSY,
    "40P01": _BUSY,
    "57014": (
        BusyDestination,
        "took longer than statement_timeout lets it",
        "raise it for this user, and run again: what was stored is kept",
    ),
    "2BP01": (
        ForeignDestination,
        "has views of yours on leads_labelled, which has to be made anew",
        "drop them, run again, and make them anew; views on leads can stay",
    ),
    "54011": (
        ForeignDestination,
        "takes at most 1,600 columns in a table",
        "the campaign has more fields: name a file, or a token with fewer of them",
    ),
    "22P05": (
        UnreadableDestination,
        "has an encoding that lacks a character",
        "make the database with ENCODING 'UTF8'",
    ),
}
_CLASS: Mapping[str, Meaning] = {
    "08": _AWAY,
    "28": _REFUSED,
    "42": OTHER_TABLES,
    "53": FULL,
    "57": _AWAY,
}
"""By the class of an error, where the error itself is not listed."""
