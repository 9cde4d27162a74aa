"""`…/leads/export`: all visible leads as one stream, in short transactions."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
from pyroaring import BitMap
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from leadwell.api import wire
from leadwell.api.campaigns import Opened, open_campaign
from leadwell.api.cursors import places
from leadwell.api.hub import Hub
from leadwell.describe import sheet
from leadwell.describe.schema import version
from leadwell.model.digest import Digest, words
from leadwell.schema import querystring
from leadwell.schema.question import following
from leadwell.schema.question.following import Exporting
from leadwell.store import exports, feed
from leadwell.store.connection import Connection

TYPES = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8; header=present",
    "csv-excel": "text/csv; charset=utf-8; header=present",
}


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
        media_type = TYPES[begun.asked.format]
        lines = self._lines(request, begun)
        return StreamingResponse(lines, headers=begun.headers, media_type=media_type)

    def _begun(self, request: Request, connection: Connection) -> Begun:
        opened = open_campaign(connection, request)
        pairs = querystring.decode(request.scope["query_string"])
        asked = following.export(opened.view, pairs)
        query = opened.grant.query(opened.campaign, asked.question)
        headers = self._beside(connection, opened, asked)
        found = exports.members(connection, self.hub.indexes, opened.campaign, query)
        found.remove_range(0, min(asked.after, exports.LEAD_ID_MAX) + 1)
        headers["Leadwell-Count"] = str(len(found))
        return Begun(opened, asked, found, headers)

    def _beside(
        self, connection: Connection, opened: Opened, asked: Exporting
    ) -> dict[str, str]:
        """Return the headers; the change feed goes on where the export begins."""
        question, grant = asked.question, opened.grant
        place = places.export_place(self.hub, connection, opened, question)
        watermark = feed.watermark(connection, opened.campaign.id, grant.scope_id)
        ending = "ndjson" if asked.format == "ndjson" else "csv"
        return {
            **places.headers(self.hub, opened, question, place, watermark),
            **wire.PRIVATE,
            "Leadwell-Schema-Version": version(opened.view),
            "Content-Disposition": f'attachment; filename="leads.{ending}"',
        }

    async def _lines(self, request: Request, begun: Begun) -> AsyncIterator[bytes]:
        sent, sheet_of = Sent(), _sheet(begun.opened, begun.asked)
        yield sheet_of.header
        for ids in exports.chunks(begun.found):
            read = await self.hub.read(partial(_read, request, begun.asked, ids))
            sent.note(read)
            yield b"".join(sheet_of.line(each.body) for each in read)
        if begun.asked.format == "ndjson":
            yield _closing(sent.digest, begun.headers["Leadwell-Cursor"])


@dataclass(frozen=True, slots=True)
class _Sheet:
    """How a lead becomes a line."""

    header: bytes
    line: Callable[[bytes], bytes]


def _sheet(opened: Opened, asked: Exporting) -> _Sheet:
    if asked.format == "ndjson":
        return _Sheet(b"", lambda body: body + b"\n")
    columns = sheet.columns(opened.view, asked.question.shown)
    for_excel = asked.format == "csv-excel"
    return _Sheet(
        sheet.header(columns, for_excel=for_excel),
        lambda body: sheet.row(columns, msgspec.json.decode(body), for_excel=for_excel),
    )


def _read(
    request: Request, asked: Exporting, ids: list[int], connection: Connection
) -> list[exports.Exported]:
    # The token may be revoked, and its filter edited, while an export goes on.
    opened = open_campaign(connection, request)
    query = opened.grant.query(opened.campaign, asked.question)
    return exports.read(connection, opened.campaign, query, ids)


def _closing(digest: Digest, cursor: str) -> bytes:
    content: dict[str, Any] = {
        "_end": True,
        "count": digest.count,
        "digest": digest.text,
        "cursor": cursor,
    }
    return msgspec.json.encode(content) + b"\n"
