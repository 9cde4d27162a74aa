"""Requests that wait for changes: one look at the database serves all of them."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.types import Receive

from leadwell.store import feed
from leadwell.store.connection import Connection, remember

LOOK_EVERY_S = 0.1
"""How often it is looked for changes: one index look-up for each scope each time."""
CHECKS_MAX = 100
"""How many of those who wait are looked at in full each time, in rotation: their tokens
and schemas. Two thousand are all looked at every two seconds."""
Wake = tuple["Waiter", Exception | None]
LookUp = Callable[[Callable[[Connection], list[Wake]]], Awaitable[list[Wake]]]
"""Runs a short read in one transaction."""


@dataclass(eq=False, slots=True)
class Waiter:
    """One request that waits."""

    scope: tuple[int, int]
    """The numbers of the campaign and of the scope."""
    newest: int
    """The newest change of the scope that it knows of; below 0: wake it at once."""
    is_same: Callable[[Connection], bool]
    """Whether nothing at all has changed for it; it raises where its token ended."""
    woken: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Watch:
    """Looks for changes, as long as anybody waits. Belongs to one event loop."""

    def __init__(self, look_up: LookUp) -> None:
        """Nobody waits yet."""
        self._look_up = look_up
        self._waiters: dict[Waiter, None] = {}
        self._task: asyncio.Task[None] | None = None

    async def changed(self, waiter: Waiter, within_s: float, receive: Receive) -> bool:
        """Wait; return whether there may be news. Not: time is over, or who asked gone.

        Raises:
            LeadwellError: the token may no longer be used, or the database is away.
        """
        self._waiters[waiter] = None
        if self._task is None or self._task.done():
            # In a context of its own: it looks for nobody in particular.
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._run(), context=Context())
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait(
                {waiter.woken, gone},
                timeout=max(within_s, 0),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if waiter.woken.done():
                waiter.woken.result()
                return True
            if gone.done():
                gone.result()
            return False
        finally:
            self._waiters.pop(waiter, None)
            for each in (waiter.woken, gone):
                # What both said at one moment is said once, and the other is heard.
                if not each.cancel() and not each.cancelled():
                    each.exception()

    async def _run(self) -> None:
        while self._waiters:
            await asyncio.sleep(LOOK_EVERY_S)
            waiters = list(self._waiters)
            try:
                woken = await self._look_up(partial(_look, waiters))
            except Exception as error:
                woken = [(each, error) for each in waiters]
            self._to_the_end(waiters[:CHECKS_MAX])
            for waiter, reason in woken:
                self._wake(waiter, reason)

    def _to_the_end(self, looked_at: list[Waiter]) -> None:
        for waiter in looked_at:
            if waiter in self._waiters:
                del self._waiters[waiter]
                self._waiters[waiter] = None

    def _wake(self, waiter: Waiter, error: Exception | None) -> None:
        if waiter not in self._waiters or waiter.woken.done():
            return
        if error is None:
            waiter.woken.set_result(None)
        else:
            waiter.woken.set_exception(error)


def _look(waiters: list[Waiter], connection: Connection) -> list[Wake]:
    """Return who has something to see; each raises its own error."""
    woken: dict[Waiter, Exception | None] = {}
    for waiter in waiters:
        if _newest(connection, waiter.scope) != waiter.newest:
            woken[waiter] = None
    for waiter in waiters[:CHECKS_MAX]:
        try:
            if not waiter.is_same(connection):
                woken[waiter] = None
        except Exception as error:
            woken[waiter] = error
    return list(woken.items())


def _newest(connection: Connection, scope: tuple[int, int]) -> int:
    make = partial(feed.newest, connection, *scope)
    return remember(connection, ("newest of", scope), make)


async def _gone(receive: Receive) -> None:
    """Return when who asked has gone away."""
    message: dict[str, Any] = {"more_body": True}
    while message.get("more_body", False):
        message = dict(await receive())
    if message.get("type") != "http.disconnect":
        await receive()
