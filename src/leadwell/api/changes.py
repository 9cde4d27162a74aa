"""`…/leads/changes` and `…/leads/digest`: follow the leads, and prove a copy."""

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import wire
from leadwell.api.campaigns import Opened, open_again, open_campaign
from leadwell.api.cursors import places
from leadwell.api.hub import Hub
from leadwell.describe.schema import version
from leadwell.model.cursor import Place
from leadwell.schema import querystring, times
from leadwell.schema.question import following
from leadwell.schema.question.following import Following
from leadwell.store import digests, feed, readers
from leadwell.store.connection import Connection
from leadwell.store.feed import Removal, Upsert

LOOK_EVERY_S = 0.1
"""How often a waiting request looks for changes: one index look-up each time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one look at the feed found."""

    entries: list[bytes]
    place: Place
    has_more: bool
    up_to_date: bool
    newest: int
    extra: dict[str, Any]

    @property
    def is_news(self) -> bool:
        """Whether there is something that a waiting reader would want to be told."""
        return bool(self.entries) or self.has_more


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of the leads that a token sees."""

    hub: Hub

    async def list(self, request: Request) -> Response:
        """Answer with the changes after a cursor, in commit order."""
        opened = open_campaign(self.hub, request)
        pairs = querystring.decode(request.scope["query_string"])
        asked = following.changes(opened.view, pairs)
        answer = await self.hub.read(partial(self._look, opened, asked))
        if asked.wait_s and not answer.is_news:
            opened, answer = await self._waited(request, opened, asked, answer)
        self._note_read(opened, asked, answer.place)
        binding = places.binding_of(opened, asked.question)
        content = {
            "cursor": self.hub.sealer.place(binding, answer.place),
            "has_more": answer.has_more,
            "up_to_date": answer.up_to_date,
            **answer.extra,
        }
        return wire.changes(answer.entries, content)

    async def digest(self, request: Request) -> Response:
        """Answer with what the visible leads add up to."""
        opened = open_campaign(self.hub, request)
        pairs = querystring.decode(request.scope["query_string"])
        asked = following.digest(opened.view, pairs)
        query = opened.grant.query(opened.campaign, asked.question)

        def job(connection: Connection) -> dict[str, Any]:
            now = feed.head(connection, opened.campaign.id)
            place = places.handed_over(opened, now)
            found = digests.find(connection, opened.campaign, query, asked)
            binding = places.binding_of(opened, asked.question)
            return found | {"cursor": self.hub.sealer.place(binding, place)}

        return wire.document(await self.hub.read(job))

    def _look(self, opened: Opened, asked: Following, connection: Connection) -> Answer:
        question = asked.question
        query = opened.grant.query(opened.campaign, question)
        if asked.from_now:
            now = feed.head(connection, opened.campaign.id)
            place = places.handed_over(opened, now)
            return Answer([], place, False, False, now.seq, {})  # noqa: FBT003
        place = places.opened_place(self.hub, connection, opened, question)
        found = feed.read(connection, opened.campaign, query, place, asked.limit)
        schema = places.schema_of(opened)
        entries = [_entry(each) for each in found.entries]
        if found.place.schema != schema:
            entries.insert(0, _schema(opened))
        extra: dict[str, Any] = {}
        if asked.with_digest and found.up_to_date:
            extra = digests.of(connection, opened.campaign, query)
        return Answer(
            entries,
            replace(found.place, schema=schema),
            found.has_more,
            found.up_to_date,
            feed.newest(connection, query.campaign_id, query.scope_id),
            extra,
        )

    async def _waited(
        self, request: Request, opened: Opened, asked: Following, answer: Answer
    ) -> tuple[Opened, Answer]:
        """Look again and again until there is news, or the time is over."""
        loop = asyncio.get_running_loop()
        until = loop.time() + asked.wait_s
        while loop.time() < until and not await request.is_disconnected():
            await asyncio.sleep(min(LOOK_EVERY_S, max(until - loop.time(), 0)))
            # The token may be revoked, and its filter edited, while it waits.
            opened = open_again(self.hub, request)
            query = opened.grant.query(opened.campaign, asked.question)
            with self.hub.database.reading() as connection:
                newest = feed.newest(connection, query.campaign_id, query.scope_id)
            if newest == answer.newest and self._is_same(opened, answer):
                continue
            answer = await self.hub.read(partial(self._look, opened, asked))
            if answer.is_news:
                break
        return opened, answer

    def _is_same(self, opened: Opened, answer: Answer) -> bool:
        return (
            answer.up_to_date
            and places.schema_of(opened) == answer.place.schema
            and answer.place.generation == opened.grant.generation
        )

    def _note_read(self, opened: Opened, asked: Following, place: Place) -> None:
        """Note that the reader has stored all up to the cursor that it sent."""
        if asked.question.cursor is None or place.leaving:
            return
        sent = self.hub.sealer.open_place(
            asked.question.cursor, places.binding_of(opened, asked.question)
        )
        readers.note(
            self.hub.database,
            opened.campaign.id,
            opened.grant.lineage,
            sent.seq,
            self.hub.moment,
        )


def _entry(change: Upsert | Removal) -> bytes:
    if isinstance(change, Upsert):
        head = msgspec.json.encode(
            {"op": "upsert", "id": change.lead_id, "version": change.version}
        )
        return head[:-1] + b',"lead":' + change.body + b"}"
    content: dict[str, Any] = {
        "op": "remove",
        "id": change.lead_id,
        "version": change.version,
        "reason": change.reason,
        "at": times.show(times.from_microseconds(change.at)),
    }
    if change.merged_into is not None:
        content["merged_into"] = change.merged_into
    return msgspec.json.encode(content)


def _schema(opened: Opened) -> bytes:
    return msgspec.json.encode({"op": "schema", "schema_version": version(opened.view)})
