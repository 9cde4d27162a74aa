"""A copy in a schema of a PostgreSQL database.

A batch goes over as one text of JSON and is stored by one statement: the server takes
it apart, and needs no table in between, as COPY would. A lock that lasts
to the end of the transaction keeps two writers apart, whoever makes the tables first.
"""

import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import psycopg
from psycopg import IsolationLevel

from leadwell.sync.cells import Row
from leadwell.sync.destinations.base import Copy
from leadwell.sync.destinations.database import quoted
from leadwell.sync.destinations.postgres.address import Address, read
from leadwell.sync.destinations.postgres.meanings import explained
from leadwell.sync.destinations.tables import Tables
from leadwell.sync.state import State
from leadwell.sync.table import Column, Kind

WAIT_S = 30
"""How long another program that writes is waited for, and a connection."""
FETCHED = 10_000
"""Rows that are held at once while a copy is compared."""


@dataclass(frozen=True, slots=True)
class PostgresSchema:
    """A schema of a PostgreSQL database."""

    address: Address
    wait_s: int = WAIT_S
    scheme: ClassVar[str] = "postgresql"
    follows: ClassVar[bool] = True

    @property
    def text(self) -> str:
        """How the user names it, without a password."""
        return self.address.text

    def look(self) -> Copy:
        """Connect; nothing is made."""
        return self.open()

    def open(self) -> "PostgresCopy":
        """Connect; the schema is made by the first step, if it is not there."""
        return PostgresCopy(self.address, _connected(self))


class PostgresCopy(Tables):
    """An open copy in PostgreSQL."""

    types: ClassVar[Mapping[Kind, str]] = {
        Kind.WHOLE: "bigint",
        Kind.TEXT: "text",
        # Both are exact, and have no bound that a number of the hub could pass.
        Kind.NUMBER: "numeric",
        Kind.DECIMAL: "numeric",
        Kind.BOOLEAN: "boolean",
        Kind.DATE: "date",
        Kind.MOMENT: "timestamptz",
        Kind.CHOICE: "text",
        Kind.CHOICES: "text[]",
        Kind.PERSON: "bigint",
        Kind.DATA: "jsonb",
    }
    key: ClassVar[str] = "PRIMARY KEY"
    listed: ClassVar[str] = "SELECT value::bigint FROM json_array_elements_text(?)"
    chosen_labels: ClassVar[str] = (
        "CASE WHEN {column} IS NOT NULL THEN ARRAY("
        "SELECT o.label FROM options AS o WHERE o.field = {field}"
        " AND o.slug = ANY ({column}) ORDER BY o.position) END"
    )

    def __init__(self, address: Address, connection: psycopg.Connection) -> None:
        """Take over a connection."""
        self._address = address
        self._connection = connection

    @property
    def place(self) -> str:
        """Name the destination in messages."""
        return self._address.text

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _make(self, state: State) -> None:
        # IF NOT EXISTS would ask for the right to make one that is there.
        if not self._run("SELECT to_regnamespace(?)", [self._schema])[0][0]:
            self._run(f"CREATE SCHEMA {self._schema}")
        super()._make(state)

    @property
    def _schema(self) -> str:
        return quoted(self._address.schema)

    def _run(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with explained(self.place):
            found = self._connection.execute(*_asked(sql, parameters))
            return found.fetchall() if found.description else []

    def _many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        given = list(rows)
        if given:
            with explained(self.place), self._connection.cursor() as cursor:
                cursor.executemany(_asked(sql, given[0])[0], given)

    def _rows(self, sql: str) -> Iterator[Any]:
        with (
            explained(self.place),
            self._connection.transaction(),
            self._connection.cursor("leadwell_rows") as cursor,
        ):
            cursor.itersize = FETCHED
            cursor.execute(sql.encode())
            yield from cursor

    def _names(self) -> set[str]:
        sql = "SELECT relname FROM pg_class WHERE relkind NOT IN ('i', 'I', 'c')"
        sql += " AND relnamespace = to_regnamespace(?)"
        return {name for (name,) in self._run(sql, [self._schema])}

    def _columns(self) -> set[str]:
        sql = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(?)"
        sql += " AND attnum > 0 AND NOT attisdropped"
        return {name for (name,) in self._run(sql, [f"{self._schema}.leads"])}

    def _put(self, rows: Sequence[Row], columns: Sequence[Column]) -> None:
        names = [quoted(column.name) for column in columns]
        held = [f"{name} = excluded.{name}" for name in names[1:]]
        if self._keeps_removed():
            held += ["_removed_at = NULL", "_removed_reason = NULL"]
        told = ", ".join(f"told.{_cast(column)}" for column in columns)
        shape = ", ".join(f"{quoted(c.name)} {_shape(c.kind)}" for c in columns)
        sql = (
            f"INSERT INTO leads ({', '.join(names)})"
            f" SELECT {told} FROM json_to_recordset($1) AS told ({shape})"
            f" ON CONFLICT (id) DO UPDATE SET {', '.join(held)}"
        )
        # A name may have any letters, so the place of the value is written as the
        # server has it, and no sign of ours is looked for.
        with explained(self.place), psycopg.RawCursor(self._connection) as cursor:
            cursor.execute(sql.encode(), [_told(rows, columns)])

    @contextmanager
    def _transaction(self) -> "Generator[None]":
        with explained(self.place), self._connection.transaction():
            lock = "SELECT pg_advisory_xact_lock(hashtext('leadwell sync'),"
            self._run(f"{lock} hashtext(?))", [self._address.schema])
            yield


def _connected(place: PostgresSchema) -> psycopg.Connection:
    wanted: dict[str, Any] = {"connect_timeout": place.wait_s}
    if "connect_timeout=" in place.address.connection:
        wanted = {}
    with explained(place.text):
        connection = psycopg.connect(
            place.address.connection,
            autocommit=True,
            application_name="leadwell sync",
            client_encoding="UTF8",
            # Behind a pool the next transaction may be another server's.
            prepare_threshold=None,
            **wanted,
        )
        try:
            connection.isolation_level = IsolationLevel.READ_COMMITTED
            for name, value in (
                ("search_path", quoted(place.address.schema)),
                ("lock_timeout", f"{place.wait_s}s"),
                ("TimeZone", "UTC"),
            ):
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        except BaseException:
            connection.close()
            raise
    return connection


def _asked(sql: str, parameters: Sequence[Any]) -> tuple[bytes, Sequence[Any] | None]:
    """Write the places of values as psycopg has them; no name of a column is here."""
    if not parameters:
        return sql.encode(), None
    return sql.replace("%", "%%").replace("?", "%s").encode(), parameters


def _told(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    names = [column.name for column in columns]
    given = [dict(zip(names, row.cells, strict=True)) for row in rows]
    for name in (column.name for column in columns if column.kind is Kind.DATA):
        for lead in given:
            cell = lead[name]
            if isinstance(cell, str) and "u0000" in cell:
                lead[name] = _NUL.sub(r"\1\\ufffd", cell)
    return msgspec.json.encode(given).decode()


_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""A NUL in JSON, which jsonb cannot hold; what stands for it is U+FFFD."""


def _shape(kind: Kind) -> str:
    # A decimal is text in JSON, and JSON the text of it.
    return "text" if kind is Kind.DATA else PostgresCopy.types[kind]


def _cast(column: Column) -> str:
    name = quoted(column.name)
    return f"{name}::jsonb" if column.kind is Kind.DATA else name


def at(text: str) -> PostgresSchema:
    """Return the schema that an address names."""
    return PostgresSchema(read(text))
