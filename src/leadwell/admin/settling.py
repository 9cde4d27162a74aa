"""What an edit means for many leads: a part of it at once, the rest by the upkeep."""

from leadwell.admin.visit import Visit
from leadwell.errors import LeadwellError
from leadwell.store import campaigns
from leadwell.store.connection import Connection
from leadwell.store.writes import chores

CHUNKS_AT_ONCE = 4
"""Nobody waits for more than two thousand leads; the hub goes on by itself."""


async def settle(visit: Visit) -> None:
    """Begin with what an edit has left to do; small campaigns are done at once."""

    def chunk(connection: Connection) -> bool:
        campaign = campaigns.known(connection, visit.campaign_id)
        return chores.work(connection, campaign, visit.hub.now)

    try:
        for _ in range(CHUNKS_AT_ONCE):
            if not await visit.write(chunk):
                return
    except LeadwellError:
        # The edit is made. What leads wait for is done when the clock is right again.
        return
