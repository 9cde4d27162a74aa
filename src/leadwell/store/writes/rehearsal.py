"""An edit that is made and undone, to be told of what stands against it."""

from collections.abc import Callable
from typing import NoReturn

from leadwell.store.connection import Connection, Database


class Undone(Exception):
    """Ends a rehearsal: a job that raises leaves no trace."""


def undone(job: Callable[[Connection], object]) -> Callable[[Connection], NoReturn]:
    """Return a job that does the same, and raises `Undone` where nothing stops it."""

    def run(connection: Connection) -> NoReturn:
        job(connection)
        raise Undone

    return run


def rehearse(database: Database, job: Callable[[Connection], object]) -> None:
    """Make an edit and undo it.

    Raises:
        LeadwellError: it cannot be made.
    """
    try:
        database.write(undone(job)).result()
    except Undone:
        return
