"""Pages of leads through the index: which ids, then their bodies.

What the index cannot tell, SQL does: `leads.find_page` answers every question, and is
what this is tested against.
"""

from leadwell.model.campaign import Campaign
from leadwell.model.grant import LeadQuery
from leadwell.model.page import Page
from leadwell.store import leads
from leadwell.store.connection import Connection
from leadwell.store.indexes import Indexes


def find_quickly(
    connection: Connection, indexes: Indexes, campaign: Campaign, query: LeadQuery
) -> Page[bytes] | None:
    """Return one page of rendered leads and the true total.

    Its cost is bounded, and depends neither on the page's number nor on how many leads
    there are. `None`: it takes longer this time, see `find`.
    """
    window = indexes.window(connection, campaign, query)
    if window is None:
        return None
    bodies = leads.find_bodies(connection, campaign, query, window.ids)
    return Page(bodies, query.page, query.per_page, window.total)


def find(
    connection: Connection, indexes: Indexes, campaign: Campaign, query: LeadQuery
) -> Page[bytes]:
    """Return one page of rendered leads and the true total, however long it takes."""
    indexes.scan(connection, campaign, query)
    found = find_quickly(connection, indexes, campaign, query)
    return found or leads.find_page(connection, campaign, query)
