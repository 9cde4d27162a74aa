"""`…/leads`: add, change, delete, merge, and write many at once."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import links, tags, tasks, wire
from leadwell.api.body import read_object
from leadwell.api.campaigns import Opened, bearer_of, open_campaign, open_numbered
from leadwell.api.hub import Hub
from leadwell.api.tasks import Done, Task
from leadwell.errors import LeadNotFound, MalformedRequest
from leadwell.model.lead import Lead
from leadwell.schema import querystring, question, rendering
from leadwell.store import leads, replays
from leadwell.store.connection import Connection
from leadwell.store.replays import Key
from leadwell.store.writes.writing import Author, Writing

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
Prepare = Callable[[], Task]


@dataclass(frozen=True, slots=True)
class Writes:
    """What a token with the right to write may do to leads."""

    hub: Hub

    async def add(self, request: Request) -> Response:
        """Add a lead, or update the one with the same `external_id`."""
        opened = self._opened(request)
        given = await read_object(request)
        return await self._written(request, opened, lambda: tasks.adding(opened, given))

    async def add_anywhere(self, request: Request) -> Response:
        """Add a lead to the campaign that the body names."""
        question.nothing(querystring.decode(request.scope["query_string"]))
        given = await read_object(request)
        campaign_id = tasks.campaign_of(given)
        opened = open_numbered(self.hub, bearer_of(request).grant, campaign_id)
        opened.grant.check_write()
        return await self._written(request, opened, lambda: tasks.adding(opened, given))

    async def change(self, request: Request) -> Response:
        """Change what the body names of a lead; `null` empties a field."""
        opened = self._opened(request)
        lead_id = int(request.path_params["lead_id"])
        version = tags.version_asked(request)
        given = await read_object(request)
        return await self._written(
            request, opened, lambda: tasks.changing(opened, lead_id, given, version)
        )

    async def remove(self, request: Request) -> Response:
        """Delete a lead."""
        opened = self._opened(request)
        lead_id = int(request.path_params["lead_id"])
        version = tags.version_asked(request)
        return await self._written(
            request, opened, lambda: tasks.removing(lead_id, version)
        )

    async def merge(self, request: Request) -> Response:
        """Merge a lead into another one, which is filled and stays."""
        opened = self._opened(request)
        lead_id = int(request.path_params["lead_id"])
        version = tags.version_asked(request)
        given = await read_object(request)
        return await self._written(
            request, opened, lambda: tasks.merging(lead_id, given, version)
        )

    async def batch(self, request: Request) -> Response:
        """Add or update up to 1,000 leads, with a status for each."""
        opened = self._opened(request)
        given = await read_object(request)
        return await self._written(request, opened, lambda: tasks.batch(opened, given))

    def _opened(self, request: Request) -> Opened:
        opened = open_campaign(self.hub, request)
        opened.grant.check_write()
        question.nothing(querystring.decode(request.scope["query_string"]))
        return opened

    async def _written(
        self, request: Request, opened: Opened, prepare: Prepare
    ) -> Response:
        """Do the task in one transaction, or answer what it was answered before."""
        key = await _key(request, opened)
        if key is not None:
            with self.hub.database.reading() as connection:
                known = replays.find(connection, key, self.hub.now)
            if known is not None:
                return self._answered_again(opened, known)
        done = await self._done(opened, prepare(), key)
        if isinstance(done, Done):
            return self._answered(opened, done.kept, done.leads, {})
        return self._answered_again(opened, done)

    async def _done(
        self, opened: Opened, task: Task, key: Key | None
    ) -> Done | dict[str, Any]:
        campaign, now = opened.campaign, self.hub.now
        author = Author(opened.grant.lineage, opened.grant.forced)

        def write(connection: Connection) -> Done | dict[str, Any]:
            writing = Writing.begin(connection, campaign, author, now, task.count)
            # Under the ticket: the same request may have come twice at once.
            known = replays.find(connection, key, now) if key else None
            done = known or task.do(writing)
            writing.close()
            if key is not None and isinstance(done, Done):
                replays.keep(connection, key, done.kept, now)
            return done

        return await asyncio.wrap_future(self.hub.database.write(write))

    def _answered_again(self, opened: Opened, kept: dict[str, Any]) -> Response:
        return self._answered(opened, kept, {}, {"Idempotency-Replayed": "true"})

    def _answered(
        self,
        opened: Opened,
        kept: dict[str, Any],
        known: dict[int, Lead],
        headers: dict[str, str],
    ) -> Response:
        if "items" in kept:
            items = [
                item | {"lead": self._body(opened, item["lead"], known)}
                if "lead" in item
                else item
                for item in kept["items"]
            ]
            return wire.document({"data": items}, headers)
        if "lead" not in kept:
            return Response(
                status_code=kept["status"], headers={**wire.PRIVATE, **headers}
            )
        body = self._body(opened, kept["lead"], known)
        if body is None:
            raise LeadNotFound.of(kept["lead"], opened.campaign.id)
        url = links.leads_url(self.hub.public_url, opened.campaign.id)
        headers["Location"] = f"{url}/{kept['lead']}"
        headers["ETag"] = tags.of_lead(bytes(body))
        return wire.one(bytes(body), headers, kept["status"])

    def _body(
        self, opened: Opened, lead_id: int, known: dict[int, Lead]
    ) -> msgspec.Raw | None:
        """Render a lead as this token may see it, as written or as it is now."""
        query = opened.grant.lead(opened.campaign, lead_id)
        if lead_id in known:
            body = rendering.body(opened.campaign, known[lead_id])
            return msgspec.Raw(leads.shown_of(body, query))
        with self.hub.database.reading() as connection:
            found = leads.find_one(connection, opened.campaign, query)
        return None if found is None else msgspec.Raw(found)


async def _key(request: Request, opened: Opened) -> Key | None:
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
    route = f"{request.method} {request.url.path.rpartition('/leads')[2] or '/'}"
    asked = [request.headers.get("if-match"), await request.body()]
    return Key(
        opened.campaign.id,
        opened.grant.lineage,
        route,
        text,
        hashlib.sha256(repr(asked).encode()).digest(),
    )
