"""The campaigns that somebody may open, what comes in there, and a new one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from leadwell.admin import charts
from leadwell.admin.charts import Figures, PerDay, Stage
from leadwell.admin.pages.imports.uploading import new_campaign
from leadwell.admin.visit import Visit
from leadwell.errors import LeadwellError
from leadwell.model.campaign import Campaign, Status
from leadwell.model.query import Question
from leadwell.model.slug import slug_of
from leadwell.schema.definition import checked_name
from leadwell.schema.times import from_microseconds
from leadwell.store import accounts, campaigns, feed
from leadwell.store.connection import Connection
from leadwell.store.people.activity import What
from leadwell.store.writes import scopes

CAMPAIGNS_MAX = 1_000

CHARTS_MAX = 12
"""So many campaigns are drawn; the others stand in the table."""


@dataclass(frozen=True, slots=True)
class Row:
    """A campaign of the page."""

    campaign: Campaign
    total: int
    is_counted: bool
    """Whether its leads of each day are known; else they are being counted."""
    per_day: PerDay | None = None
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """The first page."""

    _known: dict[tuple[int, str], tuple[object, Figures]] = field(
        default_factory=dict[tuple[int, str], tuple[object, Figures]]
    )
    """What was counted last, by campaign and time zone: until a lead or the day
    changes."""

    async def show(self, visit: Visit) -> Response:
        """Show the campaigns."""
        return await self._shown(visit, None)

    async def add(self, visit: Visit) -> Response:
        """Make a campaign."""
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
        content: dict[str, Any] = {
            "rows": await visit.read(lambda c: list(self._rows(c, visit))),
            "error": error,
            "name": visit.text("name"),
            "is_file": is_file,
            "days": charts.DAYS,
        }
        return visit.page("campaigns.html", content, 422 if error else 200)

    def _rows(self, connection: Connection, visit: Visit) -> Iterator[Row]:
        account_id = visit.user.account_id
        found = campaigns.find_page(connection, account_id, per_page=CAMPAIGNS_MAX)
        shown = [each for each in found.items if visit.user.may_open(each)]
        for place, each in enumerate(shown):
            total = scopes.digest(connection, each.id, scopes.WHOLE).count
            if not total or place >= CHARTS_MAX:
                yield Row(each, total, is_counted=True)
                continue
            figures = self._figures(connection, visit, each)
            if figures is None:
                yield Row(each, total, is_counted=False)
                continue
            drawn = charts.per_day(figures), charts.stages(each, figures)
            yield Row(each, total, is_counted=True, per_day=drawn[0], stages=drawn[1])

    def _figures(
        self, connection: Connection, visit: Visit, campaign: Campaign
    ) -> Figures | None:
        zone = visit.said.zone
        today = from_microseconds(visit.hub.moment).astimezone(zone).date()
        seq = feed.head(connection, campaign.id).seq
        key = (seq, campaign.schema_version, today)
        whose = (campaign.id, visit.said.zone_name)
        known = self._known.get(whose)
        if known is not None and known[0] == key:
            return known[1]
        query = visit.user.grant(campaign).query(campaign, Question())
        found = visit.hub.indexes.counted(
            connection,
            campaign,
            query,
            lambda index, ids: charts.counts(campaign, index, ids, today, zone),
        )
        if found is not None:
            self._known[whose] = key, found
        return found


def _made(connection: Connection, visit: Visit) -> Campaign:
    name = checked_name(visit.text("name"))
    account = accounts.find_by_id(connection, visit.user.account_id)
    new = Status(1, "new", visit.said("New"), is_default=True)
    wanted = Campaign(0, account.id, slug_of(name), name, "DK", 1, statuses=(new,))
    made = campaigns.add(connection, account, wanted, visit.hub.moment)
    visit.note(connection, made, What.CAMPAIGN_MADE, made.name, made.id)
    return made
