"""Who reads next: threads are few, and every reader gets its turn at them."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from leadwell.errors.limits import Overloaded


class Turns:
    """So many may read at once, and each reader only some of them.

    Who has to wait is let in in rotation: a reader that asks for hundred things at once
    is not served before another one that asks for one. Belongs to one event loop.
    """

    def __init__(self, places: int, share: int) -> None:
        """Let `places` in at once, `share` of them of one reader."""
        self._free = places
        self._share = share
        self._running: Counter[bytes | None] = Counter()
        self._waiting: OrderedDict[bytes | None, deque[asyncio.Future[None]]] = (
            OrderedDict()
        )

    @asynccontextmanager
    async def turn(self, key: bytes | None, patience_s: float) -> AsyncGenerator[None]:
        """Wait for a turn, and have it.

        Raises:
            Overloaded: it did not come within `patience_s`.
        """
        if self._free and self._running[key] < self._share:
            self._begin(key)
        else:
            await self._wait(key, patience_s)
        try:
            yield
        finally:
            self._end(key)

    async def _wait(self, key: bytes | None, patience_s: float) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(turn)
        try:
            async with asyncio.timeout(patience_s):
                await turn
        except TimeoutError:
            self._leave(key, turn)
            raise Overloaded(
                "the hub has more to read than it can",
                hint="try again in a moment",
                reason="queue",
            ) from None
        except BaseException:
            self._leave(key, turn)
            raise

    def _leave(self, key: bytes | None, turn: "asyncio.Future[None]") -> None:
        if turn.done() and not turn.cancelled():
            # It came at the very moment at which nobody waited any longer.
            self._end(key)
            return
        turns = self._waiting.get(key)
        if turns is not None and turn in turns:
            turns.remove(turn)
            if not turns:
                del self._waiting[key]

    def _begin(self, key: bytes | None) -> None:
        self._free -= 1
        self._running[key] += 1

    def _end(self, key: bytes | None) -> None:
        self._free += 1
        self._running[key] -= 1
        if not self._running[key]:
            del self._running[key]
        while self._free and self._let_in():
            pass

    def _let_in(self) -> bool:
        """Let the next one in whose reader has not its share already."""
        for key in self._waiting:
            if self._running[key] < self._share:
                break
        else:
            return False
        turns = self._waiting[key]
        turn = turns.popleft()
        if turns:
            self._waiting.move_to_end(key)
        else:
            del self._waiting[key]
        if not turn.done():
            self._begin(key)
            turn.set_result(None)
        return True
