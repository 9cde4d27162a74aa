"""Accounts, and the people to whom their leads are assigned."""

from leadwell.errors import Conflict, NotFound
from leadwell.model.account import Account
from leadwell.model.campaign import Person
from leadwell.store.connection import Connection, one


def find(connection: Connection, slug: str) -> Account:
    """Return the account with this slug.

    Raises:
        NotFound: there is none.
    """
    row = one(
        connection.rows(
            "SELECT id, slug, name FROM account WHERE slug = :slug", {"slug": slug}
        )
    )
    if row is None:
        raise NotFound(
            f"there is no account {slug!r}",
            hint=f"make it: leadwell account create {slug}",
        )
    return Account(*row)


def find_by_id(connection: Connection, account_id: int) -> Account:
    """Return the account with this id; one that a token names always exists."""
    (row,) = connection.rows(
        "SELECT id, slug, name FROM account WHERE id = :id", {"id": account_id}
    )
    return Account(*row)


def find_all(connection: Connection) -> list[Account]:
    """Return every account, by slug."""
    rows = connection.rows("SELECT id, slug, name FROM account ORDER BY slug")
    return [Account(*row) for row in rows]


def add(connection: Connection, slug: str, name: str, now: int) -> Account:
    """Make an account; `now` is in microseconds.

    Raises:
        Conflict: the slug is taken.
    """
    if connection.rows("SELECT 1 FROM account WHERE slug = :slug", {"slug": slug}):
        raise Conflict(
            f"there is an account {slug!r} already", hint="choose another slug"
        )
    account = Account(next_id(connection, "account"), slug, name)
    connection.run(
        """
        INSERT INTO account (id, slug, name, created_at)
             VALUES (:id, :slug, :name, :now)
        """,
        {"id": account.id, "slug": slug, "name": name, "now": now},
    )
    return account


def next_id(connection: Connection, name: str, at_least: int = 0) -> int:
    """Take the next id of an account or campaign; a chosen one moves the count on."""
    ((number,),) = connection.rows(
        """
           UPDATE last_id
              SET id = CASE WHEN :at_least > id THEN :at_least
                            WHEN :at_least > 0  THEN id
                            ELSE id + 1 END
            WHERE name = :name
        RETURNING id
        """,
        {"name": name, "at_least": at_least},
    )
    return at_least or int(number)


def add_person(connection: Connection, account: Account, name: str) -> Person:
    """Add somebody to the account; every campaign's schema names them from now on."""
    ((person_id,),) = connection.rows(
        """
           UPDATE account SET person_id = person_id + 1
            WHERE id = :id
        RETURNING person_id
        """,
        {"id": account.id},
    )
    connection.run(
        "INSERT INTO person (account_id, id, name) VALUES (:account_id, :id, :name)",
        {"account_id": account.id, "id": person_id, "name": name},
    )
    _tell_campaigns(connection, account.id)
    return Person(int(person_id), name)


def rename_person(
    connection: Connection, account_id: int, person_id: int, name: str
) -> None:
    """Call a person otherwise: in every campaign, and on every lead that they have.

    Raises:
        NotFound: the account has no such person.
    """
    changed = connection.rows(
        """
           UPDATE person SET name = :name
            WHERE account_id = :account_id AND id = :id
        RETURNING id
        """,
        {"account_id": account_id, "id": person_id, "name": name},
    )
    if not changed:
        raise NotFound(
            f"the account has no person {person_id}", hint="see: leadwell person list"
        )
    _tell_campaigns(connection, account_id)


def hold(connection: Connection, account_id: int) -> None:
    """Have whoever else holds the account wait until this transaction ends."""
    connection.run("UPDATE account SET slug = slug WHERE id = :id", {"id": account_id})


def find_people(connection: Connection, account_id: int) -> tuple[Person, ...]:
    """Return the account's people, by id."""
    rows = connection.rows(
        "SELECT id, name FROM person WHERE account_id = :account_id ORDER BY id",
        {"account_id": account_id},
    )
    return tuple(Person(*row) for row in rows)


def _tell_campaigns(connection: Connection, account_id: int) -> None:
    """Have the schema of every campaign, and its leads, show the people anew."""
    connection.run(
        """
        UPDATE campaign SET schema_version = schema_version + 1
         WHERE account_id = :account_id
        """,
        {"account_id": account_id},
    )
    connection.run(
        """
        INSERT INTO chore (campaign_id, kind, part_id, done_to)
             SELECT campaign_id, 'render', 0, 0 FROM campaign
              WHERE account_id = :account_id
        ON CONFLICT (campaign_id, kind, part_id) DO UPDATE SET done_to = 0
        """,
        {"account_id": account_id},
    )
