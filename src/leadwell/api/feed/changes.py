"""`…/leads/changes` and `…/leads/digest`: follow the leads, and prove a copy."""

import asyncio
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import wire
from leadwell.api.campaigns import Opened, charge, open_campaign
from leadwell.api.cursors import places
from leadwell.api.entrance.auth import Visitor
from leadwell.api.feed.waiting import Watch
from leadwell.api.hub import PATIENCE_S, Hub
from leadwell.describe.schema import version
from leadwell.model.cursor import Binding, Place
from leadwell.model.query import Question
from leadwell.schema import querystring, times
from leadwell.schema.question import following
from leadwell.schema.question.following import Following
from leadwell.store import digests, feed
from leadwell.store.access.health import Note
from leadwell.store.connection import Connection
from leadwell.store.feed import Removal, Upsert
from leadwell.store.readers import Progress


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the feed, read at one moment of the database."""

    opened: Opened
    following: Following
    binding: Binding
    sent: Place | None
    """Where the cursor that was sent stands; `None`: there is none."""
    place: Place
    """Where the feed goes on, in the token's present generation."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one look at the feed found."""

    asked: Asked
    entries: list[bytes]
    place: Place
    newest: int
    has_more: bool = False
    up_to_date: bool = False
    extra: dict[str, Any] = field(default_factory=dict[str, Any])
    progress: Progress | None = None
    """What the reader has stored, when it is worth a note."""

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
        heard = self.hub.vigil.heard
        answer = await self.hub.look_up(partial(self._glance, request))
        if answer is None:
            answer = await self.hub.read(partial(self._look, request))
        if answer.asked.following.wait_s and not answer.is_news:
            answer = await self._waited(request, answer, heard)
        charge(request, len(answer.entries))
        if answer.progress is not None:
            self.hub.database.write(answer.progress.note)
        if answer.extra and answer.asked.following.confirms:
            _note_digest(request, answer.asked.following.question, answer.extra)
        content = {
            "cursor": self.hub.sealer.place(answer.asked.binding, answer.place),
            "has_more": answer.has_more,
            "up_to_date": answer.up_to_date,
            **answer.extra,
        }
        return wire.changes(answer.entries, content)

    async def digest(self, request: Request) -> Response:
        """Answer with what the visible leads add up to."""

        def job(connection: Connection) -> dict[str, Any]:
            opened = open_campaign(connection, request)
            pairs = querystring.decode(request.scope["query_string"])
            asked = following.digest(opened.view, pairs)
            query = opened.grant.query(opened.campaign, asked.question)
            now = feed.head(connection, opened.campaign.id)
            place = places.handed_over(opened, now)
            found = digests.find(connection, opened.campaign, query, asked)
            binding = places.binding_of(opened, asked.question)
            if asked.bucket is None:
                _note_digest(request, asked.question, found)
            return found | {"cursor": self.hub.sealer.place(binding, place)}

        return wire.document(await self.hub.read(job))

    def _glance(self, request: Request, connection: Connection) -> Answer | None:
        """Look if there is nothing new, which is most often so; `None`: there may be.

        What a reader has not seen may take long to read, and is read in a thread.
        """
        asked = self._asked(connection, request)
        following = asked.following
        if following.from_now or following.with_digest or asked.sent is None:
            return None
        campaign_id, scope_id = asked.opened.campaign.id, asked.opened.grant.scope_id
        is_quiet = feed.newest(connection, campaign_id, scope_id) <= asked.place.seq
        if asked.place.leaving or not is_quiet:
            return None
        return self._read(connection, asked)

    def _look(self, request: Request, connection: Connection) -> Answer:
        asked = self._asked(connection, request)
        if asked.following.from_now:
            now = feed.head(connection, asked.opened.campaign.id)
            place = places.handed_over(asked.opened, now)
            return Answer(asked, [], place, now.seq)
        return self._read(connection, asked)

    def _asked(self, connection: Connection, request: Request) -> Asked:
        opened = open_campaign(connection, request)
        pairs = querystring.decode(request.scope["query_string"])
        following_ = following.changes(opened.view, pairs)
        binding = places.binding_of(opened, following_.question)
        sent, place = places.opened_place(
            self.hub, connection, opened, following_.question.cursor, binding
        )
        return Asked(opened, following_, binding, sent, place)

    def _read(self, connection: Connection, asked: Asked) -> Answer:
        opened, limit = asked.opened, asked.following.limit
        query = opened.grant.query(opened.campaign, asked.following.question)
        found = feed.read(connection, opened.campaign, query, asked.place, limit)
        schema = places.schema_of(opened)
        entries = [_entry(each) for each in found.entries]
        if found.place.schema != schema:
            entries.insert(0, _schema(opened))
        extra: dict[str, Any] = {}
        if asked.following.with_digest and found.up_to_date:
            extra = digests.of(connection, opened.campaign, query)
        return Answer(
            asked,
            entries,
            replace(found.place, schema=schema),
            feed.newest(connection, query.campaign_id, query.scope_id),
            found.has_more,
            found.up_to_date,
            extra,
            self._progress(connection, asked, found.place),
        )

    async def _waited(self, request: Request, answer: Answer, heard: int) -> Answer:
        """Wait until there is news, the time is over, or the hub stops."""
        visitor: Visitor = request.scope["state"]["visitor"]
        visitor.wait()
        vigil, loop = self.hub.vigil, asyncio.get_running_loop()
        until = loop.time() + answer.asked.following.wait_s
        while not (answer.is_news or vigil.is_over):
            watch = _watch(request, answer, heard)
            with vigil.watching(watch):
                is_news = await watch.news(until - loop.time(), request.receive)
            if not is_news or vigil.is_over:
                break
            heard = vigil.heard
            look = partial(self._look, request)
            answer = await self.hub.read(look, PATIENCE_S)
        return answer

    def _progress(
        self, connection: Connection, asked: Asked, place: Place
    ) -> Progress | None:
        """Return that the reader has stored all up to the cursor that it sent.

        `None`: it says that it has not, or nothing of it.
        """
        if asked.sent is None or place.leaving or not asked.following.confirms:
            return None
        reader = (asked.opened.campaign.id, asked.opened.grant.lineage)
        progress = Progress(*reader, asked.sent.seq, self.hub.moment)
        return progress if progress.is_worth_it(connection) else None


def _watch(request: Request, answer: Answer, heard: int) -> Watch:
    opened = answer.asked.opened
    return Watch(
        (opened.campaign.id, opened.grant.scope_id),
        answer.newest if answer.up_to_date else -1,
        partial(_is_same, request, answer),
        heard,
    )


def _is_same(request: Request, answer: Answer, connection: Connection) -> bool:
    """Whether nothing has changed: neither the leads nor what the token may see."""
    opened = open_campaign(connection, request)
    scope_id = opened.grant.scope_id
    return (
        answer.up_to_date
        and feed.newest(connection, opened.campaign.id, scope_id) == answer.newest
        and places.schema_of(opened) == answer.place.schema
        and opened.grant.generation == answer.place.generation
    )


def _note_digest(request: Request, asked: Question, found: dict[str, Any]) -> None:
    """Have the token's owner be told what its reader was told to compare with."""
    if not asked.conditions:
        visitor: Visitor = request.scope["state"]["visitor"]
        visitor.notes[Note.DIGEST] = f"{found['count']} {found['digest']}"


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
