"""One transaction of PostgreSQL, behind the protocol that the store knows."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.types.numeric import Int8BinaryDumper, NumericBinaryLoader

from leadwell.store.connection import Params, Row, one
from leadwell.store.engines import citus
from leadwell.store.engines.chronicle import Moments, Place
from leadwell.store.engines.postgres_errors import (
    DatabaseFault,
    Hindrance,
    meaning,
    of_commit,
)
from leadwell.store.engines.postgres_text import rendered, statements, translated

Raw = psycopg.Connection[Row]

_CLOCK = """
SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)
"""
_SCHEMA_LOCK = 0x6C656164
"""The number of the lock that changes of the schema take: `lead`."""


class WholeLoader(NumericBinaryLoader):
    """Reads the sum of whole numbers, which PostgreSQL widens, as one."""

    def load(self, data: Any) -> Any:
        """Read a number of any width."""
        return int(super().load(data))


def adapt(raw: Raw) -> None:
    """Bind every whole number as a BIGINT, so that a statement has one plan."""
    raw.adapters.register_dumper(int, Int8BinaryDumper)
    raw.adapters.register_loader("numeric", WholeLoader)


class PostgresDialect:
    """PostgreSQL's way of reading JSON, and of saying what tables there are."""

    tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    size = "SELECT pg_database_size(current_database())"

    def held(self, column: str, field_id: int, *, is_number: bool) -> str:
        """Read a member of a JSON object as a double, or as text by its bytes."""
        member = f"lead.{column}::jsonb ->> '{int(field_id)}'"
        if is_number:
            return f"CAST({member} AS DOUBLE PRECISION)"
        return f'({member}) COLLATE "C"'

    def among(self, column: str, name: str) -> str:
        """Compare with an array."""
        return f"{column} = ANY(:{name})"

    def listed(self, held: Sequence[int] | Sequence[str]) -> list[Any]:
        """Bind the list as an array."""
        return list(held)


class PostgresConnection:
    """One connection, used by one thread at a time."""

    dialect = PostgresDialect()

    moments: Moments | None = None
    """What was read of the moments that this transaction sees; `None`: it writes."""
    snapshot: str | None = None
    """Names what a reading transaction sees; `None`: nothing can."""
    is_spread = False
    """Whether each campaign is on a machine of its own, with moments of its own."""
    history = ""
    place = Place(None, "", 0)
    """Where the server stood when the transaction began."""

    def __init__(self, raw: Raw, memo: dict[Row, Any], epoch: bytes = b"") -> None:
        """Speak through a connection of the pool."""
        self.raw = raw
        self.memo = memo
        self.epoch = epoch
        self.fault: Exception | None = None
        """What the database refused first in this transaction."""
        self.told: set[int | None] = set()
        """The campaigns that others are told of once this is committed."""
        self._moments: dict[int | None, dict[Row, Any]] = {}

    def moment_of(self, campaign_id: int | None) -> dict[Row, Any] | None:
        """Return what was read already of the moment that is seen of a campaign.

        Of campaigns that are spread it is that of the machine which has the campaign,
        and what is of none is not remembered.
        """
        if self.moments is None:
            return None
        whose = campaign_id if self.is_spread else None
        found = self._moments.get(whose)
        if found is None:
            stand = (self.place.server, self.snapshot)
            if whose is not None:
                told = one(self.rows(citus.STAND, {"campaign_id": whose}))
                # There may be no such campaign.
                stand = ("", None) if told is None else (told[0], told[1])
            found = self._moments[whose] = self.moments.at(*stand)
        return found

    def tell(self, campaign_id: int | None) -> None:
        """Have it told after the commit: within, NOTIFY has all commits wait in line.

        That a job was undone alone is not looked at: it is a hint.
        """
        self.told.add(campaign_id)

    def clock(self) -> int:
        """Return the server's clock, in microseconds since 1970."""
        ((now,),) = self.rows(_CLOCK)
        return int(now)

    def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        """Run one statement and return all its rows."""
        try:
            found = self.raw.execute(translated(sql), params or {}, binary=True)
            return found.fetchall()
        except psycopg.Error as error:
            raise self.meaning(error) from None

    def run(self, sql: str, params: Params | None = None) -> None:
        """Run one statement that answers nothing."""
        try:
            self.raw.execute(translated(sql), params or {})
        except psycopg.Error as error:
            raise self.meaning(error) from None

    def run_many(self, sql: str, params: list[Params]) -> None:
        """Run one statement once for each set of parameters, in one round trip."""
        try:
            self.raw.cursor().executemany(translated(sql), params)
        except psycopg.Error as error:
            raise self.meaning(error) from None

    def load(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add many rows to a table by COPY."""
        sql = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        try:
            with self.raw.cursor().copy(sql.encode()) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:
            raise self.meaning(error) from None

    def plain(self, sql: str) -> None:
        """Run statements that take no parameters in one round trip."""
        try:
            self.raw.execute(sql.encode())
        except psycopg.Error as error:
            raise self.meaning(error) from None

    def as_run(self, sql: str) -> str:
        """Return a script of the schema as PostgreSQL runs it."""
        return rendered(sql)

    def change_schema(self, sql: str) -> None:
        """Run a script that is written for SQLite; it may hold several statements.

        On a database that is spread over machines, new tables are spread too. Each
        statement is sent by itself: where one makes an index, Citus hands on to the
        other machines all that was sent with it, which they refuse.
        """
        is_citus = citus.is_there(self)
        if is_citus:
            self.plain(citus.ONE_BY_ONE)
        for statement in statements(self.as_run(sql)):
            self.plain(statement)
        if is_citus:
            citus.follow(self)

    def lock_schema(self) -> None:
        """Wait until no other process changes the schema, to the end of this."""
        self.plain(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")

    def save(self) -> None:
        """Begin what can be undone alone; what it reads is remembered by nobody."""
        self.memo = {}
        self.plain("SAVEPOINT job")

    def release(self) -> None:
        """Keep what was done since; fails if anything of it has failed."""
        if self.fault is not None:
            raise self.fault
        self.plain("RELEASE job")

    def undo(self) -> None:
        """Undo what was done since.

        Raises:
            Hindrance: it concerns the whole transaction.
        """
        if isinstance(self.fault, Hindrance):
            raise self.fault from None
        self.plain("ROLLBACK TO job; RELEASE job")
        self.fault = None

    def commit(self) -> None:
        """Make durable what was done; fails if anything has failed before.

        After an error PostgreSQL answers COMMIT by rolling back, and reports success.

        Raises:
            Unknown: no answer came.
        """
        if self.fault is not None:
            raise self.fault
        try:
            done = self.raw.execute(b"COMMIT")
        except psycopg.Error as error:
            self.fault = of_commit(error, is_broken=self.raw.broken)
            raise self.fault from None
        if done.statusmessage != "COMMIT":
            raise DatabaseFault("PostgreSQL has undone a transaction")

    def meaning(self, error: psycopg.Error) -> Exception:
        """Return what is raised instead of an error of this connection."""
        found = meaning(error, is_broken=self.raw.broken)
        self.fault = self.fault or found
        return found
