"""`/docs/download/connectors/…`: texts for other tools, for the token that asks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import readers, tags
from leadwell.api.hub import Hub
from leadwell.describe import connectors
from leadwell.describe.connectors import Connector
from leadwell.describe.reader import Reader
from leadwell.errors import NotFound

_TO_KEEP = {"Content-Disposition": "attachment"}
"""A file: a browser names it as its address does, and never runs it."""
Resolver: TypeAlias = Callable[[Hub, Request], Awaitable[Reader]]


@dataclass(frozen=True, slots=True)
class Connectors:
    """Texts for other tools, for whom the resolver finds to be asking."""

    hub: Hub
    resolve: Resolver = readers.asking

    async def text(self, request: Request) -> Response:
        """Answer with the text of one connector.

        Raises:
            NotFound: there is none of this name.
        """
        reader = await self.resolve(self.hub, request)
        connector = connectors.named(request.path_params["connector"])
        if connector is None:
            known = ", ".join(each.name for each in connectors.CONNECTORS)
            raise NotFound("there is no such connector", hint=f"there are: {known}")
        content = _made(connector, reader)
        headers = readers.headers(reader) | _TO_KEEP
        return tags.answered(request, content, connector.media_type, headers)


def _made(connector: Connector, reader: Reader) -> bytes:
    def make() -> bytes:
        return connector.text(reader).encode()

    if reader.view is None:
        return make()
    key = ("connector", connector.name, reader.public_url)
    return reader.view.deriving(key, make)
