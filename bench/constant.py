"""The ceiling: a body of 36 KB from the same server, whatever is asked."""

from typing import Any

BODY = b"x" * 36_000
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"36000")]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
