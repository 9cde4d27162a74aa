"""Runs of page numbers: begun by page 1, and kept on its pin (CONTRACT §3)."""

from leadwell.api import tags
from leadwell.api.cursors import places
from leadwell.api.hub import Hub
from leadwell.api.lists.answering import Beside, Listed, Run, Standing, Visit
from leadwell.api.lists.pins import Pin, Slots
from leadwell.errors import SnapshotLost
from leadwell.model.page import Page
from leadwell.schema.question import NO_SNAPSHOT
from leadwell.store import feed, leads, pages
from leadwell.store.connection import Connection, forget, remember


def find(hub: Hub, connection: Connection, standing: Standing, page: int) -> Run:
    """Return the run that a request belongs to.

    Raises:
        SnapshotLost: the request names a pin that is there no longer.
    """
    question = standing.asked.question
    if question.cursor is not None or question.snapshot == NO_SNAPSHOT:
        return Run()
    owner = standing.owner
    pins = hub.pins.at(connection, standing.opened.campaign.id)
    if question.snapshot is not None:
        pin = pins.find(question.snapshot, owner)
        if pin is None:
            raise SnapshotLost(
                "this run of pages was idle for more than ten minutes",
                hint="begin again with page 1; for long reading take _cursor=start",
            )
        return Run(question.snapshot, pin)
    if page == 1:
        return Run(begins=True)
    name = pins.of_run(owner)
    pin = pins.find(name, owner) if name else None
    if pin is None:
        return Run(begins=True, is_lost=True)
    return Run(name, pin)


def begin(
    hub: Hub, connection: Connection, visit: Visit, found: pages.Found
) -> str | None:
    """Pin the run that begins with this page, when it has another page."""
    if not visit.run.begins or found.page.total <= found.page.per_page:
        return None
    opened, owner = visit.opened, visit.standing.owner
    pins = hub.pins.at(connection, opened.campaign.id)

    def made() -> str | None:
        # Named by the state of the scope: nothing outside of it changes the name.
        name = pins.name(owner, tags.revision(connection, opened))
        now = feed.head(connection, opened.campaign.id)
        scope_id = visit.query.scope_id
        watermark = feed.watermark(connection, opened.campaign.id, scope_id)
        slots = _slots(connection, visit, found)
        schema = places.schema_of(opened)
        pin = Pin(owner, slots, now.seq, now.epoch, watermark, schema)
        return name if pins.keep(name, pin) else None

    key = ("run", owner)
    name = remember(connection, opened.campaign.id, key, made)
    if name is None or pins.find(name, owner) is not None:
        return name
    # It was idle for too long since, or had to make room: its moment still stands.
    forget(connection, opened.campaign.id, key)
    return remember(connection, opened.campaign.id, key, made)


def page(hub: Hub, connection: Connection, visit: Visit) -> Listed | None:
    """Return a page of a run: its slots stand, its leads are as they are now."""
    pin, query, opened = visit.run.pin, visit.query, visit.opened
    if pin is None:
        return None
    ids = pin.window(query.offset, query.per_page)
    bodies = pages.find_pinned(connection, hub.indexes, opened.campaign, query, ids)

    def beside() -> Beside:
        place = places.of_run(opened, pin, feed.head(connection, opened.campaign.id))
        question = visit.asked.question
        return Beside.of(places.headers(hub, opened, question, place, pin.watermark))

    # The same for all pages of a moment; the name is of one token, see `find`.
    key = ("beside", visit.run.name)
    kept = remember(connection, opened.campaign.id, key, beside)
    found = Page(bodies, query.page, query.per_page, len(pin.slots))
    return Listed(found, kept, snapshot=visit.run.name)


def _slots(connection: Connection, visit: Visit, found: pages.Found) -> Slots:
    if found.matching is not None and not visit.query.sort:
        return found.matching
    return leads.find_ids(connection, visit.opened.campaign, visit.query)
