"""DuckDB: a file for analysis, with lists, dates and exact decimals of its own.

A batch goes in as a file of JSON and one statement: many times cheaper than a statement
for each lead, and half of what the same JSON takes as a parameter. No table has a key:
DuckDB takes a lead that is removed and stored again in one transaction for a double.
The step of the state, which each batch checks and changes, keeps two writers apart.
"""

import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import duckdb
import msgspec

from leadwell.sync.batches import Batch, Tally
from leadwell.sync.cells import Row
from leadwell.sync.destinations import files
from leadwell.sync.destinations.base import Copy, Overtaken
from leadwell.sync.destinations.database import quoted
from leadwell.sync.destinations.meanings import (
    FULL,
    NOT_OPENED,
    OTHER_TABLES,
    READ_ONLY,
    Meaning,
    meant,
    unknown,
)
from leadwell.sync.destinations.scratch import Scratch
from leadwell.sync.destinations.tables import Tables
from leadwell.sync.errors import (
    BusyDestination,
    ForeignDestination,
)
from leadwell.sync.table import Column, Kind

LINE_BYTES_MIN = 2**20
WAIT_S = 1.0
"""How long one is waited for who has the file open while it is to be written."""
BLOCKS = "32MiB"
"""So much of its file DuckDB has in memory between two steps; more saves no time."""
FETCHED = 10_000
"""Rows that are held at once while a copy is compared."""


@dataclass(frozen=True, slots=True)
class DuckDBFile:
    """A DuckDB database in a file."""

    path: Path
    scheme: ClassVar[str] = "duckdb"
    follows: ClassVar[bool] = True

    @property
    def text(self) -> str:
        """How the user names it."""
        return f"{self.scheme}:{self.path}"

    def look(self) -> Copy | None:
        """Open it to read; `None`: there is no file."""
        if not self.path.exists():
            return None
        return DuckDBCopy(self.text, _opened(self, read_only=True))

    def open(self) -> Copy:
        """Open it to write; one process at a time can."""
        _make(self)
        until = time.monotonic() + WAIT_S
        while True:
            try:
                return DuckDBCopy(self.text, _opened(self, read_only=False))
            except BusyDestination:
                # Another run that only looks lets go at once.
                if time.monotonic() > until:
                    raise
            time.sleep(WAIT_S / 20)


