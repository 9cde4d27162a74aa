"""What an answered page holds, and what stands beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from leadwell.api import links, tags, wire
from leadwell.api.campaigns import Opened
from leadwell.api.cursors import places
from leadwell.api.hub import Hub
from leadwell.api.lists.asking import Asked
from leadwell.api.lists.pins import Pin, owner_of
from leadwell.describe.schema import version
from leadwell.model.grant import LeadQuery
from leadwell.model.page import Page
from leadwell.store import feed
from leadwell.store.connection import Connection, remember

Answer = tuple[list[wire.Header], bytes]
"""Headers and a body."""


@dataclass(frozen=True, slots=True)
class Run:
    """The run of pages that a request belongs to."""

    name: str | None = None
    pin: Pin | None = None
    begins: bool = False
    """Whether a run begins with this page."""
    is_lost: bool = False
    """Whether it should have a pin, and has none any more."""


@dataclass(frozen=True)
class Standing:
    """What all pages of a question have in common at one moment of the database."""

    opened: Opened
    asked: Asked
    query: LeadQuery
    seen: str
    """Names what the token sees at this moment, and the question but for its page."""
    url: str
    """The URL of the campaign's leads."""
    openapi_url: str

    @cached_property
    def owner(self) -> bytes:
        """Whose runs of pages belong to this token and question.

        In another generation the token sees other leads: then the run is another one.
        """
        grant = self.opened.grant
        generation = (grant.lineage, grant.generation)
        return owner_of(*generation, self.opened.campaign.id, self.asked.text)

    @cached_property
    def headers(self) -> list[wire.Header]:
        """The headers that are the same on every page."""
        return wire.headers({"Leadwell-Schema-Version": version(self.opened.view)})

    @cached_property
    def beside(self) -> str:
        """What every page's `Link` names besides other pages."""
        return links.header(
            {
                "describedby": f"{self.url.removesuffix('/leads')}/schema.json",
                "service-desc": self.openapi_url,
            }
        )


@dataclass(frozen=True, slots=True)
class Visit:
    """A list request, read at one moment of the database."""

    standing: Standing
    query: LeadQuery
    run: Run
    tag: str

    @property
    def opened(self) -> Opened:
        """The campaign, and what the token may see of it."""
        return self.standing.opened

    @property
    def asked(self) -> Asked:
        """What is asked."""
        return self.standing.asked


@dataclass(frozen=True, slots=True)
class Listed:
    """One page, and what stands beside it."""

    page: Page[bytes]
    beside: "Beside"
    next_cursor: str | None = None
    snapshot: str | None = None
    """The name of the run's pin."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Where the change feed goes on after an answer: as words, and as they are sent."""

    words: Mapping[str, str]
    headers: list[wire.Header]

    @classmethod
    def of(cls, words: Mapping[str, str]) -> "Beside":
        """Write the words down once for all pages that carry them."""
        return cls(words, wire.headers(words))


def standing(
    hub: Hub, connection: Connection, opened: Opened, asked: Asked
) -> Standing:
    """Return what all pages of a question have in common."""
    public_url = hub.public_url
    # Cursors stand in a page, and are of one generation of the token.
    generation = opened.grant.generation
    state = f"{tags.revision(connection, opened)} {generation}"
    seen = f"{state} {public_url} {asked.pairs!r}"
    return Standing(
        opened,
        asked,
        opened.grant.query(opened.campaign, asked.question),
        seen,
        links.leads_url(public_url, opened.campaign.id),
        links.openapi_url(public_url),
    )


def beside(hub: Hub, connection: Connection, visit: Visit) -> Beside:
    """Return where the change feed goes on: the same for all pages of a moment."""
    opened, question = visit.opened, visit.asked.question

    def made() -> Beside:
        place = places.handed_over(opened, feed.head(connection, opened.campaign.id))
        scope_id = visit.query.scope_id
        watermark = feed.watermark(connection, opened.campaign.id, scope_id)
        return Beside.of(places.headers(hub, opened, question, place, watermark))

    return remember(
        connection, opened.campaign.id, ("beside", opened, visit.asked.text), made
    )


def rendered(visit: Visit, listed: Listed) -> Answer:
    """Return the headers and the body of an answer."""
    standing, asked = visit.standing, visit.asked
    around = links.around(standing.url, asked.text, listed.page, listed.snapshot)
    if asked.question.cursor:
        around = links.onward(standing.url, asked.pairs, listed.next_cursor)
    link = f"{links.header(around)}, {standing.beside}" if around else standing.beside
    headers = [
        (b"etag", visit.tag.encode()),
        *listed.beside.headers,
        *standing.headers,
        (b"link", link.encode()),
    ]
    if visit.run.is_lost:
        headers.append((b"leadwell-snapshot", b"lost"))
    elif listed.snapshot:
        headers.append((b"leadwell-snapshot", listed.snapshot.encode()))
    if not asked.question.with_meta:
        return headers, wire.page(listed.page)
    meta: dict[str, Any] = {
        **around,
        "next_cursor": listed.next_cursor,
        "cursor": listed.beside.words["Leadwell-Cursor"],
        "watermark": listed.beside.words["Leadwell-Watermark"],
        "schema_version": version(visit.opened.view),
    }
    return headers, wire.page(listed.page, meta)
