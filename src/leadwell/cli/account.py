"""`leadwell account` and `leadwell person`."""

from cyclopts import App

from leadwell.cli import output
from leadwell.cli.opening import HERE, Where, made_account, noted
from leadwell.errors import UsageError

account = App(name="account", help="Accounts: who owns campaigns.")
person = App(name="person", help="People of an account, to whom leads are assigned.")


@account.command(name="create")
def create(slug: str, *, name: str = "", where: Where = HERE) -> None:
    """Make an account.

    Example: leadwell account create demo --name "Demo"

    Args:
        slug: its name on the command line and in URLs
        name: its name for people
        where: the database
    """
    from leadwell.model.slug import is_slug, slug_of

    if not is_slug(slug):
        raise UsageError(
            f"{slug!r} is not a slug", hint=f"did you mean {slug_of(slug)}?"
        )
    title = name or slug.replace("-", " ").title()
    made = where.write(
        lambda connection: made_account(connection, slug, title), create=True
    )
    content = {"id": made.id, "slug": made.slug, "name": made.name}
    output.document(content, as_json=where.json, text=made.slug)


@account.command(name="list")
def list_(*, where: Where = HERE) -> None:
    """List all accounts.

    Example: leadwell account list

    Args:
        where: the database
    """
    from leadwell.store import accounts

    found = where.read(accounts.find_all)
    rows = [{"slug": one.slug, "name": one.name} for one in found]
    output.rows(rows, as_json=where.json)


@person.command(name="add")
def add_person(*, account: str, name: str, where: Where = HERE) -> None:
    """Add somebody to whom leads of the account's campaigns can be assigned.

    Example: leadwell person add --account demo --name "Sales One"

    Args:
        account: the account's slug
        name: what people call them
        where: the database
    """
    from leadwell.store import accounts
    from leadwell.store.connection import Connection
    from leadwell.store.people.activity import What

    if not name.strip():
        raise UsageError("the name is empty", hint='write --name "Sales One"')

    def job(connection: Connection) -> int:
        owner = accounts.find(connection, account)
        made = accounts.add_person(connection, owner, name.strip())
        noted(connection, owner, What.PERSON_ADDED, made.name, made.id)
        return made.id

    person_id = where.write(job)
    content = {"id": person_id, "name": name.strip()}
    output.document(content, as_json=where.json, text=str(person_id))


@person.command(name="list")
def list_people(*, account: str, where: Where = HERE) -> None:
    """List the people of an account.

    Example: leadwell person list --account demo

    Args:
        account: the account's slug
        where: the database
    """
    from leadwell.store import accounts

    found = where.read(
        lambda connection: accounts.find_people(
            connection, accounts.find(connection, account).id
        )
    )
    rows = [{"id": one.id, "name": one.name} for one in found]
    output.rows(rows, as_json=where.json)
