"""All visible leads as one stream, in short transactions: exports and CSV links."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import msgspec
from pyroaring import BitMap
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from leadwell.api import wire
from leadwell.api.campaigns import Opened, charge, open_campaign, open_own
from leadwell.api.cursors import places
from leadwell.api.hub import Hub
from leadwell.api.lists import filing
from leadwell.describe import sheet
from leadwell.describe.schema import version
from leadwell.errors import Unavailable
from leadwell.model.digest import Digest, words
from leadwell.schema import querystring
from leadwell.schema.question import following
from leadwell.schema.question.following import Exporting
from leadwell.sheets.table import Column, Row
from leadwell.store import exports, feed
from leadwell.store.connection import Connection

_CSV = "text/csv; charset=utf-8; header=present"
TYPES = {
    "ndjson": "application/x-ndjson",
    **dict.fromkeys(sheet.FLAVOURS, _CSV),
    **filing.TYPES,
}
LINKED = {
    # What a secret in the URL opens is kept nowhere, found nowhere and told nowhere.
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
    "Content-Disposition": 'attachment; filename="leads.csv"',
}


Open: TypeAlias = Callable[[Connection, Request], Opened]


@dataclass(slots=True)
class Sent:
    """What was sent of one export so far."""

    digest: Digest = field(default_factory=Digest)

    def note(self, read: list[exports.Exported]) -> None:
        """Note the leads of one chunk."""
        self.digest = self.digest.plus(words(x.id, x.version) for x in read)


@dataclass(frozen=True, slots=True)
class Begun:
    """An export at its beginning."""

    open: Open
    """Opens the campaign, again for each chunk: the token may be revoked meanwhile."""
    opened: Opened
    asked: Exporting
    found: BitMap
    """The ids of the leads that it is to bring."""
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Exports:
    """All leads that a token sees, as one stream."""

    hub: Hub

    async def stream(self, request: Request) -> Response:
        """Answer with every visible lead; the cursor stands in the headers."""
        begun = await self.hub.read(partial(self._begun, request))
        return await self.answer(request, begun)

    async def answer(self, request: Request, begun: Begun) -> Response:
        """Answer with what has begun, as one file or line by line."""
        if begun.asked.format in filing.TYPES and request.method != "HEAD":
            return await self._file(request, begun)
        return self._answer(request, begun)

    def begin(
        self,
        connection: Connection,
        request: Request,
        open_: Open,
        asked: Exporting,
        headers: Mapping[str, str],
    ) -> Begun:
        """Begin an export of somebody who is no token; `open_` says what it shows."""
        opened = open_(connection, request)
        found = self._found(connection, opened, asked)
        return Begun(open_, opened, asked, found, _counted(headers, found))

    async def csv_feed(self, request: Request) -> Response:
        """Answer with every lead that a link shows, as a sheet."""
        begun = await self.hub.read(partial(self._begun_by_link, request))
        return self._answer(request, begun)

    def _answer(self, request: Request, begun: Begun) -> Response:
        # Of a HEAD the server sends no body, so none is made.
        lines = () if request.method == "HEAD" else self._lines(request, begun)
        media_type = TYPES[begun.asked.format]
        return StreamingResponse(lines, headers=begun.headers, media_type=media_type)

    async def _file(self, request: Request, begun: Begun) -> Response:
        kind = filing.kind_of(begun.asked.format, len(begun.found))
        view, columns = begun.opened.view, _columns(begun.opened, begun.asked)
        shape = [Column(column.name, column.kind) for column in columns]

        async def read() -> AsyncIterator[Callable[[], list[Row]]]:
            async for chunk in self._chunks(request, begun):
                yield partial(_rows, columns, chunk)

        opened = await filing.made(kind, shape, sheet.words(view, columns), read())
        return StreamingResponse(
            filing.pieces(opened),
            headers=begun.headers,
            media_type=TYPES[begun.asked.format],
        )

    def _begun(self, request: Request, connection: Connection) -> Begun:
        opened = open_campaign(connection, request)
        pairs = querystring.decode(request.scope["query_string"])
        asked = following.export(opened.view, pairs)
        headers = self._beside(connection, opened, asked)
        found = self._found(connection, opened, asked)
        return Begun(open_campaign, opened, asked, found, _counted(headers, found))

    def _begun_by_link(self, request: Request, connection: Connection) -> Begun:
        opened = open_own(connection, request)
        pairs = querystring.decode(request.scope["query_string"])
        asked = following.csv_feed(opened.view, pairs)
        return self.begin(connection, request, open_own, asked, LINKED)

    def _found(
        self, connection: Connection, opened: Opened, asked: Exporting
    ) -> BitMap:
        query = opened.grant.query(opened.campaign, asked.question)
        found = exports.members(connection, self.hub.indexes, opened.campaign, query)
        found.remove_range(0, min(asked.after, exports.LEAD_ID_MAX) + 1)
        return found

    def _beside(
        self, connection: Connection, opened: Opened, asked: Exporting
    ) -> dict[str, str]:
        """Return the headers; the change feed goes on where the export begins."""
        question, grant = asked.question, opened.grant
        place = places.export_place(self.hub, connection, opened, question)
        watermark = feed.watermark(connection, opened.campaign.id, grant.scope_id)
        ending = "csv" if asked.format in sheet.FLAVOURS else asked.format
        return {
            **places.headers(self.hub, opened, question, place, watermark),
            **wire.PRIVATE,
            "Leadwell-Schema-Version": version(opened.view),
            "Content-Disposition": f'attachment; filename="leads.{ending}"',
        }

    async def _lines(self, request: Request, begun: Begun) -> AsyncIterator[bytes]:
        sent, sheet_of = Sent(), _sheet(begun.opened, begun.asked)
        yield sheet_of.header
        async for read in self._chunks(request, begun):
            sent.note(read)
            yield b"".join(sheet_of.line(each.body) for each in read)
        if begun.asked.format == "ndjson":
            yield _closing(sent.digest, begun.headers["Leadwell-Cursor"])

    async def _chunks(
        self, request: Request, begun: Begun
    ) -> AsyncIterator[list[exports.Exported]]:
        for ids in exports.chunks(begun.found):
            charge(request, len(ids))
            yield await self.hub.read(partial(_read, request, begun, ids))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """How a lead becomes a line."""

    header: bytes
    line: Callable[[bytes], bytes]


def _sheet(opened: Opened, asked: Exporting) -> _Sheet:
    if asked.format == "ndjson":
        return _Sheet(b"", lambda body: body + b"\n")
    columns = _columns(opened, asked)
    flavour = sheet.FLAVOURS.get(asked.format, sheet.FLAVOURS["csv"])
    return _Sheet(
        sheet.header(columns, flavour),
        lambda body: sheet.row(columns, msgspec.json.decode(body), flavour),
    )


def _columns(opened: Opened, asked: Exporting) -> list[sheet.Column]:
    return sheet.columns(opened.view, asked.question.shown)


def _rows(columns: list[sheet.Column], read: list[exports.Exported]) -> list[Row]:
    return [sheet.typed(columns, msgspec.json.decode(each.body)) for each in read]


def _read(
    request: Request, begun: Begun, ids: list[int], connection: Connection
) -> list[exports.Exported]:
    # The token may be revoked, and its filter edited, while an export goes on.
    opened, asked = begun.open(connection, request), begun.asked
    if _sheet(opened, asked).header != _sheet(begun.opened, asked).header:
        raise Unavailable(
            "the columns were changed while they were sent", hint="ask again"
        )
    query = opened.grant.query(opened.campaign, asked.question)
    return exports.read(connection, opened.campaign, query, ids)


def _counted(headers: Mapping[str, str], found: BitMap) -> dict[str, str]:
    return {**headers, "Leadwell-Count": str(len(found))}


def _closing(digest: Digest, cursor: str) -> bytes:
    content: dict[str, Any] = {
        "_end": True,
        "count": digest.count,
        "digest": digest.text,
        "cursor": cursor,
    }
    return msgspec.json.encode(content) + b"\n"
