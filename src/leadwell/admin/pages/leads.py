"""The leads of a campaign as a table; any page of it costs the same."""

from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.responses import Response

from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.model.query import Question
from leadwell.store import pages
from leadwell.store.connection import Connection

COLUMNS_FIRST = 6
"""How many fields are shown unless somebody chooses."""


@dataclass(frozen=True, slots=True)
class Leads:
    """The tab."""

    async def show(self, visit: Visit) -> Response:
        """Show one page of the leads that match."""
        content = await visit.read(lambda c: _content(c, visit))
        return visit.page("leads.html", content)


def _content(connection: Connection, visit: Visit) -> dict[str, Any]:
    campaign = visit.campaign(connection)
    asked = Question()
    query = visit.user.grant(campaign).query(campaign, asked)
    found = pages.find(connection, visit.hub.indexes, campaign, query)
    leads = [msgspec.json.decode(body) for body in found.page.items]
    return {
        **around(visit, campaign, "leads"),
        "page": found.page,
        "leads": leads,
        "columns": campaign.fields[:COLUMNS_FIRST],
    }
