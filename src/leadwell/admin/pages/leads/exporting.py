"""What the table shows as a file, through the same export as that of the API."""

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from leadwell.admin.pages.leads import asking, columns
from leadwell.admin.visit import Visit, format_of
from leadwell.api.campaigns import Opened
from leadwell.api.lists.export import Begun, Exports, Open
from leadwell.errors import InvalidQuestion
from leadwell.schema import querystring
from leadwell.schema.question.following import Exporting
from leadwell.store.connection import Connection
from leadwell.store.edits import choices

FORMATS = {"xlsx": "Excel", "csv-excel": "CSV", "parquet": "Parquet"}
"""The formats that people want, and what they call them."""
_ENDINGS = {"csv-excel": "csv"}


@dataclass(frozen=True, slots=True)
class Exporter:
    """Downloads of leads."""

    async def send(self, visit: Visit) -> Response:
        """Answer with every lead that the table shows on any of its pages."""
        exports = Exports(visit.hub)

        def job(connection: Connection) -> Begun:
            asked = _asked(visit, connection)
            ending = _ENDINGS.get(asked.format, asked.format)
            name = f"leads-{visit.campaign_id}.{ending}"
            headers = {
                "Cache-Control": "private, no-store",
                "Content-Disposition": f'attachment; filename="{name}"',
            }
            open_ = _opening(visit)
            return exports.begin(connection, visit.request, open_, asked, headers)

        begun = await visit.read(job)
        return await exports.answer(visit.request, begun)


def _asked(visit: Visit, connection: Connection) -> Exporting:
    campaign = visit.campaign(connection)
    pairs = querystring.decode(visit.request.scope["query_string"])
    kind = format_of(visit, "_format", FORMATS, "csv-excel")
    rest = querystring.encode([pair for pair in pairs if pair[0] != "_format"])
    chosen = columns.names_kept(
        campaign, choices.find(connection, campaign.id, visit.user)
    )
    asked = asking.read(campaign, rest.encode(), chosen)
    if asked.problems:
        raise InvalidQuestion(asked.problems)
    question = replace(asking.unpaged(asked), shown=asked.question.shown)
    return Exporting(question, kind, after=0)


def _opening(visit: Visit) -> Open:
    """Open the campaign again for each chunk: the session may end meanwhile."""

    def opened(connection: Connection, request: Request) -> Opened:
        del request
        campaign = visit.campaign(connection)
        return Opened(visit.still(connection).grant(campaign), campaign, campaign)

    return opened
