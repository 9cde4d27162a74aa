"""Both clients behind one face, so that each promise is asked of each of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from leadwell.client import Lead, Leadwell, Retry
from leadwell.client.aio import AsyncLeadwell

QUICK = Retry(first_s=0.001, longest_s=0.01)


class Blocking:
    """Asks with the client that blocks."""

    def __init__(self, url: str, token: str, **how: Any) -> None:
        self._opened = Leadwell(url, token, **({"retry": QUICK} | how))

    def do(self, name: str, *given: Any, **named: Any) -> Any:
        with self._opened as hub:
            return getattr(hub.campaign(362), name)(*given, **named)

    def leads(self, **filters: Any) -> list[Lead]:
        with self._opened as hub:
            return list(hub.campaign(362).leads(**filters))


class Awaiting:
    """Asks with the client that awaits."""

    def __init__(self, url: str, token: str, **how: Any) -> None:
        self._open: Callable[[], AsyncLeadwell] = lambda: AsyncLeadwell(
            url, token, **({"retry": QUICK} | how)
        )

    def do(self, name: str, *given: Any, **named: Any) -> Any:
        async def ask() -> Any:
            async with self._open() as hub:
                asked: Awaitable[Any] = getattr(hub.campaign(362), name)(
                    *given, **named
                )
                return await asked

        return asyncio.run(ask())

    def leads(self, **filters: Any) -> list[Lead]:
        async def ask() -> list[Lead]:
            async with self._open() as hub:
                return [lead async for lead in hub.campaign(362).leads(**filters)]

        return asyncio.run(ask())


TWINS = (Blocking, Awaiting)
Twin = type[Blocking] | type[Awaiting]
