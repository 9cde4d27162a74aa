"""`/v2/campaigns/{campaign_id}/leads/{lead_id}`: read one lead."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import tags, wire
from leadwell.api.campaigns import Opened, open_campaign
from leadwell.api.hub import Hub
from leadwell.describe.schema import version
from leadwell.errors import LeadNotFound
from leadwell.schema import querystring, question
from leadwell.store import leads
from leadwell.store.connection import Connection

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Leads:
    """The leads of one campaign, as one resource."""

    hub: Hub

    async def show(self, request: Request) -> Response:
        """Answer with one lead; one outside the token's filter does not exist."""
        lead_id = int(request.path_params["lead_id"])

        def job(connection: Connection) -> tuple[Opened, bytes]:
            opened = open_campaign(connection, request)
            pairs = querystring.decode(request.scope["query_string"])
            asked = question.only_shown(opened.view, pairs)
            query = opened.grant.lead(opened.campaign, lead_id, asked.shown)
            found = leads.find_one(connection, opened.campaign, query)
            if found is None:
                raise LeadNotFound.of(lead_id, opened.campaign.id)
            return opened, found

        opened, found = await self.hub.look_up(job)
        tag = tags.of_lead(found)
        if tags.is_known(request, tag):
            return tags.unchanged(tag, self._version(opened))
        return wire.one(found, {"ETag": tag, **self._version(opened)})

    def _version(self, opened: Opened) -> dict[str, str]:
        return {"Leadwell-Schema-Version": version(opened.view)}
