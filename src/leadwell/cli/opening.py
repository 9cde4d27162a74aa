"""The database a command works on, opened for as long as it runs."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Parameter, validators

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from leadwell.model.account import Account
    from leadwell.model.campaign import Campaign
    from leadwell.settings import Settings
    from leadwell.store.connection import Connection, Database
    from leadwell.store.people.activity import What

T = TypeVar("T")

CampaignId = Annotated[int, Parameter(validator=validators.Number(gte=1, lt=2**31))]
"""An id that a campaign can have; no database is asked for any other."""


@Parameter(name="*")
@dataclass(frozen=True)
class Where:
    """What every command takes."""

    database: str | None = None
    """Where the leads are: sqlite:///leads.db, or postgresql://user@host/name. Else
    LEADWELL_DATABASE decides."""
    json: bool = False
    """Answer with JSON."""

    def settings(self) -> Settings:
        """Return the settings, with the database that was named here."""
        from leadwell.settings import from_environment

        settings = from_environment()
        named = self.database
        return settings if named is None else replace(settings, database=named)

    def for_schema(self, migrate_url: str | None = None) -> Settings:
        """Return the settings, with the database as the schema is changed through it.

        What is named in the command goes before what the environment says.
        """
        settings = self.settings()
        named = migrate_url or self.database or settings.migrate_url
        return replace(settings, database=named) if named else settings

    @contextmanager
    def opened(self, *, create: bool = False) -> Generator[Database]:
        """Open the database for one command."""
        from leadwell.server import open_database

        database = open_database(self.settings(), create=create)
        try:
            yield database
        finally:
            database.close()

    def read(self, job: Callable[[Connection], T]) -> T:
        """Run one job in a read transaction."""
        with self.opened() as database, database.reading() as connection:
            return job(connection)

    def write(self, job: Callable[[Connection], T], *, create: bool = False) -> T:
        """Run one job in a transaction; it is durable when this returns."""
        with self.opened(create=create) as database:
            return database.write(job).result()


HERE = Where()


def now_us() -> int:
    """Return the moment, in microseconds since 1970."""
    from leadwell.schema.times import microseconds
    from leadwell.server.clock import now

    return microseconds(now())


def noted(
    connection: Connection, of: Campaign | Account, what: What, about: str, ref: object
) -> None:
    """Note in this transaction what a command does, as the pages note it of people.

    `ref` is the id of what it is about, for the audit log.
    """
    from leadwell.store.people import activity

    named = activity.Named(about, str(ref))
    activity.note(connection, of, what, named, who="", at=now_us())


def account_of(connection: Connection, slug: str) -> Account:
    """Return the account with this slug, making it when it is not there."""
    from leadwell.cli.output import hint
    from leadwell.store import accounts

    for account in accounts.find_all(connection):
        if account.slug == slug:
            return account
    hint(f"note: made the account {slug}")
    return made_account(connection, slug, slug.replace("-", " ").title())


def made_account(connection: Connection, slug: str, name: str) -> Account:
    """Make an account, and note in it that it was made."""
    from leadwell.store import accounts
    from leadwell.store.people.activity import What

    made = accounts.add(connection, slug, name, now_us())
    noted(connection, made, What.ACCOUNT_MADE, name, made.id)
    return made
