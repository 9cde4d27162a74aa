"""For whom the API is described: who asks by a token or a link, or everybody."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.requests import Request

from leadwell.api import wire
from leadwell.api.campaigns import bearer_at, covered_by
from leadwell.api.entrance.auth import Bearer
from leadwell.api.entrance.problems import nothing_here
from leadwell.api.hub import Hub
from leadwell.describe.reader import Reader
from leadwell.model.link import looks_like_secret
from leadwell.schema.visibility import view as view_of
from leadwell.store import accounts
from leadwell.store.connection import Connection

Resolve: TypeAlias = Callable[[Hub, Request], Awaitable[Reader]]
"""Finds out for whom what a request asks for is described."""


async def asking(hub: Hub, request: Request) -> Reader:
    """Return who asks; without a token that is everybody.

    Raises:
        InvalidToken, AddressNotAllowed: as for any request with a token.
    """
    if request.scope["state"].get("visitor") is None:
        return Reader(hub.public_url)
    return await hub.look_up(lambda c: of_bearer(hub, c, bearer_at(c, request)))


async def by_link(hub: Hub, request: Request) -> Reader:
    """Return who reads by the link whose `secret` the path names: its token's bearer.

    Raises:
        NotFound: there is no such link; it is told as any path where nothing is.
        LinkEnded: the link was revoked or has expired, or its token has.
    """
    visitor = request.scope["state"].get("visitor")
    if visitor is None or not looks_like_secret(request.path_params["secret"]):
        raise nothing_here()
    return await hub.look_up(lambda c: of_bearer(hub, c, bearer_at(c, request)))


async def of_account(hub: Hub, request: Request) -> Reader:
    """Return who reads of the `account` in the path: the bearer of its own token.

    Raises:
        NotAuthenticated, InvalidToken, AddressNotAllowed: as for any request.
        NotFound: it is another account's token or a campaign's; whether there is such
            an account is not told.
    """

    def job(connection: Connection) -> Reader:
        reader = of_bearer(hub, connection, bearer_at(connection, request))
        is_own = (
            reader.grant is not None
            and reader.grant.campaign_id is None
            and reader.account is not None
            and reader.account.slug == request.path_params["account"]
        )
        if not is_own:
            raise nothing_here()
        return reader

    return await hub.look_up(job)


def headers(reader: Reader) -> dict[str, str]:
    """Say who may keep, find and be told of what is described to a reader."""
    # The address of what is shared is a secret: no other host may be told it.
    told = {**wire.PRIVATE, "Referrer-Policy": "no-referrer"}
    return told if reader.grant is None else {**told, "X-Robots-Tag": "noindex"}


def of_bearer(hub: Hub, connection: Connection, bearer: Bearer) -> Reader:
    """Return the bearer of a token as a reader: what it sees, and no more."""
    grant = bearer.grant
    covered = covered_by(connection, grant)
    views = tuple(view_of(campaign, grant) for campaign in covered.items)
    return Reader(
        hub.public_url,
        accounts.find_by_id(connection, grant.account_id),
        views,
        grant,
        bearer.token.name,
        covered.total - len(views),
    )
