"""Runs of page numbers: begun by page 1, and kept on its pin (CONTRACT §3)."""

from collections.abc import Mapping

from leadwell.api import tags
from leadwell.api.campaigns import Opened
from leadwell.api.cursors import places
from leadwell.api.hub import Hub
from leadwell.api.lists.answering import Listed, Run, Visit
from leadwell.api.lists.asking import Asked
from leadwell.api.lists.pins import Pin, Slots, owner_of
from leadwell.errors import SnapshotLost
from leadwell.model.page import Page
from leadwell.schema.question import NO_SNAPSHOT
from leadwell.store import feed, leads, pages
from leadwell.store.connection import Connection, remember


def find(hub: Hub, opened: Opened, asked: Asked) -> Run:
    """Return the run that a request belongs to.

    Raises:
        SnapshotLost: the request names a pin that is there no longer.
    """
    question = asked.question
    if question.cursor is not None or question.snapshot == NO_SNAPSHOT:
        return Run()
    grant = opened.grant
    # In another generation the token sees other leads: then the run is another one.
    generation = (grant.lineage, grant.generation)
    owner = owner_of(*generation, opened.campaign.id, asked.text)
    if question.snapshot is not None:
        pin = hub.pins.find(question.snapshot, owner)
        if pin is None:
            raise SnapshotLost(
                "this run of pages was idle for more than ten minutes",
                hint="begin again with page 1; for long reading take _cursor=start",
            )
        return Run(owner, question.snapshot, pin)
    if question.page == 1:
        return Run(owner, begins=True)
    name = hub.pins.of_run(owner)
    pin = hub.pins.find(name, owner) if name else None
    if pin is None:
        return Run(owner, begins=True, is_lost=True)
    return Run(owner, name, pin)


def begin(
    hub: Hub, connection: Connection, visit: Visit, found: pages.Found
) -> str | None:
    """Pin the run that begins with this page, when it has another page."""
    if not visit.run.begins or found.page.total <= found.page.per_page:
        return None
    opened, owner = visit.opened, visit.run.owner

    def made() -> str | None:
        # Named by the state of the scope: nothing outside of it changes the name.
        name = hub.pins.name(owner, tags.revision(connection, opened))
        now = feed.head(connection, opened.campaign.id)
        scope_id = visit.query.scope_id
        watermark = feed.watermark(connection, opened.campaign.id, scope_id)
        slots = _slots(connection, visit, found)
        schema = places.schema_of(opened)
        pin = Pin(owner, slots, now.seq, now.epoch, watermark, schema)
        return name if hub.pins.keep(name, pin) else None

    return remember(connection, ("run", owner), made)


def page(hub: Hub, connection: Connection, visit: Visit) -> Listed | None:
    """Return a page of a run: its slots stand, its leads are as they are now."""
    pin, query, opened = visit.run.pin, visit.query, visit.opened
    if pin is None:
        return None
    ids = pin.window(query.offset, query.per_page)
    bodies = pages.find_pinned(connection, hub.indexes, opened.campaign, query, ids)

    def beside() -> Mapping[str, str]:
        place = places.of_run(opened, pin, feed.head(connection, opened.campaign.id))
        return places.headers(hub, opened, visit.asked.question, place, pin.watermark)

    # The same for all pages of a moment; the name is of one token, see `find`.
    headers = remember(connection, ("beside", visit.run.name), beside)
    found = Page(bodies, query.page, query.per_page, len(pin.slots))
    return Listed(found, headers, snapshot=visit.run.name)


def _slots(connection: Connection, visit: Visit, found: pages.Found) -> Slots:
    if found.matching is not None and not visit.query.sort:
        return found.matching
    return leads.find_ids(connection, visit.opened.campaign, visit.query)
