"""`/mcp` inside a hub: each message is answered alone, and nothing is kept after it."""

import httpx2
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from leadwell.mcp.door import Door
from leadwell.mcp.speaking import server

_INSIDE = "http://inside"
"""Where the hub is reached from within; the name is never looked up."""


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one message of somebody whose token was looked at.

    The server lives as long as the message, so one bearer can never meet what another
    has left behind.
    """
    async with _client(Request(scope)) as client:
        sessions = StreamableHTTPSessionManager(
            server(Door(client)), stateless=True, json_response=True
        )
        async with sessions.run():
            await sessions.handle_request(scope, receive, send)


def _client(request: Request) -> httpx2.AsyncClient:
    """Return what asks the hub as the bearer would, from the bearer's address."""
    host, port = request.client or ("", 0)
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(request.app, client=(host, port)),
        base_url=_INSIDE,
        headers={
            "Authorization": request.headers["authorization"],
            # One name for the message and for all that is asked because of it.
            "X-Request-ID": request.state.request_id,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        },
        trust_env=False,
    )
