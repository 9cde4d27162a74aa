"""The tools of assistants, where they are installed; loaded when first used."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from anyio import to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

from leadwell.settings import Settings


def tools(settings: Settings) -> ASGIApp | None:
    """Return what speaks MCP; `None` if it is switched off or not installed."""
    return _answer if settings.mcp and find_spec("mcp") else None


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    # The SDK takes a second to load: other requests do not wait for that.
    speak = await to_thread.run_sync(_loaded)
    await speak(scope, receive, send)


@cache
def _loaded() -> ASGIApp:
    answer: ASGIApp = import_module("leadwell.mcp.over_http").answer
    return answer
