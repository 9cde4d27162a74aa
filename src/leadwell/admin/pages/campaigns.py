"""The campaigns that somebody may open, and a new one."""

from dataclasses import dataclass

from starlette.responses import Response

from leadwell.admin.pages.imports.uploading import new_campaign
from leadwell.admin.visit import Visit
from leadwell.errors import LeadwellError, MalformedValue
from leadwell.model.campaign import Campaign, Status
from leadwell.model.slug import slug_of
from leadwell.store import accounts, campaigns
from leadwell.store.connection import Connection
from leadwell.store.people.activity import What
from leadwell.store.writes import scopes

NAME_CHARACTERS_MAX = 200
CAMPAIGNS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Start:
    """The first page."""

    async def show(self, visit: Visit) -> Response:
        """Show the campaigns."""
        return await self._shown(visit, None)

    async def add(self, visit: Visit) -> Response:
        """Make a campaign."""
        visit.user.check_administrator()
        try:
            made = await visit.write(lambda c: _made(c, visit))
        except LeadwellError as error:
            return await self._shown(visit, error)
        return visit.go(f"/campaigns/{made.id}/leads", "added")

    async def load(self, visit: Visit) -> Response:
        """Make a campaign of a file."""
        try:
            return await new_campaign(visit)
        except LeadwellError as error:
            return await self._shown(visit, error, is_file=True)

    async def _shown(
        self, visit: Visit, error: LeadwellError | None, *, is_file: bool = False
    ) -> Response:
        rows = await visit.read(lambda c: _rows(c, visit))
        content = {"rows": rows, "error": error, "name": visit.text("name")}
        content["is_file"] = is_file
        return visit.page("campaigns.html", content, 422 if error else 200)


def _rows(connection: Connection, visit: Visit) -> list[tuple[Campaign, int]]:
    account_id = visit.user.account_id
    found = campaigns.find_page(connection, account_id, per_page=CAMPAIGNS_MAX).items
    return [
        (each, scopes.digest(connection, each.id, scopes.WHOLE).count)
        for each in found
        if visit.user.may_open(each)
    ]


def _made(connection: Connection, visit: Visit) -> Campaign:
    name = visit.text("name")[:NAME_CHARACTERS_MAX]
    if not name:
        raise MalformedValue("the name is empty", hint="write how people call it")
    account = accounts.find_by_id(connection, visit.user.account_id)
    new = Status(1, "new", visit.said("New"), is_default=True)
    wanted = Campaign(0, account.id, slug_of(name), name, "DK", 1, statuses=(new,))
    made = campaigns.add(connection, account, wanted, visit.hub.moment)
    visit.note(connection, made, What.CAMPAIGN_MADE, made.name)
    return made
