"""A database that notes which statements an answer waits for."""

from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from leadwell.store.connection import Connection, Joint
from leadwell.store.engines.chronicle import Moments
from leadwell.store.engines.postgres_connection import PostgresConnection

T = TypeVar("T")


class Spy:
    """A connection that notes each statement."""

    def __init__(self, inner: Connection, said: list[str]) -> None:
        self._inner = inner
        self._said = said

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def rows(self, sql: str, params: Any = None) -> Any:
        self._said.append(sql)
        return self._inner.rows(sql, params)

    def run(self, sql: str, params: Any = None) -> None:
        self._said.append(sql)
        self._inner.run(sql, params)

    def run_many(self, sql: str, params: Any) -> None:
        self._said += [sql] * len(params)
        self._inner.run_many(sql, params)


class Watched:
    """A database that notes the statements which an answer waits for."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._behind: list[Future[Any]] = []
        self.said: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @contextmanager
    def reading(self) -> Generator[Any]:
        with self._inner.reading() as connection:
            # What is remembered of a moment tells when anybody wrote last, whoever it
            # was, as a wait for the writer does: that is left out here.
            if isinstance(connection, PostgresConnection):
                connection.moments = Moments()
            else:
                connection.moment.clear()
            yield Spy(connection, self.said)

    def read(self, job: Callable[[Any], T]) -> T:
        with self.reading() as connection:
            return job(connection)

    def write(self, job: Callable[[Any], T], **how: Any) -> "Future[T]":
        if isinstance(job, Joint):
            watched = self._inner.write(lambda c: job(Spy(c, self.said)), **how)
            done: Future[T] = watched
            return done
        # Notes of who read when: no answer waits for them, but the next request does.
        note: Future[T] = self._inner.write(job, **how)
        self._behind.append(note)
        return note

    def settle(self) -> None:
        while self._behind:
            self._behind.pop().result()
