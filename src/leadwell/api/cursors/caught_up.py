"""Where a reader stands that has read everything, whether or not it asks."""

from leadwell.api.campaigns import Opened
from leadwell.api.cursors import places
from leadwell.api.cursors.sealing import Sealer
from leadwell.api.entrance.auth import grant_of
from leadwell.model.query import Question
from leadwell.schema.visibility import view as view_of
from leadwell.store import campaigns, feed, tokens
from leadwell.store.connection import Connection
from leadwell.store.outgoing.hooks import Told


def caught_up(
    sealer: Sealer, connection: Connection, campaign_id: int, lineage: str
) -> Told:
    """Return where a reader with the newest token of a line stands then.

    Raises:
        InsufficientScope, CampaignNotFound: the token is not for this campaign.
    """
    token = tokens.newest(connection, lineage)
    grant = grant_of(connection, token)
    campaign = campaigns.known(connection, campaign_id)
    grant.check_owner(campaign, campaign_id)
    opened = Opened(grant, campaign, view_of(campaign, grant))
    place = places.handed_over(opened, feed.head(connection, campaign_id))
    cursor = sealer.place(places.binding_of(opened, Question()), place)
    return Told(feed.newest(connection, campaign_id, grant.scope_id), cursor)
