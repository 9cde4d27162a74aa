"""`/v2/campaigns`, one campaign, and `/v2/me`."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import links, wire
from leadwell.api.entrance.auth import Bearer, Visitor
from leadwell.api.entrance.problems import nothing_here
from leadwell.api.hub import Hub
from leadwell.api.load import telling
from leadwell.describe import access
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Grant
from leadwell.model.link import LinkKind
from leadwell.model.page import Page
from leadwell.schema import querystring, question
from leadwell.schema.question import renamed
from leadwell.schema.visibility import view as view_of
from leadwell.store import accounts, campaigns
from leadwell.store.access.health import Note
from leadwell.store.connection import Connection, remember

DESCRIBED_MAX = 1_000
"""How many campaigns of an account `/v2/me` and one description name."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A campaign that the token may open: whole, and as the token sees it.

    One of a moment is equal to itself alone: what is made of it is kept by it.
    """

    grant: Grant
    campaign: Campaign
    view: Campaign


def bearer_at(connection: Connection, request: Request) -> Bearer:
    """Return who asks, and what the token grants at the moment that is read.

    What is answered, the filter it is read through and the cursor beside it must be of
    one moment: through an older filter an answer would pass over leads that the newer
    one has let in, with a cursor that stands behind them.

    Raises:
        InvalidToken: it is wrong, expired or revoked.
        AddressNotAllowed: it may not be used from the client's address.
    """
    visitor: Visitor = request.scope["state"]["visitor"]
    return visitor.look(connection)


def charge(request: Request, leads: int) -> None:
    """Charge a request with the leads that it reads or writes."""
    visitor: Visitor | None = request.scope["state"]["visitor"]
    if visitor is not None:
        visitor.charge(leads)


def open_campaign(connection: Connection, request: Request) -> Opened:
    """Return the campaign that the path names, if the token covers it.

    Raises:
        InvalidToken, AddressNotAllowed: as for any request.
        InsufficientScope: a campaign token asks for another campaign, existing or not.
        CampaignNotFound: an account token asks for one that is not its account's.
    """
    campaign_id = request.scope["path_params"]["campaign_id"]
    opened = open_numbered(connection, request, campaign_id)
    _note_renamed(request, opened.view)
    return opened


def open_numbered(connection: Connection, request: Request, campaign_id: int) -> Opened:
    """Return the campaign with this number; the same errors as for a path."""
    return _opened(connection, bearer_at(connection, request), campaign_id)


def _note_renamed(request: Request, view: Campaign) -> None:
    """Have the token's owner be told which former slugs its reader still uses."""
    found = renamed.former(view, request.scope["query_string"])
    if found:
        visitor: Visitor = request.scope["state"]["visitor"]
        visitor.notes[Note.RENAMED] = querystring.encode(list(found.items()))


def open_own(connection: Connection, request: Request) -> Opened:
    """Return the one campaign of a campaign token, which the path need not name.

    Raises:
        InvalidToken, AddressNotAllowed, LinkEnded: as for any request.
        NotFound: it is no token of a campaign.
    """
    bearer = bearer_at(connection, request)
    if bearer.grant.campaign_id is None:
        raise nothing_here()
    return _opened(connection, bearer, bearer.grant.campaign_id)


def _opened(connection: Connection, bearer: Bearer, campaign_id: int) -> Opened:
    if bearer.link is not None and bearer.link.kind is not LinkKind.CSV:
        # Whatever is served below a link to documentation: it shows no lead.
        raise nothing_here()
    grant = bearer.grant
    # First of all: no machine is asked for a campaign that is none of the token's.
    grant.check_campaign(campaign_id)
    # At one moment a token grants one thing, by whichever secret it is reached.
    key = ("opened", bearer.token.public_id, campaign_id)
    make = partial(_opened_first, connection, grant, campaign_id)
    opened = remember(connection, campaign_id, key, make)
    # On Citus a token lies on another machine than the campaign. Where it has changed,
    # what was opened by the one of before, or is at this moment, is not for it.
    return opened if opened.grant == grant else make()


def _opened_first(connection: Connection, grant: Grant, campaign_id: int) -> Opened:
    campaign = grant.check_owner(campaigns.find(connection, campaign_id), campaign_id)
    return Opened(grant, campaign, view_of(campaign, grant))


def covered_by(connection: Connection, grant: Grant) -> Page[Campaign]:
    """Return what a grant covers: of very many campaigns the first, and how many."""
    return campaigns.find_page(
        connection, grant.account_id, grant.campaign_id, per_page=DESCRIBED_MAX
    )


@dataclass(frozen=True, slots=True)
class Campaigns:
    """The campaigns that a token covers, and the token itself."""

    hub: Hub

    async def list(self, request: Request) -> Response:
        """Answer with one page of the campaigns."""
        pairs = querystring.decode(request.scope["query_string"])
        asked = question.window(pairs)

        def job(connection: Connection) -> tuple[Grant, Page[Campaign]]:
            grant = bearer_at(connection, request).grant
            covered = (grant.account_id, grant.campaign_id)
            window = (asked.page, asked.per_page)
            return grant, campaigns.find_page(connection, *covered, *window)

        grant, page = await self.hub.look_up(job)
        url = f"{self.hub.public_url}/v2/campaigns"
        around = links.around(url, links.but_page(pairs), page)
        shown = [access.campaign(view_of(found, grant)) for found in page.items]
        return wire.document(
            {"data": shown, "pagination": wire.pagination(page)},
            {"Link": links.header(around)},
        )

    async def show(self, request: Request) -> Response:
        """Answer with one campaign."""
        opened = await self._opened(request)
        return wire.document({"data": access.campaign(opened.view)})

    async def me(self, request: Request) -> Response:
        """Answer with what the token is and may see."""
        question.nothing(querystring.decode(request.scope["query_string"]))

        def job(connection: Connection) -> dict[str, Any]:
            bearer = bearer_at(connection, request)
            grant = bearer.grant
            account = accounts.find_by_id(connection, grant.account_id)
            covered = covered_by(connection, grant)
            return access.token(
                bearer.token,
                grant,
                account,
                [view_of(found, grant) for found in covered.items],
                telling.told(self.hub.limits, bearer.token),
                campaigns_total=covered.total,
            )

        return wire.document({"data": await self.hub.look_up(job)})

    async def _opened(self, request: Request) -> Opened:
        opened = await self.hub.look_up(lambda c: open_campaign(c, request))
        question.nothing(querystring.decode(request.scope["query_string"]))
        return opened
