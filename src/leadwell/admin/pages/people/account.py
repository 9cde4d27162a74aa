"""The account: its people, who of them may sign in, its tokens and documentation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from leadwell.admin.pages.access.listing import STATES, rows
from leadwell.admin.pages.access.place import Place, now
from leadwell.admin.visit import Visit
from leadwell.describe.pages.document import visible
from leadwell.errors import LeadwellError, MalformedValue
from leadwell.model.campaign import Campaign, Person
from leadwell.schema.times import from_microseconds
from leadwell.store import accounts, campaigns
from leadwell.store.connection import Connection
from leadwell.store.people import activity, users
from leadwell.store.people.activity import What
from leadwell.store.people.users import Login
from leadwell.store.retention import rules

NAME_CHARACTERS_MAX = 200
HAPPENINGS_MAX = 30
EVER = 10**17
"""A moment after all others, in microseconds."""


@dataclass(frozen=True, slots=True)
class Account:
    """The page."""

    async def show(self, visit: Visit) -> Response:
        """Show the account."""
        return await self._shown(visit, None)

    async def add(self, visit: Visit) -> Response:
        """Add somebody to whom leads can be assigned."""

        def job(connection: Connection) -> Person:
            owner = accounts.find_by_id(connection, visit.user.account_id)
            made = accounts.add_person(connection, owner, name_in(visit))
            visit.note(connection, None, What.PERSON_ADDED, made.name, made.id)
            return made

        try:
            made = await visit.write(job)
        except LeadwellError as error:
            return await self._shown(visit, error)
        return visit.go(f"/account/people/{made.id}", "added")

    async def _shown(self, visit: Visit, error: LeadwellError | None) -> Response:
        content = await visit.read(lambda c: _content(c, visit))
        content |= {"error": error, "name": visit.text("name")}
        return visit.page("people/account.html", content, 422 if error else 200)


def name_in(visit: Visit) -> str:
    """Return the name that a form holds.

    Raises:
        MalformedValue: it is empty, or too long.
    """
    name = visit.text("name")
    if not name or visible(name) != name:
        raise MalformedValue(visit.said("Write a name."))
    if len(name) > NAME_CHARACTERS_MAX:
        raise MalformedValue(visit.said("The name is too long."))
    return name


def opened(connection: Connection, visit: Visit) -> list[Campaign]:
    """Return the campaigns of the account."""
    return list(campaigns.of_account(connection, visit.user.account_id))


def logins(connection: Connection, visit: Visit) -> dict[int, Login]:
    """Return who of the account may sign in, by the person."""
    found = users.find_all(connection, visit.user.account_id)
    return {each.user.person_id: each for each in found}


def _content(connection: Connection, visit: Visit) -> dict[str, Any]:
    owner = accounts.find_by_id(connection, visit.user.account_id)
    known = logins(connection, visit)
    people = accounts.find_people(connection, owner.id)
    place = Place(owner.id, None)
    found = rows(visit, connection, place, place.tokens(connection), now(visit))
    return {
        "account": owner,
        "people": [(each, *_signs_in(known.get(each.id))) for each in people],
        "tokens": sorted(found, key=lambda row: STATES[row.state]),
        "keeping": [
            (campaign, rules.find_all(connection, campaign.id))
            for campaign in opened(connection, visit)
        ],
        "happenings": activity.find(connection, owner, EVER, HAPPENINGS_MAX),
        "documentation": f"{visit.hub.public_url}/a/{owner.slug}/api-documentation",
    }


def _signs_in(login: Login | None) -> tuple[Login | None, datetime | None]:
    last = login.used_at if login else None
    return login, from_microseconds(last) if last else None
