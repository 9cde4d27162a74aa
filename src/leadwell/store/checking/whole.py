"""Everything that is compared of one campaign, at one moment of a live database."""

from collections.abc import Iterator

from leadwell.store import campaigns
from leadwell.store.checking import order
from leadwell.store.connection import Connection
from leadwell.store.indexes import checking


def differences(
    connection: Connection, campaign_id: int, told: order.Told
) -> Iterator[str]:
    """Yield what is wrong, where, and what to do about it; nothing at all is right.

    `told` is told of how many leads have been looked at.
    """
    counted = order.counted(connection, campaign_id)
    if not counted:
        # Everything else is read by it.
        yield f"it has no counter: {order.RESTORE}"
        return
    yield from order.differences(connection, campaign_id, counted, told)
    yield from checking.differences(
        connection, campaigns.known(connection, campaign_id)
    )
