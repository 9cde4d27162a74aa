"""Cursors of requests: what they are bound to, and where they stand."""

from dataclasses import replace

from leadwell.api.campaigns import Opened
from leadwell.api.cursors.sealing import digest_of
from leadwell.api.hub import Hub
from leadwell.api.lists.pins import Pin
from leadwell.describe.schema import version
from leadwell.errors import CursorLost
from leadwell.model.cursor import Binding, Ended, Knows, Place, Walk
from leadwell.model.query import Question
from leadwell.schema import times
from leadwell.store import feed, tokens
from leadwell.store.connection import Connection
from leadwell.store.feed import Head


def binding_of(opened: Opened, question: Question) -> Binding:
    """Return what a cursor of this token, campaign and question is bound to."""
    conditions = sorted(repr(condition) for condition in question.conditions)
    return Binding(
        opened.campaign.id,
        digest_of(opened.grant.lineage),
        digest_of(conditions, question.search),
    )


def schema_of(opened: Opened) -> bytes:
    """Return the digest of the schema that the token sees."""
    return digest_of(version(opened.view))


def beginning(opened: Opened, now: Head) -> Place:
    """Return the place of a reader that has nothing: the whole set comes first."""
    return Place(
        scope_id=opened.grant.scope_id,
        generation=opened.grant.generation,
        epoch=now.epoch,
        seq=0,
        start=now.seq,
        seen=now.seq,
        knows=Knows.NOTHING,
        schema=schema_of(opened),
    )


def handed_over(opened: Opened, now: Head) -> Place:
    """Return the place of a reader that reads all leads in another way."""
    return replace(beginning(opened, now), seq=now.seq, knows=Knows.ANYTHING)


def of_walk(opened: Opened, walk: Walk) -> Place:
    """Return the feed's place at the beginning of a walk."""
    place = handed_over(opened, Head(walk.seq, walk.epoch))
    return replace(place, seen=walk.seen, schema=walk.schema)


def of_run(opened: Opened, pin: Pin, now: Head) -> Place:
    """Return the feed's place at the beginning of a run of pages."""
    place = handed_over(opened, Head(pin.seq, pin.epoch))
    return replace(place, schema=pin.schema).answered_at(now.seq, now.epoch)


def turned(
    hub: Hub, connection: Connection, opened: Opened, place: Place, now: Head
) -> Place:
    """Return the place, moved into the token's present generation if need be."""
    grant = opened.grant
    if (place.generation, place.scope_id) == (grant.generation, grant.scope_id):
        return place
    ended = tokens.ended(
        connection, opened.campaign.id, grant.lineage, place.generation, hub.clock()
    )
    ended = ended or Ended(now.seq, hub.moment)
    moved = place.turned(grant.scope_id, grant.generation, now.seq, ended)
    return replace(moved, epoch=now.epoch)


def opened_place(
    hub: Hub,
    connection: Connection,
    opened: Opened,
    cursor: str | None,
    binding: Binding,
) -> tuple[Place | None, Place]:
    """Return where a cursor stands, and where its reader goes on.

    Without a cursor that is the beginning; in another generation of the token the
    feed goes on elsewhere than it stopped.

    Raises:
        InvalidCursor: it is none of this token, campaign and question.
        CursorLost: it is of a history that a restore has undone.
    """
    now = feed.head(connection, opened.campaign.id)
    if cursor is None:
        return None, beginning(opened, now)
    sent = hub.sealer.open_place(cursor, binding)
    feed.check_known(connection, opened.campaign.id, sent.epoch, sent.seen)
    return sent, turned(hub, connection, opened, sent, now)


def export_place(
    hub: Hub, connection: Connection, opened: Opened, question: Question
) -> Place:
    """Return where the change feed goes on after an export, or after its rest.

    Raises:
        InvalidCursor, CursorLost: as for the change feed.
        CursorLost: the token was given another filter or other fields meanwhile.
    """
    now = feed.head(connection, opened.campaign.id)
    if question.cursor is None:
        return handed_over(opened, now)
    place = hub.sealer.open_place(question.cursor, binding_of(opened, question))
    feed.check_known(connection, opened.campaign.id, place.epoch, place.seen)
    check_generation(opened, place.generation)
    return place


def check_generation(opened: Opened, generation: int) -> None:
    """Refuse to go on with a list or an export in another generation of the token.

    Its reader would hold leads of two filters, and the feed takes back those of one.

    Raises:
        CursorLost: the reader has to begin anew.
    """
    if generation != opened.grant.generation:
        raise CursorLost(
            "the token was given another filter or other fields since this began",
            hint="begin anew, and replace your copy",
        )


def headers(
    hub: Hub, opened: Opened, question: Question, place: Place, watermark: int
) -> dict[str, str]:
    """Return where the change feed goes on after this answer."""
    sealed = hub.sealer.place(binding_of(opened, question), place)
    stamp = times.show(times.from_microseconds(watermark))
    return {"Leadwell-Cursor": sealed, "Leadwell-Watermark": stamp}
