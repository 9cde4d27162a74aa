"""Every path the hub answers, on one screen."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from leadwell.api import help as help_pages
from leadwell.api.campaigns import Campaigns
from leadwell.api.changes import Changes
from leadwell.api.documents import Documents
from leadwell.api.downloads.connectors import Connectors
from leadwell.api.entrance import Entrance
from leadwell.api.entrance.metrics import Metrics
from leadwell.api.health import Health
from leadwell.api.hub import Hub
from leadwell.api.leads import Leads
from leadwell.api.lists.export import Exports
from leadwell.api.lists.listing import Listing
from leadwell.api.writes import Writes

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


class _Id(Convertor[int]):
    """A whole number from 1 that every database and JSON reader can hold."""

    regex = "[1-9][0-9]{0,14}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("id", _Id())


def app(hub: Hub, lifespan: Lifespan[Router] | None = None) -> ASGIApp:
    """Build the application of one hub."""
    leads, writes, changes = Leads(hub), Writes(hub), Changes(hub)
    exports = Exports(hub)
    campaigns, health, documents = Campaigns(hub), Health(hub), Documents(hub)
    one = "/v2/campaigns/{campaign_id:id}"
    routes = [
        _route(f"{one}/leads", GET=Listing(hub), POST=writes.add),
        _route(f"{one}/leads/batch", POST=writes.batch),
        _route(f"{one}/leads/changes", GET=changes.list),
        _route(f"{one}/leads/digest", GET=changes.digest),
        _route(f"{one}/leads/export", GET=exports.stream),
        _route(
            f"{one}/leads/{{lead_id:id}}",
            GET=leads.show,
            PATCH=writes.change,
            DELETE=writes.remove,
        ),
        _route(f"{one}/leads/{{lead_id:id}}/merge", POST=writes.merge),
        _route(f"{one}/schema", GET=campaigns.schema),
        _route(f"{one}/schema.json", GET=campaigns.json_schema),
        _route(one, GET=campaigns.show),
        _route("/v2/campaigns", GET=campaigns.list),
        _route("/v2/me", GET=campaigns.me),
        # The article writes its requests without the version.
        _route("/campaigns/{campaign_id:id}/leads", GET=Listing(hub)),
        _route("/leads", POST=writes.add_anywhere),
        _route("/docs/errors/{code}", GET=help_pages.error),
        _route("/docs/download/openapi.json/{name}", GET=documents.openapi_json),
        _route("/docs/download/openapi.yaml/{name}", GET=documents.openapi_yaml),
        _route(
            "/docs/download/connectors/{connector}/{name}", GET=Connectors(hub).text
        ),
        _route("/metrics", GET=Metrics(hub.metrics_token).show),
        _route("/health/live", GET=health.live),
        _route("/health/ready", GET=health.ready),
    ]
    return Entrance(Router(routes, redirect_slashes=False, lifespan=lifespan), hub)


class _Methods:
    """What one path does, by method; of a `HEAD` the server drops the body."""

    def __init__(self, handlers: Mapping[str, Handler | Listing]) -> None:
        self._apps = {
            method: handler if isinstance(handler, Listing) else _answering(handler)
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


def _route(path: str, **handlers: Handler | Listing) -> Route:
    route = Route(path, _Methods(handlers), methods=list(handlers))
    # A $ also matches before a newline at the end, and /v2/me%0A is not /v2/me.
    route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")
    return route
