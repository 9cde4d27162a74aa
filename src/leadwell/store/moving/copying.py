"""Copying a database's rows into another one; what is copied stays, whatever happens.

Rows are added in the order of their keys, a range in each transaction. So the greatest
key that the target has says where to go on, and nothing else has to be remembered.
"""

from collections.abc import Iterator
from functools import partial

from leadwell.errors import Refused
from leadwell.store import migrations
from leadwell.store.connection import Connection, Database, Row
from leadwell.store.moving.tables import (
    Stride,
    Table,
    everything,
    find_after,
    find_last_key,
    is_empty,
)

_OF_A_NEW_ONE = frozenset({"migration", "last_id"})
"""What a new database has rows in: those of the source take their place."""


def begin(target: Database, source: str, now: int) -> bool:
    """Mark the target as half a copy, which no hub opens; `True`: it was one already.

    `source` is the address of what is copied; `now` is in microseconds since 1970.

    Raises:
        Refused: the target has rows, is another program's, or half of another copy.
    """
    return target.write(partial(_begin, source=source, now=now)).result()


def copy(source: Database, target: Database, table: Table) -> Iterator[int]:
    """Copy what the target lacks behind its last key; yield the count of each range.

    Raises:
        Refused: a text holds what PostgreSQL cannot keep, or somebody else writes too.
    """
    with target.reading() as connection:
        after = find_last_key(connection, table)
    stride = Stride(table)
    while True:
        # A transaction for each range: none is held open for hours.
        with source.reading() as connection:
            rows = find_after(connection, table, after, stride.rows)
        if not rows:
            return
        if target.is_remote:
            _check_texts(table, rows)
        target.write(partial(_add, table=table, rows=rows, after=after)).result()
        after = table.key_of(rows[-1])
        stride.follow(rows)
        yield len(rows)


def clear(target: Database, table: Table) -> None:
    """Empty a table whose rows are not those of the source, to copy it anew."""
    target.write(partial(_clear, table=table)).result()


def end(target: Database) -> None:
    """Take the mark away: from now on hubs may open the target."""
    target.write(lambda c: c.run(f"DROP TABLE {migrations.HALF}")).result()


def _begin(connection: Connection, *, source: str, now: int) -> bool:
    connection.lock_schema()
    begun = migrations.copied_from(connection)
    if begun == source:
        return True
    if begun is not None:
        raise Refused(
            f"the target holds half a copy of {begun}, not of {source}",
            hint=f"go on with --from {begun}, or name an empty database",
        )
    if migrations.version_of(connection):
        _check_empty(connection)
    migrations.apply(connection, now)
    for table in everything():
        if table.name in _OF_A_NEW_ONE:
            _clear(connection, table)
    connection.run(f"CREATE TABLE {migrations.HALF} (source TEXT PRIMARY KEY)")
    connection.run(
        f"INSERT INTO {migrations.HALF} (source) VALUES (:source)", {"source": source}
    )
    return False


def _check_empty(connection: Connection) -> None:
    # Before its tables are asked: an older schema may lack one.
    migrations.check_current(connection)
    for table in everything():
        if table.name not in _OF_A_NEW_ONE and not is_empty(connection, table):
            raise Refused(
                f"the target is not empty: it has rows in {table.name}",
                hint="name a new, empty database with --to; nothing was changed",
            )


def _add(
    connection: Connection, *, table: Table, rows: list[Row], after: Row | None
) -> None:
    connection.lock_schema()
    if find_last_key(connection, table) != after:
        raise Refused(
            "something else writes to the target",
            hint="let no other copy and no hub run, then run this again",
        )
    connection.load(table.name, table.columns, rows)


def _clear(connection: Connection, table: Table) -> None:
    connection.run(f"DELETE FROM {table.name}")


def _check_texts(table: Table, rows: list[Row]) -> None:
    for row in rows:
        for column, value in zip(table.columns, row, strict=True):
            if isinstance(value, str) and "\x00" in value:
                ids = zip(table.key, table.key_of(row), strict=True)
                # Only numbers are shown: a text of a key may be somebody's address.
                shown = ", ".join(f"{k} {v}" for k, v in ids if isinstance(v, int))
                raise Refused(
                    f"{column} of {table.name} has the character NUL, which "
                    f"PostgreSQL cannot keep ({shown or 'by its text'})",
                    hint="change that text on the source, then run this again",
                )
