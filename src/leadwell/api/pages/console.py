"""`/docs/console`: try the API out in the browser, with a reference that others made.

It is the one page that runs scripts. They are served from here, may ask nobody but this
host, and keep nothing: the token that somebody types is gone with the page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import readers, static, wire
from leadwell.api.documents import STATUSES
from leadwell.api.hub import Hub
from leadwell.api.pages.rendering import Place, template, whose
from leadwell.api.readers import Resolve
from leadwell.describe.contract import openapi
from leadwell.describe.contract.console import Object, for_scalar, for_swagger_ui
from leadwell.errors import NotFound

DOCUMENT = "download/openapi.json/console.json"
"""The description for the console, below the documentation's address."""
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "connect-src": "'self'",
    # Both consoles write style elements and attributes as they draw, and only Scalar's
    # first element can be given a nonce. On this page alone, which shows no lead, label
    # or option but as text, styles may stand in line; scripts may not.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    **wire.PRIVATE,
    "Content-Security-Policy": "; ".join(f"{k} {v}" for k, v in _POLICY.items()),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a console is made of."""

    script: str
    style: str | None
    shape: Callable[[Object], Object]
    """Makes of a description what this console can be given."""


KINDS = {
    "scalar": Kind("scalar/standalone.js", None, for_scalar),
    "swagger-ui": Kind(
        "swagger-ui/swagger-ui-bundle.js", "swagger-ui/swagger-ui.css", for_swagger_ui
    ),
}
"""By the setting `console`; with any other one there is none."""


@dataclass(frozen=True, slots=True)
class Console:
    """The console of the documentation below one address."""

    hub: Hub
    root: str = "/docs"
    resolve: Resolve = readers.asking

    async def show(self, request: Request) -> Response:
        """Answer with the page; it holds nothing that the description does not."""
        reader = await self.resolve(self.hub, request)
        kind, place = self._kind(), self._at(request)
        page = template("console.html").render(
            kind=self.hub.console,
            place=place,
            document=place.path(DOCUMENT),
            # Who came with a token or a link is shown what it sees already.
            whose=whose(reader, place) if reader.grant else "",
            scripts=self._paths(kind.script, "console.js"),
            styles=self._paths(kind.style, "console.css"),
            icon=static.path_of(self.hub.public_url, "icon.svg"),
        )
        return Response(page, 200, HEADERS, "text/html; charset=utf-8")

    async def document(self, request: Request) -> Response:
        """Answer with OpenAPI in which nothing optional is sent unasked."""
        reader = await self.resolve(self.hub, request)
        content = self._kind().shape(openapi.document(reader, STATUSES))
        return Response(
            msgspec.json.encode(content), 200, wire.PRIVATE, "application/json"
        )

    def _kind(self) -> Kind:
        found = KINDS.get(self.hub.console)
        if found is None:
            raise NotFound("this hub has no console", hint="read /docs/ instead")
        return found

    def _at(self, request: Request) -> Place:
        given = {k: quote(v, safe="") for k, v in request.path_params.items()}
        return Place(self.hub.public_url, self.root.format_map(given))

    def _paths(self, *names: str | None) -> list[str]:
        return [static.path_of(self.hub.public_url, name) for name in names if name]
