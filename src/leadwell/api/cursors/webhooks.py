"""A new webhook: it begins where the reader whose changes it tells has read all."""

from datetime import datetime

from leadwell.api.cursors.caught_up import caught_up
from leadwell.api.cursors.sealing import Sealer
from leadwell.errors import UsageError
from leadwell.model.hook import Hook, check_url
from leadwell.model.token import Token
from leadwell.store.connection import Connection
from leadwell.store.outgoing import hooks


def add(
    sealer: Sealer,
    connection: Connection,
    token: Token,
    *,
    hook_id: str,
    url: str,
    at: datetime,
) -> Hook:
    """Keep a webhook that tells what is new for the readers of a campaign's token.

    One with the same id stays as it is.

    Raises:
        MalformedValue: nothing can be sent to that address.
        UsageError: the token is an account's, or has ended.
    """
    check_url(url)
    campaign_id = token.campaign_id
    if campaign_id is None or not token.is_open(at):
        raise UsageError(
            f"token {token.public_id} is of an account, or ended",
            hint="name one of a campaign that works; see: leadwell token list",
        )
    told = caught_up(sealer, connection, campaign_id, token.lineage)
    hook = Hook(campaign_id, hook_id, token.lineage, url, at, told.seq, told.cursor)
    hooks.add(connection, hook)
    return hook
