"""`GET …/leads`: pages and walks. The hub's busiest route, as a plain ASGI endpoint.

What a question means is read once (`asking`), and what a moment of the database says
is read once (`store.connection.remember`); what is left is which ids, and their bodies.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from leadwell.api import links, tags, wire
from leadwell.api.campaigns import Opened, bearer_of, open_in
from leadwell.api.cursors import places
from leadwell.api.cursors.sealing import START
from leadwell.api.hub import Hub
from leadwell.api.lists import asking
from leadwell.api.lists.asking import Asked
from leadwell.describe.schema import version
from leadwell.model.cursor import Walk
from leadwell.model.grant import Grant, LeadQuery
from leadwell.model.page import Page
from leadwell.store import feed, pages
from leadwell.store.connection import Connection, remember

Find = Callable[..., pages.Found | None]


@dataclass(frozen=True, slots=True)
class Visit:
    """A list request, read at one moment of the database."""

    opened: Opened
    asked: Asked
    query: LeadQuery
    tag: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One page, and what stands beside it."""

    page: Page[bytes]
    headers: Mapping[str, str]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The leads of a campaign, page by page."""

    hub: Hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with one page of the leads the token may see."""
        request = Request(scope, receive)
        grant = bearer_of(request).grant
        campaign_id = scope["path_params"]["campaign_id"]
        with self.hub.database.reading() as connection:
            visit = self._visit(connection, grant, campaign_id, scope["query_string"])
            if tags.is_known(request, visit.tag):
                shown = {"Leadwell-Schema-Version": version(visit.opened.view)}
                await tags.unchanged(visit.tag, shown)(scope, receive, send)
                return
            listed = self._listed(connection, visit, pages.find_quickly)
        if listed is None:
            listed = await self.hub.read(lambda c: self._listed(c, visit, pages.find))
        if listed is not None:
            await wire.send(send, *self._rendered(visit, listed))

    def _visit(
        self, connection: Connection, grant: Grant, campaign_id: int, raw: bytes
    ) -> Visit:
        opened = open_in(connection, grant, campaign_id)
        asked = asking.read(opened.view, raw)
        query = grant.query(opened.campaign, asked.question)
        tag = tags.of_list(connection, opened, self.hub.public_url, raw)
        return Visit(opened, asked, query, tag)

    def _listed(
        self, connection: Connection, visit: Visit, find: Find
    ) -> Listed | None:
        opened, question = visit.opened, visit.asked.question
        walk = self._walk(connection, visit) if question.cursor else None
        found = find(connection, self.hub.indexes, opened.campaign, visit.query, walk)
        if found is None:
            return None
        if walk is None:
            return Listed(found.page, self._beside(connection, visit))
        place = places.of_walk(opened, walk)
        headers = places.headers(self.hub, opened, question, place, walk.watermark)
        if found.last_id is None:
            return Listed(found.page, headers)
        binding = places.binding_of(opened, question)
        further = self.hub.sealer.walk(binding, walk.further(found.last_id))
        return Listed(found.page, headers, further)

    def _beside(self, connection: Connection, visit: Visit) -> Mapping[str, str]:
        """Return where the change feed goes on: the same for all pages of a moment."""
        opened, question = visit.opened, visit.asked.question

        def made() -> Mapping[str, str]:
            now = feed.head(connection, opened.campaign.id)
            place = places.handed_over(opened, now)
            watermark = self._watermark(connection, visit)
            return places.headers(self.hub, opened, question, place, watermark)

        asked = (opened.campaign.id, opened.grant, visit.asked.text)
        return remember(connection, ("beside", *asked), made)

    def _walk(self, connection: Connection, visit: Visit) -> Walk:
        opened, question = visit.opened, visit.asked.question
        now = feed.head(connection, opened.campaign.id)
        if question.cursor != START:
            binding = places.binding_of(opened, question)
            walk = self.hub.sealer.open_walk(question.cursor or "", binding)
            feed.check_known(connection, opened.campaign.id, walk.epoch, walk.seen)
            return walk.answered_at(now.seq, now.epoch)
        watermark = self._watermark(connection, visit)
        schema = places.schema_of(opened)
        return Walk(0, 1, now.seq, now.epoch, now.seq, watermark, schema)

    def _watermark(self, connection: Connection, visit: Visit) -> int:
        query = visit.query
        return feed.watermark(connection, query.campaign_id, query.scope_id)

    def _rendered(self, visit: Visit, listed: Listed) -> tuple[dict[str, str], bytes]:
        opened, asked = visit.opened, visit.asked
        url = links.leads_url(self.hub.public_url, opened.campaign.id)
        around = links.around(url, asked.text, listed.page)
        if asked.question.cursor:
            around = links.onward(url, asked.pairs, listed.next_cursor)
        described = f"{url.removesuffix('/leads')}/schema.json"
        headers = {
            "ETag": visit.tag,
            **listed.headers,
            "Leadwell-Schema-Version": version(opened.view),
            "Link": links.header(around | {"describedby": described}),
        }
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
