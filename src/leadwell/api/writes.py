"""`…/leads`: add, change, delete, merge, and write many at once."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import body, links, tags, tasks, wire
from leadwell.api.campaigns import (
    Opened,
    bearer_at,
    charge,
    open_campaign,
    open_numbered,
)
from leadwell.api.entrance import problems
from leadwell.api.hub import Hub
from leadwell.api.tasks import Done, Task
from leadwell.describe import errors
from leadwell.errors import LeadNotFound, MalformedRequest, Problem
from leadwell.model.grant import Author
from leadwell.schema import querystring, question
from leadwell.store import leads
from leadwell.store.audit import seen
from leadwell.store.connection import Connection
from leadwell.store.writes import replays
from leadwell.store.writes.replays import Key
from leadwell.store.writes.writing import Piece, Writing

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
Prepare = Callable[[], Task]
Bodies = Mapping[int, bytes | None]
Refused = Mapping[int, Sequence[Problem]]


@dataclass(frozen=True, slots=True)
class Writes:
    """What a token with the right to write may do to leads."""

    hub: Hub

    async def add(self, request: Request) -> Response:
        """Add a lead, or update the one with the same `external_id`."""
        opened = await self._opened(request)
        tags.refuse_condition(request)
        given = await body.read_object(request)
        return await self._written(request, opened, lambda: tasks.adding(opened, given))

    async def add_anywhere(self, request: Request) -> Response:
        """Add a lead to the campaign that the body names."""
        await self.hub.look_up(lambda c: _check_write(c, request))
        question.nothing(querystring.decode(request.scope["query_string"]))
        tags.refuse_condition(request)
        given = await body.read_object(request)
        campaign_id = tasks.campaign_of(given)
        opened = await self.hub.look_up(
            lambda c: open_numbered(c, request, campaign_id)
        )
        return await self._written(request, opened, lambda: tasks.adding(opened, given))

    async def change(self, request: Request) -> Response:
        """Change what the body names of a lead; `null` empties a field."""
        opened = await self._opened(request)
        lead_id = int(request.path_params["lead_id"])
        versions = tags.versions_asked(request)
        given = await body.read_object(request)
        return await self._written(
            request, opened, lambda: tasks.changing(opened, lead_id, given, versions)
        )

    async def remove(self, request: Request) -> Response:
        """Delete a lead."""
        opened = await self._opened(request)
        lead_id = int(request.path_params["lead_id"])
        versions = tags.versions_asked(request)
        return await self._written(
            request, opened, lambda: tasks.removing(lead_id, versions)
        )

    async def merge(self, request: Request) -> Response:
        """Merge a lead into another one, which is filled and stays."""
        opened = await self._opened(request)
        lead_id = int(request.path_params["lead_id"])
        versions = tags.versions_asked(request)
        given = await body.read_object(request)
        return await self._written(
            request, opened, lambda: tasks.merging(lead_id, given, versions)
        )

    async def batch(self, request: Request) -> Response:
        """Add or update up to 1,000 leads, with a status for each."""
        opened = await self._opened(request)
        tags.refuse_condition(request)
        given = await body.read_object(request, body.BATCH_DEPTH_MAX)
        return await self._written(request, opened, lambda: tasks.batch(opened, given))

    async def _opened(self, request: Request) -> Opened:
        def job(connection: Connection) -> Opened:
            _check_write(connection, request)
            return open_campaign(connection, request)

        opened = await self.hub.look_up(job)
        question.nothing(querystring.decode(request.scope["query_string"]))
        return opened

    async def _written(
        self, request: Request, opened: Opened, prepare: Prepare
    ) -> Response:
        """Do the task in one transaction, or answer what it was answered before."""
        raw = await request.body()
        key = _key(request, opened, raw)
        if key is not None:
            known = await self.hub.read(lambda c: replays.find(c, key, self.hub.now))
            if known is not None:
                return await self._answered_again(opened, known)
        if len(raw) > body.AT_ONCE_BYTES_MAX:
            task = await to_thread.run_sync(prepare)
        else:
            task = prepare()
        charge(request, task.count)
        done = await self._done(opened, task, key)
        if not isinstance(done, Done):
            return await self._answered_again(opened, done)
        bodies = {ref: _shown(opened, ref, lead) for ref, lead in done.leads.items()}
        if len(done.leads) == 1 and "lead" in done.kept:
            return self._lead(opened, done.kept, bodies, {})
        return _others(done.kept, bodies, done.refused, {})

    async def _done(
        self, opened: Opened, task: Task, key: Key | None
    ) -> Done | dict[str, Any]:
        grant, now = opened.grant, self.hub.now

        def write(connection: Connection, writing: Writing) -> Done | dict[str, Any]:
            # Under the ticket: the same request may have come twice at once.
            known = replays.find(connection, key, now) if key else None
            done = known or task.do(writing)
            if key is not None and isinstance(done, Done):
                replays.keep(connection, key, done.kept, now)
            return done

        author = Author(grant.lineage, grant.forced, readable=grant.readable)
        piece = Piece(opened.campaign, author, now, task.count, write, task.saved)
        # With a key, a write that was done already finds that out under the ticket.
        future = self.hub.database.write(
            piece.job(is_alone=task.is_all_or_nothing),
            campaign_id=opened.campaign.id,
            is_repeatable=key is not None,
        )
        return await asyncio.wrap_future(future)

    async def _answered_again(self, opened: Opened, kept: dict[str, Any]) -> Response:
        """Answer as before, with the leads as they are and may be seen today."""
        items = kept.get("items", [kept])
        lead_ids = {item["lead"] for item in items if "lead" in item}

        def job(connection: Connection) -> dict[int, bytes | None]:
            grant, campaign = opened.grant, opened.campaign
            return {
                each: leads.find_one(connection, campaign, grant.lead(campaign, each))
                for each in lead_ids
            }

        bodies = await self.hub.read(job)
        headers = {"Idempotency-Replayed": "true"}
        if "lead" in kept:
            return self._lead(opened, kept, bodies, headers)
        return _others(kept, bodies, {}, headers)

    def _lead(
        self, opened: Opened, kept: dict[str, Any], bodies: Bodies, more: dict[str, str]
    ) -> Response:
        lead_id: int = kept["lead"]
        found = bodies[lead_id]
        if found is None:
            raise LeadNotFound.of(lead_id, opened.campaign.id)
        url = links.leads_url(self.hub.public_url, opened.campaign.id)
        headers = {"Location": f"{url}/{lead_id}", "ETag": tags.of_lead(found)}
        return wire.one(found, headers | more, kept["status"])


def _check_write(connection: Connection, request: Request) -> None:
    # First of all, so that nothing is read for a token that may not write at all.
    bearer_at(connection, request).grant.check_write()


def _shown(opened: Opened, lead_id: int, lead: bytes) -> bytes:
    """Cut a lead that was just written down to what this token may see."""
    query = opened.grant.lead(opened.campaign, lead_id)
    # Whoever changes nothing of a lead is shown it all the same.
    seen.note(query, [lead_id])
    return leads.shown_of(lead, query)


def _others(
    kept: dict[str, Any], bodies: Bodies, refused: Refused, headers: dict[str, str]
) -> Response:
    """Answer a batch, or what leaves no lead behind."""
    if "items" not in kept:
        return Response(status_code=kept["status"], headers={**wire.PRIVATE, **headers})
    items = [_item(item, bodies, refused) for item in kept["items"]]
    return wire.document({"data": items}, headers)


def _item(item: dict[str, Any], bodies: Bodies, refused: Refused) -> dict[str, Any]:
    if "lead" in item:
        found = bodies[item["lead"]]
        if found is not None:
            return item | {"lead": msgspec.Raw(found)}
        gone: dict[str, Any] = {"status": 404, "code": LeadNotFound.code, "errors": []}
        return {"index": item["index"]} | gone
    if item["index"] in refused:
        told = [problems.item(each) for each in refused[item["index"]]]
        return item | {"errors": told}
    # What was wrong with a value is not kept, as that would keep the value.
    meanings = errors.explained()
    coded = item["errors"]
    told = [each | {"message": meanings[each["code"]].meaning} for each in coded]
    return item | {"errors": told}


def _key(request: Request, opened: Opened, raw: bytes) -> Key | None:
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    # A quoted one is the same key (draft-ietf-httpapi-idempotency-key-header).
    text = given.strip().strip('"')
    if not _KEY.fullmatch(text):
        raise MalformedRequest(
            "the Idempotency-Key cannot be used",
            hint="send 1 to 255 visible ASCII characters, a UUID for instance",
        )
    path: str = request.scope["path"]
    asked = [request.headers.getlist("if-match"), raw]
    return Key(
        opened.campaign.id,
        opened.grant.lineage,
        f"{request.method} {path.rpartition('/leads')[2] or '/'}",
        text,
        hashlib.sha256(repr(asked).encode()).digest(),
    )
