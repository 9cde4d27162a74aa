"""For whom the API is described: the bearer of the token that asks, or everybody."""

from starlette.requests import Request

from leadwell.api.campaigns import bearer_at
from leadwell.api.entrance.auth import Bearer
from leadwell.api.hub import Hub
from leadwell.describe.reader import Reader
from leadwell.schema.visibility import view as view_of
from leadwell.store import accounts, campaigns
from leadwell.store.connection import Connection

CAMPAIGNS_MAX = 1_000
"""How many campaigns of an account one description names."""


async def asking(hub: Hub, request: Request) -> Reader:
    """Return who asks; without a token that is everybody.

    Raises:
        InvalidToken, AddressNotAllowed: as for any request with a token.
    """
    if request.scope["state"].get("visitor") is None:
        return Reader(hub.public_url)
    return await hub.look_up(lambda c: of_bearer(hub, c, bearer_at(c, request)))


def of_bearer(hub: Hub, connection: Connection, bearer: Bearer) -> Reader:
    """Return the bearer of a token as a reader: what it sees, and no more."""
    grant = bearer.grant
    covered = campaigns.find_page(
        connection, grant.account_id, grant.campaign_id, per_page=CAMPAIGNS_MAX
    ).items
    return Reader(
        hub.public_url,
        accounts.find_by_id(connection, grant.account_id),
        tuple(view_of(campaign, grant) for campaign in covered),
        grant,
        bearer.token.name,
    )
