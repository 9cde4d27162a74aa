"""What commands do with tokens and links, noted where the pages show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadwell.cli.opening import noted

if TYPE_CHECKING:
    from leadwell.model.token import Token
    from leadwell.store.connection import Connection
    from leadwell.store.people.activity import What


def note(connection: Connection, of: Token, what: What, link: str = "") -> None:
    """Note in this transaction what is done with a token, or with a link of it.

    It belongs to the token's campaign, or to the account that all of them are of.
    """
    from leadwell.store import accounts, campaigns

    if of.campaign_id is None:
        owner = accounts.find_by_id(connection, of.account_id)
        noted(connection, owner, what, of.name, link or of.public_id)
    else:
        campaign = campaigns.known(connection, of.campaign_id)
        noted(connection, campaign, what, of.name, link or of.public_id)
