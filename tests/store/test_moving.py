"""Moving a whole hub between databases, every pair of them both ways."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leadwell.store.connection import Connection, Database, Row
from leadwell.store.moving import going, tables
from leadwell.store.moving.going import Moved
from leadwell.store.moving.tables import Table, everything
from tests import make
from tests.rules.test_sql import TABLES

WAYS = [
    ("sqlite", "postgres"),
    ("postgres", "sqlite"),
    ("sqlite", "sqlite"),
    ("postgres", "postgres"),
]
HOLDS = ["Æblegård", "", "two\nlines", "quote ' and \\ and \t", "\U0001f600", "{}"]
"""Texts that one of the two could misread."""
NUMBERS = [0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)]
BYTES = [b"\x00\xff\\x41", b"", bytes(range(256))]


@pytest.fixture(params=WAYS, ids="-to-".join)
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def source(tmp_path: Path, way: tuple[str, str]) -> Iterator[Database]:
    database = make.a_database(tmp_path / "source.db", way[0])
    yield database
    database.close()


@pytest.fixture
def target(tmp_path: Path, way: tuple[str, str]) -> Iterator[Database]:
    database = make.an_empty_database(tmp_path / "target.db", way[1])
    yield database
    database.close()


def move(source: Database, target: Database) -> Moved:
    return going.move(source, target, name="the source", now=0, tell=_quiet)


def _quiet(what: str, table: str, rows: int) -> None:
    del what, table, rows


def rows_of(database: Database, table: Table) -> list[Row]:
    with database.reading() as connection:
        return tables.find_after(connection, table, None, 10_000)


def fill(database: Database, per_table: int = 7) -> None:
    """Rows in every table, of values that its columns may hold, whatever they mean."""

    def job(connection: Connection) -> None:
        kinds = types_of()
        for table in everything():
            rows = [
                tuple(
                    _value(kinds[table.name][column], number, column in table.key)
                    for column in table.columns
                )
                for number in range(per_table)
            ]
            connection.load(table.name, table.columns, sorted(rows))

    database.write(job).result()


def _value(kind: str, number: int, is_key: bool) -> Any:
    if kind == "INTEGER":
        return number + 100 if is_key else NUMBERS[number % len(NUMBERS)]
    if kind == "BLOB":
        return BYTES[number % 3] + (b"%d" % number)
    return f"{number}{HOLDS[number % len(HOLDS)]}"


def types_of() -> dict[str, dict[str, str]]:
    return {
        name: {words[0]: words[1] for words in map(str.split, lines)}
        for name, lines in TABLES.items()
    }


def test_every_row_of_every_table_arrives_as_it_was(source, target) -> None:
    fill(source)
    moved = move(source, target)
    assert moved.different == ()
    assert set(moved.rows) == {table.name for table in everything()}
    for table in everything():
        assert moved.rows[table.name] >= 7
        assert rows_of(source, table) == rows_of(target, table), table.name
