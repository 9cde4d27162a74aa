"""What an answered page holds, and what stands beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadwell.api import links, wire
from leadwell.api.campaigns import Opened
from leadwell.api.cursors import places
from leadwell.api.hub import Hub
from leadwell.api.lists.asking import Asked
from leadwell.api.lists.pins import Pin
from leadwell.describe.schema import version
from leadwell.model.grant import LeadQuery
from leadwell.model.page import Page
from leadwell.store import feed
from leadwell.store.connection import Connection, remember

Answer = tuple[dict[str, str], bytes]
"""Headers and a body."""


@dataclass(frozen=True, slots=True)
class Run:
    """The run of pages that a request belongs to."""

    owner: bytes = b""
    name: str | None = None
    pin: Pin | None = None
    begins: bool = False
    """Whether a run begins with this page."""
    is_lost: bool = False
    """Whether it should have a pin, and has none any more."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A list request, read at one moment of the database."""

    opened: Opened
    asked: Asked
    query: LeadQuery
    run: Run
    tag: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One page, and what stands beside it."""

    page: Page[bytes]
    headers: Mapping[str, str]
    next_cursor: str | None = None
    snapshot: str | None = None
    """The name of the run's pin."""


def beside(hub: Hub, connection: Connection, visit: Visit) -> Mapping[str, str]:
    """Return where the change feed goes on: the same for all pages of a moment."""
    opened, question = visit.opened, visit.asked.question

    def made() -> Mapping[str, str]:
        place = places.handed_over(opened, feed.head(connection, opened.campaign.id))
        scope_id = visit.query.scope_id
        watermark = feed.watermark(connection, opened.campaign.id, scope_id)
        return places.headers(hub, opened, question, place, watermark)

    asked = (opened.campaign.id, opened.grant, visit.asked.text)
    return remember(connection, ("beside", *asked), made)


def rendered(hub: Hub, visit: Visit, listed: Listed) -> Answer:
    """Return the headers and the body of an answer."""
    opened, asked = visit.opened, visit.asked
    url = links.leads_url(hub.public_url, opened.campaign.id)
    around = links.around(url, asked.text, listed.page, listed.snapshot)
    if asked.question.cursor:
        around = links.onward(url, asked.pairs, listed.next_cursor)
    beside = {
        "describedby": f"{url.removesuffix('/leads')}/schema.json",
        "service-desc": links.openapi_url(hub.public_url),
    }
    headers = {
        "ETag": visit.tag,
        **listed.headers,
        "Leadwell-Schema-Version": version(opened.view),
        "Link": links.header(around | beside),
    }
    if visit.run.is_lost:
        headers["Leadwell-Snapshot"] = "lost"
    elif listed.snapshot:
        headers["Leadwell-Snapshot"] = listed.snapshot
    if not asked.question.with_meta:
        return headers, wire.page(listed.page)
    meta: dict[str, Any] = {
        **around,
        "next_cursor": listed.next_cursor,
        "cursor": listed.headers["Leadwell-Cursor"],
        "watermark": listed.headers["Leadwell-Watermark"],
        "schema_version": version(opened.view),
    }
    return headers, wire.page(listed.page, meta)
