"""A warehouse in a SQLite file, for what needs no dlt; it can be away, or refuse."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leadwell.sync.destinations.push.warehouse.columns import REMOVED
from leadwell.sync.destinations.push.warehouse.contents import LEADS, MARK, Content


@dataclass
class Warehouse:
    """Engines of one warehouse, and what goes wrong in it."""

    path: Path
    faults: list[Exception | None] = field(default_factory=list[Exception | None])
    """What each next load meets: after it, as an answer may be lost, or nothing."""
    loads: list[dict[str, int]] = field(default_factory=list[dict[str, int]])
    """How many rows each load had, by table."""
    opened: list[tuple[str, str, str]] = field(
        default_factory=list[tuple[str, str, str]]
    )
    checked: list[str] = field(default_factory=list[str])

    def check(self, destination: str) -> None:
        self.checked.append(destination)

    def open(
        self, destination: str, dataset: str, name: str, folder: Path
    ) -> "Warehouse":
        assert not folder.exists()
        self.opened.append((destination, dataset, name))
        return self

    def load(self, contents: Sequence[Content]) -> None:
        self.loads.append({each.table: len(each.rows) for each in contents})
        with self.connected() as connection:
            for each in contents:
                put(connection, each)
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault

    def marks(self) -> list[tuple[int, str]] | None:
        if MARK not in self.tables():
            return None
        return self.rows(f"SELECT campaign_id, ledger FROM {MARK}")  # noqa: S608 - ours

    def has_leads(self) -> bool:
        return LEADS in self.tables()

    def drop(self, tables: Iterable[str]) -> None:
        for table in tables:
            self.change(f"DROP TABLE IF EXISTS {table}")

    def close(self) -> None:
        """Let go of nothing: each step has a connection of its own."""

    def tables(self) -> set[str]:
        return {name for (name,) in self.rows("SELECT name FROM sqlite_master")}

    def columns(self) -> list[str]:
        found = self.rows("SELECT name FROM pragma_table_info('leads')")
        return [name for (name,) in found]

    def rows(self, sql: str) -> list[Any]:
        with self.connected() as connection:
            return connection.execute(sql).fetchall()

    def change(self, sql: str) -> None:
        with self.connected() as connection:
            connection.execute(sql)

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            yield connection


def put(connection: sqlite3.Connection, content: Content) -> None:
    """Store rows as a warehouse does: columns are added, and never changed."""
    table, names = content.table, [shape.name for shape in content.shapes]
    kinds = {shape.name: shape.type for shape in content.shapes}
    connection.execute(f"CREATE TABLE IF NOT EXISTS {table} (leadwell_unused)")
    asked = "SELECT name, type FROM pragma_table_info(?)"
    held: dict[str, str] = dict(connection.execute(asked, [table]).fetchall())
    for name in names:
        if name not in held:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kinds[name]}")
        assert held.get(name, kinds[name]).lower() == kinds[name], name
    removed = f"DELETE FROM {table}"  # noqa: S608 - a table of ours
    marks = ", ".join("?" * len(names))
    added = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608
    if content.key is None:
        connection.execute(removed)
    for row in content.rows:
        cells = dict(zip(names, row, strict=True))
        if content.key:
            connection.execute(f"{removed} WHERE {content.key} = ?", [row[0]])
        if not cells.get(REMOVED):
            connection.execute(added, row)
