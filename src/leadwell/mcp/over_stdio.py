"""A server on standard input and output, for one user: it asks a hub over HTTP."""

import signal
import sys

import anyio
import httpx2
from mcp.server.stdio import stdio_server

from leadwell.errors import InvalidToken, Unavailable
from leadwell.mcp.door import Door, Refusal
from leadwell.mcp.speaking import server

TIMEOUT_S = 60.0
_REFUSED = {"not_authenticated", "invalid_token", "address_not_allowed"}


def run(url: str, token: str) -> None:
    """Serve until standard input ends.

    Raises:
        InvalidToken: the hub refuses the token.
        Unavailable: the hub cannot be asked.
    """
    # Reading standard input cannot be interrupted otherwise, and nothing is unfinished.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        anyio.run(_serve, url, token)
    finally:
        signal.signal(signal.SIGINT, before)


async def _serve(url: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    async with httpx2.AsyncClient(
        base_url=url, headers=headers, timeout=TIMEOUT_S
    ) as client:
        door = Door(client)
        await _check(door)
        speaker = server(door)
        async with stdio_server() as (read, write):
            await speaker.run(read, write, speaker.create_initialization_options())


async def _check(door: Door) -> None:
    """Refuse to begin with a token that does not work."""
    try:
        answer = await door.get("/v2/me")
    except Refusal as refusal:
        if refusal.code in _REFUSED:
            raise InvalidToken(f"{refusal}") from None
        raise Unavailable(f"{refusal}") from None
    try:
        token = answer.content["data"]["token"]
        reader = f"{token['name']!r} ({token['id']!r})"
    except (KeyError, TypeError):
        raise Unavailable("what answers here is no Leadwell hub") from None
    sys.stderr.write(f"leadwell: reads as {reader}\n")
