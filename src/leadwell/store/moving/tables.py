"""What tables there are, as the schema says, and their rows in ranges of keys."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache

import apsw

from leadwell.store import migrations
from leadwell.store.connection import Connection, Row

ROWS_FIRST = 16
ROWS_MAX = 2_000
CHUNK_BYTES = 1 << 20
"""About how much is held in memory at once."""
ONE_BY_ONE = frozenset({"index_snapshot"})
"""A row of these is as large as its campaign."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, its columns, and which of them are its primary key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    def key_of(self, row: Row) -> Row:
        """Return the key of a row of all columns."""
        return tuple(row[self.columns.index(name)] for name in self.key)


@cache
def everything() -> tuple[Table, ...]:
    """Return every table of today's schema; read from it, so that none is forgotten."""
    found: dict[str, list[tuple[str, int]]] = {}
    with closing(apsw.Connection(":memory:")) as raw:
        raw.execute(migrations.schema()).fetchall()
        for table, column, place in raw.execute(
            """
            SELECT m.name, c.name, c.pk
              FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
             WHERE m.type = 'table'
             ORDER BY m.name, c.cid
            """
        ):
            found.setdefault(table, []).append((column, place))
    return tuple(_table(name, columns) for name, columns in found.items())


def find_after(
    connection: Connection, table: Table, after: Row | None, limit: int
) -> list[Row]:
    """Return the rows behind a key, in the order of keys; `None`: the first ones."""
    order = ", ".join(table.key)
    names = [f"key_{number}" for number in range(len(table.key))]
    behind = f"WHERE ({order}) > ({', '.join(f':{name}' for name in names)})"
    return connection.rows(
        f"""
        SELECT {", ".join(table.columns)} FROM {table.name}
         {behind if after else ""}
         ORDER BY {order}
         LIMIT :limit
        """,
        {"limit": limit, **dict(zip(names, after or (), strict=False))},
    )


def find_last_key(connection: Connection, table: Table) -> Row | None:
    """Return the greatest key of a table; `None`: it has no row."""
    found = connection.rows(
        f"""
        SELECT {", ".join(table.key)} FROM {table.name}
         ORDER BY {", ".join(f"{name} DESC" for name in table.key)}
         LIMIT 1
        """
    )
    return found[0] if found else None


def is_empty(connection: Connection, table: Table) -> bool:
    """Tell whether a table has no row."""
    return find_last_key(connection, table) is None


class Stride:
    """How many rows are taken at once, so that their size stays about the same."""

    def __init__(self, table: Table) -> None:
        """Begin with few: how large they are is not known yet."""
        self._most = 1 if table.name in ONE_BY_ONE else ROWS_MAX
        self.rows = min(ROWS_FIRST, self._most)

    def follow(self, rows: list[Row]) -> None:
        """Take as many next time as have the size that is wanted."""
        size = sum(_sizes(rows)) // max(1, len(rows))
        fitting = CHUNK_BYTES // max(1, size)
        # Never many more than before: the next ones may be larger.
        self.rows = max(1, min(fitting, self.rows * 4, self._most))


def _table(name: str, columns: list[tuple[str, int]]) -> Table:
    key = sorted((place, column) for column, place in columns if place)
    return Table(
        name,
        tuple(column for column, _ in columns),
        tuple(column for _, column in key),
    )


def _sizes(rows: list[Row]) -> Iterator[int]:
    for row in rows:
        for value in row:
            yield len(value) if isinstance(value, str | bytes) else 8
