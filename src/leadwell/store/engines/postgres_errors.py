"""What PostgreSQL's errors mean to us; their texts quote people's data."""

import time
from dataclasses import dataclass, field

import psycopg
import structlog
from psycopg import errors

from leadwell.errors import Refused, Unavailable
from leadwell.errors.limits import took_too_long

_AGAIN = (errors.SerializationFailure, errors.DeadlockDetected)
_LOST = (errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow)
_BUSY = (errors.LockNotAvailable, errors.ReadOnlySqlTransaction, errors.InternalError_)
"""What another write, a server that became a standby, or trouble of the server's own
(XX000) stood in the way of: a disk is full by a quota, or a file by a limit."""
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


class Hindrance(Exception):
    """What stops a whole transaction, whatever was done in it."""

    detail = "the database cannot do this now"
    hint = "try again in a moment"

    @property
    def meaning(self) -> Unavailable:
        """What is said of it when it is given up."""
        return Unavailable(self.detail, hint=self.hint)

    def allows(self, is_repeatable: bool) -> bool:  # noqa: FBT001 - the only question
        """Whether the job may be run again; repeatable: it knows if it was done."""
        del is_repeatable
        return False

    def instead_of(self, error: BaseException) -> BaseException:
        """Return what is told of an error that came when the job was run again."""
        del self
        return error

    def after(self, before: "Hindrance | None") -> "Hindrance":
        """Return which of two is to be told: what may have been done stays so."""
        return before if isinstance(before, Unknown) else self


class Clash(Hindrance):
    """Two transactions stood in each other's way; the job may be run again."""

    detail = "other writes stood in the way of this one"

    def allows(self, is_repeatable: bool) -> bool:  # noqa: FBT001 - as above
        """Say yes: all of it was undone."""
        del is_repeatable
        return True


class Lost(Hindrance):
    """The server, or the node of a cluster that has the campaign, is away."""

    def allows(self, is_repeatable: bool) -> bool:  # noqa: FBT001 - as above
        """Leave it to the job."""
        return is_repeatable


class Unknown(Lost):
    """The answer to COMMIT did not come: it was done, or it was not."""

    detail = "the database went away while this was saved: it may be saved or not"
    hint = (
        "look whether it is there before you send it again; sent with the same "
        "Idempotency-Key, it is done only once"
    )

    def instead_of(self, error: BaseException) -> BaseException:
        """Say still that it may have been done, if the server stays away."""
        return self.meaning if isinstance(error, Unavailable) else error


TOLD_EVERY_S = 60.0
"""One kind of trouble is logged no more often: a full disk stops every write."""
_log = structlog.get_logger("leadwell.database")


@dataclass
class Troubles:
    """Tells the log what kept one server's transactions from being done."""

    address: str
    _told: dict[str, float] = field(default_factory=dict[str, float])

    def note(self, error: BaseException) -> None:
        """Log a hindrance that was not told just now; a clash is nobody's trouble."""
        if not isinstance(error, Hindrance) or isinstance(error, Clash):
            return
        sqlstate, reason = _named(error)
        now = time.monotonic()
        if now - self._told.get(reason, float("-inf")) >= TOLD_EVERY_S:
            self._told[reason] = now
            _log.warning(
                "database_hindered",
                database=self.address,
                reason=reason,
                sqlstate=sqlstate,
            )


class DatabaseFault(Exception):
    """A statement that PostgreSQL refused: a mistake of ours, named by its SQLSTATE."""

    def __init__(self, said: str, error: psycopg.Error | None = None) -> None:
        """Keep of an error what quotes nobody; `None`: the server said nothing."""
        super().__init__(said)
        self.sqlstate = error.sqlstate if error else None
        self.constraint = error.diag.constraint_name if error else None


def meaning(error: psycopg.Error, *, is_broken: bool) -> Exception:
    """Return what is raised instead of an error; `is_broken`: its connection is."""
    hindrance = _hindrance(error, is_broken=is_broken)
    if hindrance is not None:
        return hindrance
    if isinstance(error, errors.QueryCanceled):
        return took_too_long()
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
    if isinstance(error, errors.UniqueViolation):
        # Another write has given the same name in this moment.
        return Hindrance().meaning
    said = f"PostgreSQL refused a statement: {error.sqlstate}"
    return DatabaseFault(said, error)


def of_commit(error: psycopg.Error, *, is_broken: bool) -> Exception:
    """Return what is raised instead of an error that COMMIT was answered with."""
    found = meaning(error, is_broken=is_broken)
    # 40003: the server itself cannot tell.
    is_unknown = isinstance(found, Lost) or error.sqlstate == "40003"
    return Unknown(error.sqlstate) if is_unknown else found


def unreachable(error: psycopg.Error, address: str) -> Refused:
    """Return the error for a database that cannot be opened."""
    said = str(error)
    found = (meaning for words, meaning in _REASONS if words in said)
    reason = next(found, "it does not answer")
    return Refused(
        f"{address} cannot be opened: {reason}",
        hint="check the address, the user and the password, and that the server runs",
    )


def _hindrance(error: psycopg.Error, *, is_broken: bool) -> Hindrance | None:
    if isinstance(error, _AGAIN):
        return Clash(error.sqlstate)
    # Class 08 may come from another node of a cluster, with this connection sound.
    if is_broken or isinstance(error, _LOST) or _is_class(error, "08"):
        return Lost(error.sqlstate)
    if isinstance(error, _BUSY) or _is_class(error, "53", "58"):
        return Hindrance(error.sqlstate)
    return None


def _named(hindrance: Hindrance) -> tuple[str | None, str]:
    """Return the SQLSTATE, and PostgreSQL's word for it."""
    sqlstate = hindrance.args[0] if hindrance.args else None
    try:
        return sqlstate, errors.lookup(sqlstate or "").__name__
    except KeyError:
        return sqlstate, "NoConnection"


def _is_class(error: psycopg.Error, *classes: str) -> bool:
    return (error.sqlstate or "")[:2] in classes
