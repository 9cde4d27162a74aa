"""`/docs/errors/{code}`: the page behind the `type` of every problem."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from leadwell.api.documents import STATUSES
from leadwell.api.hub import Hub
from leadwell.api.pages.console import KINDS
from leadwell.api.pages.rendering import HEADERS, Frame, Place, html
from leadwell.describe.pages import contents, errors
from leadwell.describe.reader import Reader
from leadwell.errors import NotFound


@dataclass(frozen=True, slots=True)
class Codes:
    """A page for each error code, the same for everybody."""

    hub: Hub

    async def show(self, request: Request) -> Response:
        """Answer with what an error code means and what to do about it."""
        page = errors.about(request.path_params["code"], STATUSES)
        if page is None:
            raise NotFound("there is no such error code", hint="see /docs/errors")
        everybody = Reader(self.hub.public_url)
        frame = Frame(
            contents.shown(everybody),
            contents.whose(everybody),
            has_console=self.hub.console in KINDS,
        )
        content = html(page, Place(self.hub.public_url, "/docs"), frame)
        headers = {"Cache-Control": "max-age=3600", **HEADERS}
        return Response(content, 200, headers, "text/html; charset=utf-8")
