"""The reference as pages: for everybody, for a token, for who has a link to one."""

from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import readers, tags
from leadwell.api.documents import STATUSES
from leadwell.api.hub import Hub
from leadwell.api.pages.accepting import HTML, MARKDOWN, preferred
from leadwell.api.pages.console import KINDS
from leadwell.api.pages.rendering import HEADERS, Frame, Place, html
from leadwell.api.readers import Resolve
from leadwell.describe.pages import contents, markdown
from leadwell.describe.reader import Reader
from leadwell.errors import NotFound

_TYPES = {HTML: "text/html; charset=utf-8", MARKDOWN: "text/markdown; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages below one address."""

    hub: Hub
    root: str = "/docs"
    """Their path below the public URL, with the names of its parameters."""
    resolve: Resolve = readers.asking

    async def enter(self, request: Request) -> Response:
        """Lead to the first page, whose address ends with a slash."""
        # Who may not read the pages is told so here already.
        reader = await self.resolve(self.hub, request)
        first = {"Location": self._at(request).path("")}
        return Response(status_code=308, headers=readers.headers(reader) | first)

    async def first(self, request: Request) -> Response:
        """Answer with the first page."""
        return await self._answer(request, "", self._form(request))

    async def page(self, request: Request) -> Response:
        """Answer with a page, as HTML or to who prefers it as Markdown."""
        name = request.path_params["page"]
        return await self._answer(request, name, self._form(request))

    async def twin(self, request: Request) -> Response:
        """Answer with a page as Markdown."""
        name = request.path_params["page"]
        wanted = "" if name == markdown.INDEX else name
        return await self._answer(request, wanted, MARKDOWN)

    def _form(self, request: Request) -> str:
        return preferred(request.scope, (HTML, MARKDOWN))

    def _at(self, request: Request) -> Place:
        return Place.asked(self.hub.public_url, self.root, request)

    async def _answer(self, request: Request, name: str, form: str) -> Response:
        reader, place = await self.resolve(self.hub, request), self._at(request)
        # Hundreds of fields take their time, which others need not wait for.
        content = await self.hub.apart(
            partial(self._written, reader, place, name, form)
        )
        headers = readers.headers(reader) | HEADERS | {"Link": _links(place, name)}
        return tags.answered(request, content, _TYPES[form], headers)

    def _written(self, reader: Reader, place: Place, name: str, form: str) -> bytes:
        page = contents.page(name, reader, STATUSES)
        if page is None:
            names = ", ".join(each.name for each in contents.shown(reader) if each.name)
            raise NotFound(f"there is no page {name[:64]!r}", hint=f"there are {names}")
        if form == MARKDOWN:
            return markdown.write(page, place.url).encode()
        frame = Frame(
            contents.shown(reader),
            contents.whose(reader),
            markdown.path_of(page.name),
            has_console=self.hub.console in KINDS,
        )
        return html(page, place, frame).encode()


def _links(place: Place, name: str) -> str:
    """Name the page's twin, and the description for machines (RFC 8288)."""
    twin = f"{place.url}/{markdown.path_of(name)}"
    described = f"{place.url}/download/openapi.json/leadwell-openapi.json"
    return (
        f'<{twin}>; rel="alternate"; type="{MARKDOWN}", '
        f'<{described}>; rel="service-desc"; type="application/json"'
    )
