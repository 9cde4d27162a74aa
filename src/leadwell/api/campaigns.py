"""`/v2/campaigns`, one campaign, its schema, and `/v2/me`."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import links, wire
from leadwell.api.entrance.auth import Bearer
from leadwell.api.hub import Hub
from leadwell.describe import access, schema
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Grant
from leadwell.schema import querystring, question
from leadwell.schema.visibility import view as view_of
from leadwell.store import accounts, campaigns
from leadwell.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Opened:
    """A campaign that the token may open: whole, and as the token sees it."""

    grant: Grant
    campaign: Campaign
    view: Campaign


def bearer_of(request: Request) -> Bearer:
    """Return who asks; the entrance has checked the token."""
    bearer: Bearer = request.state.bearer
    return bearer


def open_campaign(hub: Hub, request: Request) -> Opened:
    """Return the campaign that the path names, if the token covers it.

    Raises:
        InsufficientScope: a campaign token asks for another campaign, existing or not.
        CampaignNotFound: an account token asks for one that is not its account's.
    """
    campaign_id = int(request.path_params["campaign_id"])
    return open_numbered(hub, bearer_of(request).grant, campaign_id)


def open_again(hub: Hub, request: Request) -> Opened:
    """Return the campaign once more, for an answer that takes long.

    Raises:
        InvalidToken: the token was revoked meanwhile.
    """
    request.state.bearer = request.state.gate.check(request.scope)
    return open_campaign(hub, request)


def open_numbered(hub: Hub, grant: Grant, campaign_id: int) -> Opened:
    """Return the campaign with this number; the same errors as for a path."""
    with hub.database.reading() as connection:
        return open_in(connection, grant, campaign_id)


def open_in(connection: Connection, grant: Grant, campaign_id: int) -> Opened:
    """Return the campaign with this number as it is at the moment that is read."""
    grant.check_campaign(campaign_id)
    campaign = grant.check_owner(campaigns.find(connection, campaign_id), campaign_id)
    return Opened(grant, campaign, view_of(campaign, grant))


@dataclass(frozen=True, slots=True)
class Campaigns:
    """The campaigns that a token covers, and the token itself."""

    hub: Hub

    async def list(self, request: Request) -> Response:
        """Answer with one page of the campaigns."""
        grant = bearer_of(request).grant
        pairs = querystring.decode(request.scope["query_string"])
        asked = question.window(pairs)
        with self.hub.database.reading() as connection:
            page = campaigns.find_page(
                connection,
                grant.account_id,
                grant.campaign_id,
                asked.page,
                asked.per_page,
            )
        url = f"{self.hub.public_url}/v2/campaigns"
        around = links.around(url, links.but_page(pairs), page)
        shown = [access.campaign(view_of(found, grant)) for found in page.items]
        return wire.document(
            {"data": shown, "pagination": wire.pagination(page)},
            {"Link": links.header(around)},
        )

    async def show(self, request: Request) -> Response:
        """Answer with one campaign."""
        opened = self._opened(request)
        return wire.document({"data": access.campaign(opened.view)})

    async def schema(self, request: Request) -> Response:
        """Answer with the fields, options and statuses that the token may see."""
        opened = self._opened(request)
        return wire.document({"data": schema.document(opened.view)})

    async def json_schema(self, request: Request) -> Response:
        """Answer with the JSON Schema of a lead."""
        opened = self._opened(request)
        answer = wire.document(schema.lead_schema(opened.view))
        answer.headers["Content-Type"] = "application/schema+json"
        return answer

    async def me(self, request: Request) -> Response:
        """Answer with what the token is and may see."""
        question.nothing(querystring.decode(request.scope["query_string"]))
        bearer = bearer_of(request)
        with self.hub.database.reading() as connection:
            account = accounts.find_by_id(connection, bearer.grant.account_id)
            page = campaigns.find_page(
                connection, bearer.grant.account_id, bearer.grant.campaign_id
            )
        views = [view_of(found, bearer.grant) for found in page.items]
        content = access.token(bearer.token, bearer.grant, account, views)
        return wire.document({"data": content})

    def _opened(self, request: Request) -> Opened:
        opened = open_campaign(self.hub, request)
        question.nothing(querystring.decode(request.scope["query_string"]))
        return opened
