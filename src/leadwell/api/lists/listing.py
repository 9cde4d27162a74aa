"""`GET …/leads`: pages and walks. The hub's busiest route, as a plain ASGI endpoint.

What a question means is read once (`asking`), and what a moment of the database says
is read once (`store.connection.remember`); what is left is which ids, and their bodies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from leadwell.api import tags, wire
from leadwell.api.campaigns import Opened, charge, open_campaign
from leadwell.api.cursors import places
from leadwell.api.cursors.sealing import START
from leadwell.api.hub import Hub
from leadwell.api.lists import answering, asking, runs
from leadwell.api.lists.answering import Answer, Listed, Standing, Visit
from leadwell.describe.schema import version
from leadwell.model.cursor import Walk
from leadwell.store import feed, pages
from leadwell.store.connection import Connection, remember

REMEMBERED_BYTES_MAX = 1_024
"""A longer question is seldom asked twice, and would fill the memory."""
Find = Callable[..., pages.Found | None]


@dataclass(frozen=True, slots=True)
class Listing:
    """The leads of a campaign, page by page."""

    hub: Hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with one page of the leads the token may see."""
        request = Request(scope, receive)
        quickly, anyhow = pages.find_quickly, pages.find
        answer = await self.hub.look_up(partial(self._answer, request, quickly))
        if answer is None:
            answer = await self.hub.read(partial(self._answer, request, anyhow))
        if isinstance(answer, Response):
            await answer(scope, receive, send)
        elif answer is not None:
            await wire.send(send, *answer)

    def _answer(
        self, request: Request, find: Find, connection: Connection
    ) -> Answer | Response | None:
        """Answer at one moment; `None`: that takes longer than `find` may take."""
        visit = self._visit(connection, request)
        if tags.is_known(request, visit.tag):
            shown = {"Leadwell-Schema-Version": version(visit.opened.view)}
            return tags.unchanged(visit.tag, shown)
        listed = self._listed(connection, visit, find)
        if listed is None:
            return None
        charge(request, len(listed.page.items))
        return answering.rendered(visit, listed)

    def _visit(self, connection: Connection, request: Request) -> Visit:
        raw = request.scope["query_string"]
        opened = open_campaign(connection, request)
        standing, page = self._standing(connection, opened, raw)
        run = runs.find(self.hub, connection, standing, page)
        tag = tags.of_list(standing.seen, page, run.name)
        return Visit(standing, standing.query.on_page(page), run, tag)

    def _standing(
        self, connection: Connection, opened: Opened, raw: bytes
    ) -> tuple[Standing, int]:
        """Return what all pages of a question share, read once, and the page."""
        rest, page = asking.parted(raw)

        def made(asked: bytes = rest) -> Standing:
            read = asking.read(opened.view, asked)
            return answering.standing(self.hub, connection, opened, read)

        if page is None or len(rest) > REMEMBERED_BYTES_MAX:
            found = made(raw)
            return found, found.query.page
        key = ("standing", opened, rest)
        found = remember(connection, opened.campaign.id, key, made)
        is_beside = found.asked.names_page or found.asked.question.cursor is not None
        if is_beside and rest is not raw:
            # Page or cursor in another spelling: that is refused, not guessed.
            found = made(raw)
        return found, found.query.page if rest is raw else page

    def _listed(
        self, connection: Connection, visit: Visit, find: Find
    ) -> Listed | None:
        if visit.asked.question.cursor:
            return self._walked(connection, visit, find)
        if visit.run.pin is not None:
            return runs.page(self.hub, connection, visit)
        if visit.run.begins and visit.query.sort and find is pages.find_quickly:
            # All ids are put in order, not only those of a page.
            return None
        campaign = visit.opened.campaign
        found = find(connection, self.hub.indexes, campaign, visit.query)
        if found is None:
            return None
        name = runs.begin(self.hub, connection, visit, found)
        beside = answering.beside(self.hub, connection, visit)
        return Listed(found.page, beside, snapshot=name)

    def _walked(
        self, connection: Connection, visit: Visit, find: Find
    ) -> Listed | None:
        opened, question = visit.opened, visit.asked.question
        walk = self._walk(connection, visit)
        found = find(connection, self.hub.indexes, opened.campaign, visit.query, walk)
        if found is None:
            return None
        place = places.of_walk(opened, walk)
        words = places.headers(self.hub, opened, question, place, walk.watermark)
        beside = answering.Beside.of(words)
        if found.last_id is None:
            return Listed(found.page, beside)
        binding = places.binding_of(opened, question)
        further = self.hub.sealer.walk(binding, walk.further(found.last_id))
        return Listed(found.page, beside, further)

    def _walk(self, connection: Connection, visit: Visit) -> Walk:
        opened, question = visit.opened, visit.asked.question
        now = feed.head(connection, opened.campaign.id)
        if question.cursor != START:
            binding = places.binding_of(opened, question)
            walk = self.hub.sealer.open_walk(question.cursor or "", binding)
            feed.check_known(connection, opened.campaign.id, walk.epoch, walk.seen)
            places.check_generation(opened, walk.generation)
            return walk.answered_at(now.seq, now.epoch)
        scope_id = visit.query.scope_id
        watermark = feed.watermark(connection, opened.campaign.id, scope_id)
        schema = places.schema_of(opened)
        generation = opened.grant.generation
        return Walk(0, 1, now.seq, now.epoch, now.seq, watermark, schema, generation)
