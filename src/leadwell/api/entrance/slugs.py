"""A campaign's slug where its id belongs: whoever may see it is told the id."""

import re

from leadwell.api.entrance.auth import Visitor
from leadwell.api.entrance.problems import nothing_here
from leadwell.errors import NotFound
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Grant
from leadwell.model.slug import SLUG
from leadwell.store import accounts, campaigns
from leadwell.store.connection import Connection

_BY_SLUG = re.compile(rf"(?:/v2)?/campaigns/({SLUG.pattern})(?:/.*)?", re.DOTALL)


def not_found(path: str, visitor: Visitor, connection: Connection) -> NotFound:
    """Return what is told of a path where nothing is.

    Raises:
        InvalidToken, AddressNotAllowed: as for any request.
    """
    named, bearer = _BY_SLUG.fullmatch(path), visitor.look(connection)
    if named is None or bearer.link is not None:
        return nothing_here()
    found = _seen(connection, bearer.grant, named[1])
    if found is None:
        return nothing_here()
    return NotFound(
        "a path names a campaign by its id, and not by its slug",
        hint=f"that of {found.slug} is {found.id}: /v2/campaigns/{found.id}",
    )


def _seen(connection: Connection, grant: Grant, slug: str) -> Campaign | None:
    """Return the campaign with this slug, if the token covers it."""
    if grant.campaign_id is None:
        account = accounts.find_by_id(connection, grant.account_id)
        return campaigns.find_by_slug(connection, account, slug)
    own = campaigns.find(connection, grant.campaign_id)
    return own if own is not None and own.slug == slug else None
