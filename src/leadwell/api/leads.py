"""`/v2/campaigns/{campaign_id}/leads`: read pages and single leads, add leads."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import links, wire
from leadwell.api.body import read_object
from leadwell.api.campaigns import Opened, open_campaign
from leadwell.api.hub import Hub
from leadwell.describe.schema import version
from leadwell.errors import LeadNotFound
from leadwell.model.page import Page
from leadwell.model.query import Question
from leadwell.schema import querystring, question, rendering, submission
from leadwell.store import leads, writing
from leadwell.store.connection import Connection

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Leads:
    """The leads of one campaign, as one resource."""

    hub: Hub

    async def list(self, request: Request) -> Response:
        """Answer with one page of the leads the token may see."""
        opened = open_campaign(self.hub, request)
        pairs = querystring.decode(request.scope["query_string"])
        asked = question.read(opened.view, pairs)
        query = opened.grant.query(opened.campaign, asked)
        found = await self.hub.read(
            lambda connection: leads.find_page(connection, opened.campaign, query)
        )
        return self._page(opened, asked, pairs, found)

    async def show(self, request: Request) -> Response:
        """Answer with one lead; one outside the token's filter does not exist."""
        opened = open_campaign(self.hub, request)
        pairs = querystring.decode(request.scope["query_string"])
        asked = question.only_shown(opened.view, pairs)
        lead_id = int(request.path_params["lead_id"])
        query = opened.grant.lead(opened.campaign, lead_id, asked.shown)
        with self.hub.database.reading() as connection:
            found = leads.find_one(connection, opened.campaign, query)
        if found is None:
            raise LeadNotFound(
                f"there is no lead {lead_id} in campaign {opened.campaign.id}",
                hint="none, or none that this token may see",
            )
        return wire.one(found, self._schema_header(opened))

    async def add(self, request: Request) -> Response:
        """Add a lead, or update the one with the same `external_id`."""
        opened = open_campaign(self.hub, request)
        opened.grant.check_write()
        question.nothing(querystring.decode(request.scope["query_string"]))
        given = submission.read(opened.view, await read_object(request))
        author = writing.Author(opened.grant.lineage, opened.grant.forced)
        campaign, now = opened.campaign, self.hub.now

        def job(connection: Connection) -> writing.Outcome:
            return writing.add(connection, campaign, [given], author, now)[0]

        outcome = await asyncio.wrap_future(self.hub.database.write(job))
        body = rendering.body(campaign, outcome.lead)
        shown = opened.grant.query(campaign, Question()).shown
        body = body if shown is None else rendering.narrowed(body, shown)
        url = links.leads_url(self.hub.public_url, campaign.id)
        headers = {"Location": f"{url}/{outcome.lead.id}"}
        return wire.one(body, headers, 201 if outcome.is_new else 200)

    def _page(
        self, opened: Opened, asked: Question, pairs: Pairs, found: Page[bytes]
    ) -> Response:
        url = links.leads_url(self.hub.public_url, opened.campaign.id)
        around = links.around(url, pairs, found)
        schema_url = f"{url.removesuffix('/leads')}/schema.json"
        headers = self._schema_header(opened) | {
            "Link": links.header(around | {"describedby": schema_url})
        }
        meta = around | {"schema_version": version(opened.view)}
        return wire.page(found, headers, meta if asked.with_meta else None)

    def _schema_header(self, opened: Opened) -> dict[str, str]:
        return {"Leadwell-Schema-Version": version(opened.view)}
