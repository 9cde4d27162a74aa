"""The tab Settings: name and country, who may open the campaign, the schema."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import msgspec
from starlette.responses import Response

from leadwell.admin import freshness
from leadwell.admin.freshness import seen
from leadwell.admin.pages import deciding, retention
from leadwell.admin.rendering import HEADERS
from leadwell.admin.settling import settle
from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.describe import schema
from leadwell.errors import Conflict, LeadwellError, UsageError
from leadwell.model.campaign import Campaign
from leadwell.model.user import User
from leadwell.schema import definition
from leadwell.schema.definition import NAME_CHARACTERS_MAX, checked_name, is_country
from leadwell.store import accounts
from leadwell.store.connection import Connection
from leadwell.store.people import users
from leadwell.store.people.activity import What, user_named
from leadwell.store.writes import parts

Job: TypeAlias = Callable[[Connection], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Settings:
    """The tab."""

    async def show(self, visit: Visit) -> Response:
        """Show the settings."""
        return await self._shown(visit)

    async def save(self, visit: Visit) -> Response:
        """Keep another name or country."""
        try:
            await visit.write(lambda c: _save(c, visit))
        except (UsageError, Conflict) as error:
            return await self._shown(visit, error)
        await settle(visit)
        return visit.go(_path(visit), "saved")

    async def share(self, visit: Visit) -> Response:
        """Say which members may open the campaign."""
        try:
            await visit.write(lambda c: _share(c, visit))
        except Conflict as error:
            return await self._shown(visit, error)
        return visit.go(_path(visit), "saved")

    async def decide(self, visit: Visit) -> Response:
        """Decide what becomes of duplicates."""
        try:
            await visit.write(lambda c: deciding.save(c, visit))
        except (UsageError, Conflict) as error:
            return await self._shown(visit, error)
        await settle(visit)
        return visit.go(_path(visit), "saved")

    async def schema(self, visit: Visit) -> Response:
        """Hand out the schema file, from which the same campaign can be made."""
        return await _file(visit, "schema", lambda c: _definition(c, visit))

    async def lead(self, visit: Visit) -> Response:
        """Hand out the JSON Schema of a lead."""
        return await _file(
            visit, "lead", lambda c: schema.lead_schema(visit.campaign(c))
        )

    async def _shown(
        self, visit: Visit, error: LeadwellError | None = None
    ) -> Response:
        content = await visit.read(lambda c: _content(c, visit))
        shown = content | {"error": None if content["wrong"] else error}
        return visit.page("settings.html", shown, 422 if error else 200)


def _path(visit: Visit) -> str:
    return f"/campaigns/{visit.campaign_id}/settings"


def _content(connection: Connection, visit: Visit) -> dict[str, Any]:
    campaign = visit.campaign(connection)
    is_sent = visit.form.get("name") is not None
    is_shared = visit.form.get("opened") is not None
    wanted = _wanted(visit) if is_sent else (campaign.name, campaign.country)
    members, administrators = _people(connection, visit)
    ticked = set(map(str, visit.form.getlist("open")))
    opened = _opened(campaign, members)
    return {
        **around(visit, campaign, "settings"),
        "at": _path(visit),
        "wanted": wanted,
        "wrong": _wrong(visit, *wanted) if is_sent else {},
        "seen": seen(campaign.name, campaign.country),
        "is_stale": is_sent
        and visit.text("seen") != seen(campaign.name, campaign.country),
        "members": [
            (
                member,
                str(member.person_id) in ticked
                if is_shared
                else member.may_open(campaign),
            )
            for member in members
        ],
        "administrators": administrators,
        "opened": seen(*opened),
        "decision": deciding.shown(connection, visit, campaign),
        "rules": retention.shown(connection, campaign),
        "api": f"{visit.hub.public_url}/v2/campaigns/{campaign.id}",
    }


def _people(connection: Connection, visit: Visit) -> tuple[list[User], list[User]]:
    found = [each.user for each in users.find_all(connection, visit.user.account_id)]
    members = [user for user in found if not user.is_administrator]
    return members, [user for user in found if user.is_administrator]


def _opened(campaign: Campaign, members: list[User]) -> list[str]:
    return [str(user.person_id) for user in members if user.may_open(campaign)]


def _wanted(visit: Visit) -> tuple[str, str]:
    return visit.text("name"), visit.text("country").upper()


def _wrong(visit: Visit, name: str, country: str) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        checked_name(name)
    except UsageError:
        most = NAME_CHARACTERS_MAX
        found["name"] = visit.said("Write 1 to %(most)s characters.", most=most)
    if not is_country(country):
        found["country"] = visit.said("Two letters, for instance DK or SE.")
    return found


def _save(connection: Connection, visit: Visit) -> None:
    campaign = visit.held(connection)
    name, country = _wanted(visit)
    if (name, country) == (campaign.name, campaign.country):
        return
    freshness.check(visit, seen(campaign.name, campaign.country))
    parts.set_name(connection, campaign.id, name, country)
    visit.note(connection, campaign, What.CAMPAIGN_CHANGED, name, campaign.id)


def _share(connection: Connection, visit: Visit) -> None:
    # What somebody may open is one list, which the forms of other campaigns change too.
    accounts.hold(connection, visit.user.account_id)
    campaign = visit.campaign(connection)
    members, _ = _people(connection, visit)
    ticked = set(map(str, visit.form.getlist("open")))
    wanted = [user for user in members if str(user.person_id) in ticked]
    if [str(user.person_id) for user in wanted] == _opened(campaign, members):
        return
    freshness.check(visit, seen(*_opened(campaign, members)), "opened")
    for user in members:
        others = user.campaigns - {campaign.id}
        opens = others | {campaign.id} if user in wanted else others
        if opens != user.campaigns:
            users.change(connection, replace(user, campaigns=opens))
            visit.note(connection, campaign, What.PERSON_CHANGED, *user_named(user))


def _definition(connection: Connection, visit: Visit) -> dict[str, Any]:
    campaign = visit.campaign(connection)
    owner = accounts.find_by_id(connection, campaign.account_id)
    return definition.written(campaign, owner.slug)


async def _file(visit: Visit, name: str, job: Job) -> Response:
    content = await visit.read(job)
    text = msgspec.json.format(msgspec.json.encode(content), indent=2)
    kept = f'attachment; filename="campaign-{visit.campaign_id}-{name}.json"'
    headers = HEADERS | {"Content-Disposition": kept}
    return Response(text, 200, headers, "application/json")
