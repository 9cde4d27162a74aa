"""Every path the hub answers, on one screen."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from leadwell.api import readers, static
from leadwell.api.campaigns import Campaigns
from leadwell.api.documents import FORMS, Documents
from leadwell.api.downloads.connectors import Connectors
from leadwell.api.entrance import Entrance, Told
from leadwell.api.entrance.agents import Agents
from leadwell.api.entrance.metrics import Metrics
from leadwell.api.feed.changes import Changes
from leadwell.api.health import Health
from leadwell.api.hub import Hub
from leadwell.api.leads import Leads
from leadwell.api.lists.export import Exports
from leadwell.api.lists.listing import Listing
from leadwell.api.pages.codes import Codes
from leadwell.api.pages.console import DOCUMENT, Console
from leadwell.api.pages.machines import Machines
from leadwell.api.pages.pages import Pages
from leadwell.api.pages.refusals import Refusals
from leadwell.api.readers import Resolve
from leadwell.api.writes import Writes

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Either:
    """Answers who asks with a token with leads, and people with a page of them."""

    listing: Listing
    page: ASGIApp | None
    """`None`: there are no pages for people, so that everybody needs a token."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as it was met at the entrance."""
        if scope["state"]["visitor"] is None and self.page is not None:
            await self.page(scope, receive, send)
        else:
            await self.listing(scope, receive, send)


Plain: TypeAlias = Listing | Agents | Either
"""What answers without a response object in between."""


class _Id(Convertor[int]):
    """A whole number from 1 that every database and JSON reader can hold."""

    regex = "[1-9][0-9]{0,14}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("id", _Id())


@dataclass(frozen=True, slots=True)
class Beside:
    """What one address answers besides the API."""

    tools: ASGIApp | None = None
    """Speak MCP, where the hub does."""
    leads: Handler | None = None
    """The page at the address where the article finds leads; it is for people."""
    pages: Sequence[Route] = ()
    """The other pages for people."""
    lost: Told | None = None
    """Tells people that there is no page where they look for one."""


ALONE = Beside()


def app(
    hub: Hub, lifespan: Lifespan[Router] | None = None, beside: Beside = ALONE
) -> ASGIApp:
    """Build the application of one hub."""
    leads, writes, changes = Leads(hub), Writes(hub), Changes(hub)
    exports = Exports(hub)
    campaigns, health, documents = Campaigns(hub), Health(hub), Documents(hub)
    machines = Machines(hub)
    page = _answering(beside.leads) if beside.leads else None
    one = "/v2/campaigns/{campaign_id:id}"
    routes = [
        route(f"{one}/leads", GET=Listing(hub), POST=writes.add),
        route(f"{one}/leads/batch", POST=writes.batch),
        route(f"{one}/leads/changes", GET=changes.list),
        route(f"{one}/leads/digest", GET=changes.digest),
        route(f"{one}/leads/export", GET=exports.stream),
        route(
            f"{one}/leads/{{lead_id:id}}",
            GET=leads.show,
            PATCH=writes.change,
            DELETE=writes.remove,
        ),
        route(f"{one}/leads/{{lead_id:id}}/merge", POST=writes.merge),
        route(f"{one}/schema", GET=documents.schema),
        route(f"{one}/schema.json", GET=documents.json_schema),
        route(one, GET=campaigns.show),
        route("/v2/campaigns", GET=campaigns.list),
        route("/v2/me", GET=campaigns.me),
        # The article writes its requests without the version.
        route("/campaigns/{campaign_id:id}/leads", GET=Either(Listing(hub), page)),
        route("/leads", POST=writes.add_anywhere),
        route("/feed/{secret}.csv", GET=exports.csv_feed),
        route("/mcp", POST=Agents(hub, beside.tools)),
        route("/docs/errors/{code}", GET=Codes(hub).show),
        *_documentation(hub, "/docs", readers.asking),
        *_documentation(hub, "/d/{secret}", readers.by_link),
        *_documentation(hub, "/a/{account}/api-documentation", readers.of_account),
        route("/static/{path:path}", GET=static.show),
        route("/llms.txt", GET=machines.list),
        route("/.well-known/api-catalog", GET=machines.catalog),
        route("/metrics", GET=Metrics(hub).show),
        route("/health/live", GET=health.live),
        route("/health/ready", GET=health.ready),
        *beside.pages,
    ]
    router = Router(routes, redirect_slashes=False, lifespan=lifespan)
    return Entrance(
        router, hub, Refusals(hub, beside.lost).shown, has_pages=bool(beside.pages)
    )


def _documentation(hub: Hub, root: str, resolve: Resolve) -> list[Route]:
    """Return the routes of one documentation: of everybody, a link or an account."""
    pages, documents = Pages(hub, root, resolve), Documents(hub, resolve)
    console = Console(documents, root)
    return [
        route(f"{root}/console", GET=console.show),
        route(root, GET=pages.enter),
        route(f"{root}/", GET=pages.first),
        route(f"{root}/{DOCUMENT}", GET=console.document),
        *_downloads(f"{root}/download", documents),
        route(
            f"{root}/download/connectors/{{connector}}/{{name}}",
            GET=Connectors(hub, resolve).text,
        ),
        route(f"{root}/{{page}}.md", GET=pages.twin),
        route(f"{root}/{{page}}", GET=pages.page),
    ]


def _downloads(below: str, documents: Documents) -> list[Route]:
    """Serve the API in every form that can be downloaded; the name is for the file."""
    return [
        route(f"{below}/{form}/{{name}}", GET=documents.download(form))
        for form in FORMS
    ]


class _Methods:
    """What one path does, by method; of a `HEAD` the server drops the body."""

    def __init__(self, handlers: Mapping[str, Handler | Plain]) -> None:
        self._apps = {
            method: handler if isinstance(handler, Plain) else _answering(handler)
            for method, handler in handlers.items()
        }
        if "GET" in self._apps:
            self._apps["HEAD"] = self._apps["GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._apps[scope["method"]](scope, receive, send)


def _answering(handler: Handler) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler(Request(scope, receive, send))
        await response(scope, receive, send)

    return answer


def route(path: str, **handlers: Handler | Plain) -> Route:
    """Return what answers a path, by method."""
    route = Route(path, _Methods(handlers), methods=list(handlers))
    # A $ also matches before a newline at the end, and /v2/me%0A is not /v2/me.
    route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")
    return route