class DuckDBCopy(Tables):
    """An open copy in DuckDB."""

    types: ClassVar[Mapping[Kind, str]] = {
        Kind.WHOLE: "BIGINT",
        Kind.TEXT: "VARCHAR",
        Kind.NUMBER: "DOUBLE",
        Kind.DECIMAL: "DECIMAL(36, 12)",
        Kind.BOOLEAN: "BOOLEAN",
        Kind.DATE: "DATE",
        # In UTC. One with a zone would need another package to be read in Python.
        Kind.MOMENT: "TIMESTAMP",
        Kind.CHOICE: "VARCHAR",
        Kind.CHOICES: "VARCHAR[]",
        Kind.PERSON: "BIGINT",
        Kind.DATA: "JSON",
    }
    key: ClassVar[str] = "NOT NULL"
    listed: ClassVar[str] = """SELECT unnest(from_json(?, '["BIGINT"]'))"""
    chosen_labels: ClassVar[str] = (
        "CASE WHEN {column} IS NOT NULL THEN coalesce("
        "(SELECT list(o.label ORDER BY o.position) FROM options AS o"
        " WHERE o.field = {field} AND list_contains({column}, o.slug)), []) END"
    )

    def __init__(self, text: str, connection: duckdb.DuckDBPyConnection) -> None:
        """Take over a connection."""
        self._text = text
        self._connection = connection
        self._scratch: Scratch | None = None

    @property
    def place(self) -> str:
        """Name the destination in messages."""
        return self._text

    def close(self) -> None:
        """Close the connection, and let others open the file."""
        self._connection.close()
        if self._scratch is not None:
            self._scratch.close()

    def keep(self, batch: Batch, step: int | None) -> Tally:
        """Store a batch and its state in one transaction."""
        tally = super().keep(batch, step)
        self._let_go()
        return tally

    def _let_go(self) -> None:
        """Have DuckDB let go of blocks of its file; it keeps all that it has room for.

        A bound for the work itself would do so too, and ends it for good where leads
        are large: a checkpoint that finds no room cannot be tried again.
        """
        with suppress(duckdb.OutOfMemoryException):
            self._connection.execute(f"SET memory_limit = '{BLOCKS}'")
        self._run("RESET memory_limit")

    def _run(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with explained(self._text):
            return self._connection.execute(sql, list(parameters)).fetchall()

    def _many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            self._run(sql, row)

    def _rows(self, sql: str) -> Iterator[Any]:
        with explained(self._text):
            found = self._connection.execute(sql)
            while chunk := found.fetchmany(FETCHED):
                yield from chunk

    def _names(self) -> set[str]:
        # Other schemas may have tables of the same names: they are somebody else's.
        sql = "SELECT table_name FROM information_schema.tables"
        sql += " WHERE table_catalog = current_database()"
        sql += " AND table_schema = current_schema()"
        return {name for (name,) in self._run(sql)}

    def _columns(self) -> set[str]:
        # A third of what information_schema costs, which is asked for each step.
        sql = "SELECT name FROM pragma_table_info('leads')"
        return {name for (name,) in self._run(sql)}

    def _put(self, rows: Sequence[Row], columns: Sequence[Column]) -> None:
        names = [column.name for column in columns]
        held = [f"{quoted(name)} = told.{quoted(name)}" for name in names[1:]]
        if self._keeps_removed():
            held += ["_removed_at = NULL", "_removed_reason = NULL"]
        listed = ", ".join(map(quoted, names))
        told = ", ".join(f"told.{quoted(name)}" for name in names)
        with self._written(rows, columns) as leads:
            self._run(
                f"MERGE INTO leads USING ({leads.sql}) AS told"
                " ON leads.id = told.id"
                f" WHEN MATCHED THEN UPDATE SET {', '.join(held)}"
                f" WHEN NOT MATCHED THEN INSERT ({listed}) VALUES ({told})",
                [leads.path],
            )

    def _put_new(self, rows: Sequence[Row], columns: Sequence[Column]) -> None:
        if self._keeps_removed():
            # Among what is not known are leads that are marked as removed.
            self._put(rows, columns)
            return
        with self._written(rows, columns) as leads:
            self._run(f"INSERT INTO leads BY NAME {leads.sql}", [leads.path])

    @contextmanager
    def _written(
        self, rows: Sequence[Row], columns: Sequence[Column]
    ) -> "Generator[_Written]":
        """Write leads into a file that DuckDB reads, for as long as this is open."""
        text = _lines(rows, columns)
        with files.explained("the folder for temporary files"):
            path = self._folder() / "leads"
            path.write_bytes(text)
        try:
            yield _Written(str(path), _reading(columns, len(text)))
        finally:
            path.unlink(missing_ok=True)

    def _folder(self) -> Path:
        if self._scratch is None:
            self._scratch = Scratch()
            # What does not fit into memory would stand beside the database, open to
            # all, and outlive a run that is killed.
            self._run(f"SET temp_directory = {_text(str(self._scratch.path))}")
        return self._scratch.path

    @contextmanager
    def _transaction(self) -> "Generator[None]":
        self._run("BEGIN")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            _roll_back(self._connection)
            raise


def _make(file: DuckDBFile) -> None:
    """Make an empty database, if there is none, whole from the first moment on.

    DuckDB itself makes a file that is no database yet, fills it, and refuses for ever
    what a run has left that was killed in between.
    """
    path = file.path
    # What is left in a log of one that was deleted, DuckDB alone may throw away.
    log = path.with_name(f"{path.name}.wal")
    if path.exists() or log.exists() or not path.parent.is_dir():
        return
    with (
        files.explained(file.text),
        explained(file.text),
        Scratch(path.parent, f".{path.name}-") as folder,
    ):
        new = folder / "new"
        duckdb.connect(str(new)).close()
        try:
            # Unlike a renaming, it never takes the place of what others have made.
            path.hardlink_to(new)
        except OSError:
            # Another run was faster; or there are no links, and DuckDB makes it itself.
            return


def _opened(file: DuckDBFile, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    with explained(file.text):
        # Nothing is fetched from elsewhere: what a copy needs is in the package.
        return duckdb.connect(
            str(file.path),
            read_only=read_only,
            # One thread is enough for some thousand leads, and others would only wait.
            config={
                "autoinstall_known_extensions": "false",
                "threads": 1,
                "temp_directory": "",
            },
        )


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.rollback()
    except duckdb.Error:
        # A fault of the disk has ended the transaction already.
        return


class _Written(NamedTuple):
    """Leads in a file."""

    path: str
    sql: str
    """Reads them as rows; its parameter is the path."""


def _lines(rows: Sequence[Row], columns: Sequence[Column]) -> bytes:
    names = [column.name for column in columns]
    given = [dict(zip(names, row.cells, strict=True)) for row in rows]
    return msgspec.json.Encoder().encode_lines(given)


def _reading(columns: Sequence[Column], size: int) -> str:
    shape = ", ".join(f"{_text(c.name)}: {_text(_shape(c.kind))}" for c in columns)
    return (
        "SELECT * FROM read_json(?, format = 'newline_delimited', compression = 'none',"
        # No lead is larger than all of them, and each reader takes twice as much.
        f" maximum_object_size = {max(size, LINE_BYTES_MIN)}, columns = {{{shape}}})"
    )


def _shape(kind: Kind) -> str:
    # JSON arrives as the text of it: nobody between here and there reads its numbers.
    return "VARCHAR" if kind is Kind.DATA else DuckDBCopy.types[kind]


def _text(given: str) -> str:
    return "'{}'".format(given.replace("'", "''"))


@contextmanager
def explained(text: str) -> "Generator[None]":
    """Say of DuckDB's errors what they mean for the user."""
    try:
        yield
    except duckdb.Error as error:
        said = str(error)
        if isinstance(error, duckdb.TransactionException) and "onflict" in said:
            raise Overtaken from error
        known = (what for words, what in _WHAT.items() if words in said)
        raise meant(text, next(known, unknown(said))) from error


_WHAT: Mapping[str, Meaning] = {
    "Could not set lock": (
        BusyDestination,
        "is open in another program",
        "DuckDB lets one program write at a time: close it there, and run again",
    ),
    "not a valid DuckDB": (
        ForeignDestination,
        "is no DuckDB database",
        "nothing was touched: name another file",
    ),
    "No space left": FULL,
    "File too large": FULL,
    "ermission denied": READ_ONLY,
    "read-only": READ_ONLY,
    "Read-only file system": READ_ONLY,
    "Cannot open file": NOT_OPENED,
    "Catalog Error": OTHER_TABLES,
    "Binder Error": OTHER_TABLES,
}
"""By the words that DuckDB uses."""
