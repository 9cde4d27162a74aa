"""`leadwell admin`: who may sign in to the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclopts import App

from leadwell.cli import output
from leadwell.cli.opening import HERE, Where, noted

if TYPE_CHECKING:
    from leadwell.store.connection import Connection

admin = App(name="admin", help="Who may sign in to the hub's pages.")


@admin.command
def invite(
    email: str = "",
    *,
    account: str = "",
    name: str = "",
    where: Where = HERE,
) -> None:
    """Print a link, which works once, on which an administrator chooses a password.

    Alone it makes the first administrator of all, who gives their own name and address;
    `leadwell serve` prints that link too, as long as nobody can sign in. With an
    address, an account and a name it makes an administrator of that account, also
    where other accounts have theirs already.

    Example: leadwell admin invite

    Example: leadwell admin invite bo@example.com --account south --name "Bo Berg"

    Args:
        email: what they will sign in with
        account: the account's slug
        name: what people call them
        where: the database
    """
    from leadwell.errors import Refused, UsageError
    from leadwell.store.people import users

    if email or account or name:
        if not (email and account and name.strip()):
            raise UsageError(
                "an address, an account and a name go together",
                hint="leadwell admin invite EMAIL --account SLUG --name NAME",
            )
        address = _added(where, email, account, name.strip())
        _print_link(where, address)
        return
    if where.read(users.has_administrator):
        raise Refused(
            "there is an administrator already",
            hint="they invite others; for another account name it: leadwell admin "
            "invite EMAIL --account SLUG --name NAME; if the password is forgotten: "
            "leadwell admin reset-password",
        )
    _print_link(where, "")


@admin.command(name="reset-password")
def reset_password(email: str, *, where: Where = HERE) -> None:
    """Print a link, which works once, on which somebody chooses a new password.

    The old password goes on working until then.

    Example: leadwell admin reset-password jane@example.com

    Args:
        email: what they sign in with
        where: the database
    """
    from leadwell.store import accounts
    from leadwell.store.people import users
    from leadwell.store.people.activity import What

    address = email.strip().casefold()

    def job(connection: Connection) -> None:
        user = users.known(connection, address).user
        owner = accounts.find_by_id(connection, user.account_id)
        about = user.name, user.person_id
        noted(connection, owner, What.PASSWORD_LINK_MADE, *about)

    where.write(job)
    _print_link(where, address)


@admin.command(name="list")
def list_(*, where: Where = HERE) -> None:
    """List who may sign in.

    Example: leadwell admin list

    Args:
        where: the database
    """
    from leadwell.schema.times import from_microseconds, show
    from leadwell.store.people import users

    rows = [
        {
            "email": each.user.email,
            "name": each.user.name,
            "role": each.user.role.value,
            "campaigns": sorted(each.user.campaigns),
            "has_password": each.password is not None,
            "used_at": show(from_microseconds(each.used_at)) if each.used_at else None,
        }
        for each in where.read(users.find_all)
    ]
    output.rows(rows, as_json=where.json)


def _added(where: Where, email: str, account: str, name: str) -> str:
    """Keep an administrator without a password; return their address."""
    from leadwell.cli.opening import now_us
    from leadwell.model.user import Role, User, email_of
    from leadwell.store import accounts
    from leadwell.store.people import users
    from leadwell.store.people.activity import What

    address = email_of(email)

    def job(connection: Connection) -> None:
        owner = accounts.find(connection, account)
        person = accounts.add_person(connection, owner, name)
        user = User(owner.id, person.id, name, address, Role.ADMINISTRATOR)
        users.add(connection, user, None, now_us())
        noted(connection, owner, What.PERSON_INVITED, name, person.id)

    where.write(job)
    return address


def _print_link(where: Where, email: str) -> None:
    from leadwell.cli.access import secret
    from leadwell.server import invitations

    made = invitations.new(secret.keys(where).in_use.secret, email)
    where.write(made.keep)
    url = where.settings().url + made.path
    output.document({"url": url}, as_json=where.json, text=url)
    output.hint(f"it works once, for {invitations.HOURS} hours")
