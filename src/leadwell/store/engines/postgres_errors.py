"""What PostgreSQL's errors mean to us; their texts quote people's data."""

import psycopg
from psycopg import errors

from leadwell.errors import Refused, Unavailable

_AGAIN = (errors.SerializationFailure, errors.DeadlockDetected)
_BUSY = (
    errors.LockNotAvailable,
    errors.TooManyConnections,
    errors.CannotConnectNow,
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.ReadOnlySqlTransaction,
    errors.UniqueViolation,
)
"""What another write, a failover or a full server stood in the way of."""
_REASONS = (
    ("password authentication failed", "it refuses the user or the password"),
    ("no password supplied", "it asks for a password"),
    ("does not exist", "it has no such database or user"),
    ("Connection refused", "nothing listens there"),
    ("No such file", "nothing listens there"),
    ("resolve", "its host name is not known"),
    ("too many", "it takes no more connections"),
)
"""What libpq says in English, and what of it may be shown."""


class Clash(Exception):
    """Two transactions stood in each other's way; the whole job may be run again."""


class DatabaseFault(Exception):
    """A statement that PostgreSQL refused: a mistake of ours, named by its SQLSTATE."""


def meaning(error: psycopg.Error, *, is_broken: bool) -> Exception:
    """Return what is raised instead of an error; `is_broken`: its connection is."""
    if isinstance(error, errors.QueryCanceled):
        return Unavailable(
            "the question took too long",
            hint="narrow it with a filter, or ask for fewer leads at a time",
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return Refused(
            "the database user has no right to do this",
            hint="make it the owner of a database of its own, or name one that may "
            "change the schema: leadwell migrate --migrate-url",
        )
    if isinstance(error, errors.InvalidSchemaName):
        return Refused(
            "the database user has no schema to keep tables in",
            hint="make it the owner of a database of its own, and see its search_path",
        )
    if isinstance(error, _AGAIN):
        return Clash(error.sqlstate)
    # Class 08 alone says little: on a cluster it may come from another node.
    if is_broken or isinstance(error, _BUSY) or _is_class(error, "08", "53"):
        return Unavailable(
            "the database cannot do this now", hint="try again in a moment"
        )
    return DatabaseFault(f"PostgreSQL refused a statement: {error.sqlstate}")


def unreachable(error: psycopg.Error, address: str) -> Refused:
    """Return the error for a database that cannot be opened."""
    said = str(error)
    found = (meaning for words, meaning in _REASONS if words in said)
    reason = next(found, "it does not answer")
    return Refused(
        f"{address} cannot be opened: {reason}",
        hint="check the address, the user and the password, and that the server runs",
    )


def _is_class(error: psycopg.Error, *classes: str) -> bool:
    return (error.sqlstate or "")[:2] in classes
