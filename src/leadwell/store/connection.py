"""What every function of the store is given: one open transaction of some database."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
P = ParamSpec("P")

Row = tuple[Any, ...]
Params = Mapping[str, Any]
EPOCH_BYTES = 8
REMEMBERED_MAX = 4_096
"""Answers that are remembered of one moment."""
_NOTHING = object()


class Dialect(Protocol):
    """Where the databases write the same thing differently."""

    @property
    def tables(self) -> str:
        """The statement that lists the names of the tables there are."""
        ...

    @property
    def size(self) -> str:
        """The statement that tells how many bytes the database has."""
        ...

    def held(self, column: str, field_id: int, *, is_number: bool) -> str:
        """Write the value of a field in one of the lead's JSON columns."""
        ...

    def among(self, column: str, name: str) -> str:
        """Write that a column is in the list that a parameter binds."""
        ...

    def listed(self, held: Sequence[int] | Sequence[str]) -> Any:
        """Return a list as a parameter binds it."""
        ...


class Connection(Protocol):
    """One transaction. Parameters are named, `:name`, and bound by the driver."""

    @property
    def dialect(self) -> Dialect:
        """How this database writes what differs."""
        ...

    @property
    def memo(self) -> dict[Row, Any]:
        """What this process remembers of the database, keyed by a row that it is of."""
        ...

    def moment_of(self, campaign_id: int | None) -> dict[Row, Any] | None:
        """Return what was read already of this moment of a campaign, for all to add to.

        `None` as a campaign: of what is of none. `None` is returned in a write: what it
        reads may be undone.
        """
        ...

    @property
    def epoch(self) -> bytes:
        """The random name of what this process adds to a campaign's history."""
        ...

    @property
    def history(self) -> str:
        """Names the history that is read: another one may lack what this one has."""
        ...

    def clock(self) -> int:
        """Return the database's own clock, in microseconds since 1970.

        For what hubs agree on whose clocks may differ. No lead is stamped by it.
        """
        ...

    def tell(self, campaign_id: int | None) -> None:
        """Have every process told, once this is durable, that a campaign has changed.

        A hint that may be lost; `None`: any campaign may have.
        """
        ...

    def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        """Run one statement and return all its rows."""
        ...

    def run(self, sql: str, params: Params | None = None) -> None:
        """Run one statement that answers nothing."""
        ...

    def run_many(self, sql: str, params: list[Params]) -> None:
        """Run one statement once for each set of parameters."""
        ...

    def load(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add many rows to a table, in the fastest way that there is."""
        ...

    def lock_schema(self) -> None:
        """Wait until no other process changes the schema, to the end of this."""
        ...

    def as_run(self, sql: str) -> str:
        """Return a script of the schema as this database runs it."""
        ...

    def change_schema(self, sql: str) -> None:
        """Run a script of the schema; it is written for SQLite (ADR 0012)."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at in a database."""

    state: str
    """ok, warn or fail."""
    what: str
    said: str


@dataclass(frozen=True, slots=True)
class Joint(Generic[T]):
    """A job that is done in one go with others of its kind that wait for one commit.

    What they need to read and write in common is then read and written once.
    """

    kind: Hashable
    """Jobs are done together when theirs is the same."""
    weight: int
    """How many rows it is about."""
    piece: Any
    """What is to be done."""
    do_all: "Callable[[Connection, Sequence[Any]], list[T | Exception]]"
    """Does some pieces, each of which may be refused without a trace by itself."""

    def __call__(self, connection: Connection) -> T:
        """Do it alone."""
        (outcome,) = self.do_all(connection, [self.piece])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def with_all(self, jobs: Sequence[object]) -> Callable[[Connection], list[Any]]:
        """Return the job that does what all of these are to do."""
        pieces = [each.piece for each in cast("Sequence[Joint[Any]]", jobs)]

        def run(connection: Connection) -> list[Any]:
            return self.do_all(connection, pieces)

        return run


JOINT_WEIGHT_MAX = 1_000
"""So many rows are written in one go: others wait meanwhile."""


def joined(
    jobs: Sequence[T], job_of: Callable[[T], Callable[[Connection], object]]
) -> Iterator[list[T]]:
    """Split what waits for one commit into runs that are done in one go."""
    run: list[T] = []
    kind: Hashable = None
    weight = 0
    for each in jobs:
        job = job_of(each)
        own, more = (job.kind, job.weight) if isinstance(job, Joint) else (None, 0)
        if run and (own is None or own != kind or weight + more > JOINT_WEIGHT_MAX):
            yield run
            run, weight = [], 0
        run.append(each)
        kind, weight = own, weight + more
    if run:
        yield run


def outcome_of(found: object) -> tuple[Any, Exception | None]:
    """Return what came of a piece, and why it was refused."""
    return (None, found) if isinstance(found, Exception) else (found, None)


class Database(Protocol):
    """A database that is open for as long as the process lives."""

    @property
    def address(self) -> str:
        """What messages call it; never with a password."""
        ...

    @property
    def identity(self) -> str:
        """What tells it from every other one, from wherever it is named."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether even a read of one row may have to wait: for a network, or a lock."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a read transaction: all its statements see the same moment."""
        ...

    def read(self, job: Callable[[Connection], T]) -> T:
        """Run a job in a read transaction, of the primary or of a replica.

        It sees whatever had been written when it was asked for. It may be run again,
        on the primary, when a replica could not answer.
        """
        ...

    def write(
        self,
        job: Callable[[Connection], T],
        *,
        campaign_id: int | None = None,
        is_repeatable: bool = False,
    ) -> "Future[T]":
        """Run a job that leaves no trace if it raises; done when it is durable.

        Jobs that take the ticket of one campaign run one after another, and those that
        say whose it is share commits, in the order of coming. A job may be run again
        when it clashed with others, and one that finds out by a row of its own that it
        was done already (`is_repeatable`) also when the database went away.
        """
        ...

    @property
    def is_hearing(self) -> bool:
        """Whether all that processes tell is heard; else who waits has to look."""
        ...

    def hear(self, heard: Callable[[int | None], None]) -> None:
        """Have a function called with each campaign that a process tells of.

        With `None` when any may have changed. It is called from a thread of its own,
        and also when `is_hearing` has changed.
        """
        ...

    def check_unused(self) -> None:
        """Refuse a database that something else has open.

        Raises:
            Refused: it has, and may write.
        """
        ...

    def warm(self) -> None:
        """Open beforehand what the first requests would have to wait for."""
        ...

    def empty_log(self) -> bool:
        """Leave nothing that was deleted in the log of writes; `False`: not yet.

        For what was erased must not be found in any file.
        """
        ...

    def aside(self) -> list[str]:
        """Return why each replica is put aside; an empty text for one that answers."""
        ...

    def checkup(self, *, deep: bool = False) -> list[Finding]:
        """Look at what an operator wants to know of the database's health.

        `deep`: at every page of it, as far as the database can, while others use it.
        """
        ...

    def close(self) -> None:
        """Finish the jobs that were handed in, and close."""
        ...


class Reader(Protocol[P, T_co]):
    """A function of the store that reads."""

    def __call__(
        self, connection: Connection, *args: P.args, **kwargs: P.kwargs
    ) -> T_co:
        """Read something."""
        ...


def remembered(function: Reader[P, T]) -> Reader[P, T]:
    """Read the same thing once for each moment of the database.

    For what many requests need and few writes change. What is asked must be hashable,
    and the campaign that it is of comes first.
    """

    @wraps(function)
    def read(connection: Connection, *args: P.args, **kwargs: P.kwargs) -> T:
        make = partial(function, connection, *args, **kwargs)
        return remember(connection, cast("int", args[0]), (function, *args), make)

    return read


def remembered_of_hub(function: Reader[P, T]) -> Reader[P, T]:
    """Read the same thing once for each moment of the database, of no campaign."""

    @wraps(function)
    def read(connection: Connection, *args: P.args, **kwargs: P.kwargs) -> T:
        make = partial(function, connection, *args, **kwargs)
        return remember(connection, None, (function, *args), make)

    return read


def remember(
    connection: Connection, campaign_id: int | None, key: Row, make: Callable[[], T]
) -> T:
    """Return what was made of this moment of a campaign under a key, or make it."""
    moment = connection.moment_of(campaign_id)
    if moment is None:
        return make()
    # Several threads may read one moment: what is not there at one look is made.
    found = moment.get(key, _NOTHING)
    if found is _NOTHING:
        if len(moment) >= REMEMBERED_MAX:
            moment.clear()
        found = moment[key] = make()
    return cast("T", found)


def forget(connection: Connection, campaign_id: int | None, key: Row) -> None:
    """Forget what was remembered under a key: it no longer holds."""
    moment = connection.moment_of(campaign_id)
    if moment is not None:
        moment.pop(key, None)


def one(rows: list[Row]) -> Row | None:
    """Return the only row, or `None` when there is none."""
    return rows[0] if rows else None
