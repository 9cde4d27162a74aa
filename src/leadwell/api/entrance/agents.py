"""`/mcp`: what an assistant has to show before it may use the tools."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadwell.api.entrance.auth import Visitor
from leadwell.api.hub import Hub
from leadwell.errors import NotFound, OriginNotAllowed
from leadwell.schema import querystring, question


@dataclass(frozen=True, slots=True)
class Agents:
    """The tools of assistants, behind the same door as the API."""

    hub: Hub
    tools: ASGIApp | None
    """What speaks the protocol; `None`: this hub does not."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one message on to the tools, if its bearer may read at all."""
        request = Request(scope, receive)
        visitor: Visitor = scope["state"]["visitor"]
        await self.hub.look_up(visitor.look)
        question.nothing(querystring.decode(scope["query_string"]))
        if self.tools is None:
            raise NotFound(
                "this hub does not speak MCP",
                hint="its operator can install leadwell[mcp] and leave the setting "
                "mcp on",
            )
        self._check_origin(request)
        # Read here, where a body that is too large or too slow is still answered so.
        body = await request.body()
        await self.tools(scope, _again(body, receive), send)

    def _check_origin(self, request: Request) -> None:
        """Refuse pages of other sites, even those whose name leads to this machine.

        Only browsers name an origin. The host is not compared, for a proxy may have
        named its own, and a stranger's page has no token to send.
        """
        public = urlsplit(self.hub.public_url)
        own = f"{public.scheme}://{public.netloc}"
        given = request.headers.get("origin")
        if given is not None and given not in {own, *self.hub.cors_origins}:
            raise OriginNotAllowed(
                "pages of other sites may not ask here",
                hint="ask from a program, or from the hub's own public URL",
            )


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once, and then what comes after it."""
    rest: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return rest.pop() if rest else await receive()

    return receive_again
