"""What differs between databases: their words for types, and how they are asked."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from leadwell.sync.cells import Row
from leadwell.sync.destinations.base import Copy
from leadwell.sync.table import Column, Kind


def quoted(name: str) -> str:
    """Write a name of a column or a table, whatever its letters are."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


class Database(Copy):
    """A copy in a database that speaks SQL."""

    types: ClassVar[Mapping[Kind, str]]
    """The column type of each kind."""
    key: ClassVar[str]
    """What follows the type of a column that is the key of its table."""
    listed: ClassVar[str]
    """A subquery of the numbers of a list, which is given as JSON."""
    chosen_labels: ClassVar[str]
    """An expression for the labels of several choices: `{column}`, `{field}`."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Name the destination in messages."""

    @abstractmethod
    def _run(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]: ...

    @abstractmethod
    def _many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None: ...

    @abstractmethod
    def _rows(self, sql: str) -> Iterator[Any]: ...

    @abstractmethod
    def _names(self) -> set[str]:
        """Return the names of all tables and views."""

    @abstractmethod
    def _columns(self) -> set[str]:
        """Return the columns of `leads`."""

    @abstractmethod
    def _put(self, rows: Sequence[Row], columns: Sequence[Column]) -> None:
        """Store leads, over what is there of them; other columns are left alone."""

    def _put_new(self, rows: Sequence[Row], columns: Sequence[Column]) -> None:
        """Store leads that are not there in any form, if that is cheaper."""
        self._put(rows, columns)

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[None]:
        """Begin a transaction that nobody else can write in, and end it."""
