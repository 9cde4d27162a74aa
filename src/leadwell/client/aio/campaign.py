"""A campaign, for the client that awaits."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar, Unpack

from leadwell.client.calls.reading import Following, Page, Reading
from leadwell.client.calls.writing import Attributes, Fields, Outcome, Write, Writing
from leadwell.client.feed import SETTLE_S, Changes, Digest
from leadwell.client.lead import Lead, Object
from leadwell.client.wire.questions import Asked, Query
from leadwell.client.wire.retry import Flow, Request, paused

T = TypeVar("T")


class AsyncShell(Protocol):
    """What carries flows out."""

    async def run(self, flow: Flow[T]) -> T:
        """Carry one out."""
        ...


class AsyncCampaign:
    """One campaign of a hub, as the token sees it. Made by `AsyncLeadwell.campaign`."""

    def __init__(self, shell: AsyncShell, reading: Reading) -> None:
        self._run = shell.run
        self._reading = reading
        self._writing = Writing(reading)

    @property
    def id(self) -> int:
        """The campaign's id."""
        return self._reading.campaign_id

    async def schema(self) -> Object:
        """Return fields, options and statuses, with slugs, labels and types."""
        return await self._run(self._reading.schema())

    def leads(self, query: Query = (), /, **filters: Asked) -> AsyncIterator[Lead]:
        """Iterate over the leads that match; pages are asked for as they are needed.

        In order of creation, each lead that matches throughout exactly once. Names
        that are no Python names are given as a mapping: `{"budget[gte]": 500}`.
        `_sort`, `_fields`, `_q`, `_tz` and `per_page` work as in the API.

        Raises:
            QuestionRefused: the hub does not understand it; `problems` says why.
        """
        return self._walk(self._reading.first_page(query, filters))

    async def page(self, query: Query = (), /, **filters: Asked) -> Page:
        """Return one page of leads, the first unless `page` says another."""
        asked: dict[str, Asked] = {"page": 1} | filters
        first = self._reading.first_page(query, asked)
        return await self._run(self._reading.page(first))

    async def lead(self, lead_id: int) -> Lead:
        """Return one lead.

        Raises:
            NotFound: there is none, or none that the token may see.
        """
        return await self._run(self._reading.lead(lead_id))

    async def changes(
        self,
        cursor: str | None = None,
        *,
        limit: int = 500,
        wait_s: int = 0,
        digest: bool = False,
        confirm: bool = True,
        query: Query = (),
    ) -> Changes:
        """Return what changed since a cursor; without one, the whole visible set first.

        Apply the entries in their order and keep the cursor with them; each may be
        applied twice. `wait_s` (at most 60) waits for news. `digest` adds count and
        digest to an answer that is up to date.

        Sending a cursor confirms to the hub that what came before it is stored, and
        erased leads forgotten; `confirm=False` is for those who only look.

        Raises:
            CursorLost: begin anew without a cursor, and remove what is not told again.
        """
        how = Following(limit, wait_s, digest, confirm)
        flow = self._reading.changes(cursor, query, how, kind=Changes)
        return await self._run(flow)

    async def changes_as(
        self,
        kind: type[T],
        cursor: str | None = None,
        *,
        limit: int = 500,
        query: Query = (),
        digest: bool = False,
        confirm: bool = True,
    ) -> T:
        """Return what changed since a cursor, read as a type of your own.

        That is a `msgspec.Struct` with those members of the answer that you need: what
        it leaves out is not read, which is several times as fast. The rest is as in
        `changes`.

        Raises:
            CursorLost: begin anew without a cursor, and remove what is not told again.
            UnexpectedAnswer: the answer is not of that type.
        """
        how = Following(limit, digest=digest, confirm=confirm)
        flow = self._reading.changes(cursor, query, how, kind=kind)
        return await self._run(flow)

    async def feed(
        self, cursor: str | None = None, *, query: Query = ()
    ) -> AsyncIterator[Changes]:
        """Iterate over the changes since a cursor, some at a time, to the last one."""
        while True:
            found = await self.changes(cursor, query=query)
            yield found
            if found.up_to_date:
                return
            if found.is_settling:
                await self._run(paused(SETTLE_S))
            cursor = found.cursor

    async def digest(
        self,
        query: Query = (),
        buckets: int | None = None,
        bucket: int | None = None,
    ) -> Digest:
        """Return what the visible leads add up to, to compare a copy with.

        `buckets=256` answers one for each `id mod 256`, `bucket` lists one's leads.
        """
        return await self._run(self._reading.digest(query, buckets, bucket))

    async def typed(self, raw: Sequence[Object]) -> list[Lead]:
        """Read leads of the change feed by the campaign's schema as it is now."""
        return await self._run(self._reading.typed(raw))

    async def create(
        self, fields: Fields, *, key: str | None = None, **beside: Unpack[Attributes]
    ) -> Lead:
        """Hand in a lead; one whose `external_id` is known already is updated.

        It is done once, however often it is tried. A `key` of your own makes that hold
        across processes, for 48 hours.

        Raises:
            QuestionRefused: it breaks the schema; `problems` says where.
        """
        return await self._run(self._writing.create(fields, beside, Write(key)))

    async def update(
        self,
        lead_id: int,
        fields: Fields | None = None,
        *,
        if_version: int | None = None,
        key: str | None = None,
        **beside: Unpack[Attributes],
    ) -> Lead:
        """Change what is named of a lead; `None` empties, the rest stays.

        Raises:
            Conflict: the lead has another version than `if_version` by now.
        """
        how = Write(key, if_version)
        return await self._run(self._writing.update(lead_id, fields or {}, beside, how))

    async def delete(
        self, lead_id: int, *, if_version: int | None = None, key: str | None = None
    ) -> None:
        """Delete a lead."""
        await self._run(self._writing.delete(lead_id, Write(key, if_version)))

    async def merge(
        self,
        lead_id: int,
        *,
        into: int,
        if_version: int | None = None,
        key: str | None = None,
    ) -> Lead:
        """Merge a lead into another one, which stays and is returned."""
        how = Write(key, if_version)
        return await self._run(self._writing.merge(lead_id, into, how))

    async def batch(
        self,
        leads: Sequence[Mapping[str, Any]],
        *,
        atomic: bool = False,
        key: str | None = None,
    ) -> list[Outcome]:
        """Hand in up to 1,000 leads, each `{"fields": {…}, "status": …}`.

        Each has its own outcome; with `atomic` all are written or none.
        """
        return await self._run(self._writing.batch(leads, Write(key), atomic=atomic))

    async def _walk(self, first: Request) -> AsyncIterator[Lead]:
        page = await self._run(self._reading.page(first))
        while True:
            for lead in page.leads:
                yield lead
            if page.next_url is None:
                return
            request = replace(first, url=page.next_url)
            page = await self._run(self._reading.page(request))
