"""`/v2/campaigns/{campaign_id}/leads`: read pages, walks and single leads."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import links, tags, wire
from leadwell.api.campaigns import Opened, open_campaign
from leadwell.api.cursors import places
from leadwell.api.cursors.sealing import START
from leadwell.api.hub import Hub
from leadwell.describe.schema import version
from leadwell.errors import LeadNotFound
from leadwell.model.cursor import Walk
from leadwell.model.grant import LeadQuery
from leadwell.model.page import Page
from leadwell.model.query import Question
from leadwell.schema import querystring, question
from leadwell.store import feed, leads, pages
from leadwell.store.connection import Connection

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Listed:
    """One page, and what stands beside it."""

    page: Page[bytes]
    headers: dict[str, str]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Leads:
    """The leads of one campaign, as one resource."""

    hub: Hub

    async def list(self, request: Request) -> Response:
        """Answer with one page of the leads the token may see."""
        opened = open_campaign(self.hub, request)
        pairs = querystring.decode(request.scope["query_string"])
        asked = question.read(opened.view, pairs)
        query = opened.grant.query(opened.campaign, asked)
        tag = tags.of_list(self.hub, opened, query, pairs)
        if tags.is_known(request, tag):
            return tags.unchanged(tag, self._version(opened))
        find = self._walked if asked.cursor else self._paged
        listed = await self.hub.read(lambda c: find(c, opened, asked, query))
        return self._answer(opened, asked, pairs, listed, tag)

    async def show(self, request: Request) -> Response:
        """Answer with one lead; one outside the token's filter does not exist."""
        opened = open_campaign(self.hub, request)
        pairs = querystring.decode(request.scope["query_string"])
        asked = question.only_shown(opened.view, pairs)
        lead_id = int(request.path_params["lead_id"])
        query = opened.grant.lead(opened.campaign, lead_id, asked.shown)
        with self.hub.database.reading() as connection:
            found = leads.find_one(connection, opened.campaign, query)
        if found is None:
            raise LeadNotFound.of(lead_id, opened.campaign.id)
        tag = tags.of_lead(found)
        if tags.is_known(request, tag):
            return tags.unchanged(tag, self._version(opened))
        return wire.one(found, {"ETag": tag, **self._version(opened)})

    def _paged(
        self, connection: Connection, opened: Opened, asked: Question, query: LeadQuery
    ) -> Listed:
        now = feed.head(connection, opened.campaign.id)
        watermark = feed.watermark(connection, query)
        page = pages.find(connection, self.hub.indexes, opened.campaign, query)
        place = places.handed_over(opened, now)
        return Listed(page, places.headers(self.hub, opened, asked, place, watermark))

    def _walked(
        self, connection: Connection, opened: Opened, asked: Question, query: LeadQuery
    ) -> Listed:
        walk = self._walk(connection, opened, asked, query)
        page, last_id = leads.find_after(connection, opened.campaign, query, walk)
        sealed = None
        if last_id is not None:
            further = walk.further(last_id)
            sealed = self.hub.sealer.walk(places.binding_of(opened, asked), further)
        place = places.of_walk(opened, walk)
        headers = places.headers(self.hub, opened, asked, place, walk.watermark)
        return Listed(page, headers, sealed)

    def _walk(
        self, connection: Connection, opened: Opened, asked: Question, query: LeadQuery
    ) -> Walk:
        now = feed.head(connection, opened.campaign.id)
        if asked.cursor != START:
            binding = places.binding_of(opened, asked)
            walk = self.hub.sealer.open_walk(asked.cursor or "", binding)
            feed.check_known(connection, opened.campaign.id, walk.epoch, walk.seen)
            return walk.answered_at(now.seq, now.epoch)
        watermark = feed.watermark(connection, query)
        schema = places.schema_of(opened)
        return Walk(0, 1, now.seq, now.epoch, now.seq, watermark, schema)

    def _answer(
        self, opened: Opened, asked: Question, pairs: Pairs, listed: Listed, tag: str
    ) -> Response:
        url = links.leads_url(self.hub.public_url, opened.campaign.id)
        around = links.around(url, pairs, listed.page)
        if asked.cursor:
            around = links.onward(url, pairs, listed.next_cursor)
        headers = {"ETag": tag, **listed.headers, **self._version(opened)}
        schema_url = f"{url.removesuffix('/leads')}/schema.json"
        headers["Link"] = links.header(around | {"describedby": schema_url})
        meta: dict[str, Any] = {
            **around,
            "next_cursor": listed.next_cursor,
            "cursor": listed.headers["Leadwell-Cursor"],
            "watermark": listed.headers["Leadwell-Watermark"],
            "schema_version": version(opened.view),
        }
        return wire.page(listed.page, headers, meta if asked.with_meta else None)

    def _version(self, opened: Opened) -> dict[str, str]:
        return {"Leadwell-Schema-Version": version(opened.view)}
