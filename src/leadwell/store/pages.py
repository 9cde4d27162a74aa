"""Pages of leads through the index: which ids, then their bodies.

What the index cannot tell, SQL does: it answers every question, and is what the index
is tested against.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from leadwell.model.campaign import Campaign
from leadwell.model.cursor import Walk
from leadwell.model.grant import LeadQuery
from leadwell.model.page import Page
from leadwell.store import leads
from leadwell.store.connection import Connection
from leadwell.store.figures import BY_INDEX, BY_SQL, timed
from leadwell.store.indexes import Indexes


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rendered leads."""

    page: Page[bytes]
    last_id: int | None = None
    """Where a walk goes on; `None`: nothing follows, or it is no walk."""
    matching: BitMap | None = None
    """The ids on all pages, where they were at hand."""


def find_quickly(
    connection: Connection,
    indexes: Indexes,
    campaign: Campaign,
    query: LeadQuery,
    walk: Walk | None = None,
) -> Found | None:
    """Return one page and the true total; that of a walk begins behind its last id.

    Its cost is bounded, and depends neither on the page's number nor on how many leads
    there are. `None`: it takes longer this time, see `find`.
    """
    after = None if walk is None else walk.last_id
    with timed("index"):
        window = indexes.window(connection, campaign, query, after)
    if window is None:
        return None
    BY_INDEX.inc()
    with timed("bodies"):
        bodies = leads.find_bodies(connection, campaign, query, window.ids)
    number = query.page if walk is None else walk.page
    page = Page(bodies, number, query.per_page, window.total)
    last_id = window.ids[-1] if walk is not None and window.has_more else None
    return Found(page, last_id, window.matching)


def find(
    connection: Connection,
    indexes: Indexes,
    campaign: Campaign,
    query: LeadQuery,
    walk: Walk | None = None,
) -> Found:
    """Return the same, however long it takes."""
    with timed("scan"):
        indexes.scan(connection, campaign, query)
    found = find_quickly(connection, indexes, campaign, query, walk)
    if found is not None:
        return found
    BY_SQL.inc()
    with timed("sql"):
        if walk is None:
            return Found(leads.find_page(connection, campaign, query))
        return Found(*leads.find_after(connection, campaign, query, walk))


def find_pinned(
    connection: Connection,
    indexes: Indexes,
    campaign: Campaign,
    query: LeadQuery,
    ids: Sequence[int],
) -> list[bytes]:
    """Return these leads as they are now, those that the token still may see.

    What was asked for is not asked again: that they matched was fixed with their ids.
    """
    if not ids:
        return []
    found = indexes.matching(connection, campaign, query.unasked)
    seen: BitMap | set[int] = (
        leads.find_visible(connection, campaign, query.unasked, ids)
        if found is None
        else found
    )
    kept = [lead_id for lead_id in ids if lead_id in seen]
    return leads.find_bodies(connection, campaign, query, kept)
