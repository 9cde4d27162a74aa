"""`/docs/console`: try the API out in the browser, with a reference that others made.

It is the one page that runs scripts. They are served from here, may ask nobody but this
host, and keep nothing: the token that somebody types is gone with the page.
"""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import readers, static
from leadwell.api.documents import STATUSES, Documents, Form
from leadwell.api.hub import Hub
from leadwell.api.pages.rendering import Place, template, whose
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
    # first element can be given a nonce. On this page alone styles may stand in line;
    # scripts may not.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{k} {v}" for k, v in _POLICY.items()),
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a console is made of."""

    script: str
    style: str | None
    form: Form
    """The description in the form that it is given."""


def _openapi(shape: Callable[[Object], Object]) -> Form:
    return Form(
        "application/json", lambda reader: shape(openapi.document(reader, STATUSES))
    )


KINDS = {
    "scalar": Kind("scalar/standalone.js", None, _openapi(for_scalar)),
    "swagger-ui": Kind(
        "swagger-ui/swagger-ui-bundle.js",
        "swagger-ui/swagger-ui.css",
        _openapi(for_swagger_ui),
    ),
}
"""By the setting `console`; with any other one there is none."""


@dataclass(frozen=True, slots=True)
class Console:
    """The console of the documentation below one address."""

    documents: Documents
    root: str = "/docs"

    @property
    def hub(self) -> Hub:
        """The hub whose API is tried out."""
        return self.documents.hub

    async def show(self, request: Request) -> Response:
        """Answer with the page; it holds nothing that the description does not."""
        reader = await self.documents.resolve(self.hub, request)
        kind, place = self._kind(), Place.asked(self.hub.public_url, self.root, request)
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
        headers = readers.headers(reader) | HEADERS
        return Response(page, 200, headers, "text/html; charset=utf-8")

    async def document(self, request: Request) -> Response:
        """Answer with OpenAPI in which nothing optional is sent unasked."""
        kind = self._kind()
        name = f"console {self.hub.console}"
        return await self.documents.answer(kind.form, name, request)

    def _kind(self) -> Kind:
        found = KINDS.get(self.hub.console)
        if found is None:
            raise NotFound("this hub has no console", hint="read /docs/ instead")
        return found

    def _paths(self, *names: str | None) -> list[str]:
        return [static.path_of(self.hub.public_url, name) for name in names if name]
