"""Threads are few: who asks for one thing is not kept waiting by who asks for many."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from leadwell.api.load.turns import Turns
from leadwell.errors.limits import Overloaded

FLOOD, CALM = b"a flood", b"a calm reader"


class Desk:
    """Something that takes turns, until it is let go on."""

    def __init__(self, turns: Turns, patience_s: float = 10) -> None:
        self.turns = turns
        self.patience_s = patience_s
        self.served: list[bytes] = []
        self.go_on = asyncio.Event()

    async def ask(self, key: bytes) -> None:
        async with self.turns.turn(key, self.patience_s):
            self.served.append(key)
            await self.go_on.wait()
            self.go_on.clear()


def run(told: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(told(), 20))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_one_reader_has_only_its_share_and_others_come_in_between() -> None:
    async def told() -> None:
        desk = Desk(Turns(3, 2))
        asked = [asyncio.create_task(desk.ask(FLOOD)) for _ in range(20)]
        await settle()
        assert desk.served == [FLOOD] * 2
        asked.append(asyncio.create_task(desk.ask(CALM)))
        await settle()
        assert desk.served == [FLOOD, FLOOD, CALM]
        asked += [asyncio.create_task(desk.ask(CALM)) for _ in range(2)]
        while not all(task.done() for task in asked):
            desk.go_on.set()
            await settle()
        # All are served, and those who came last long before the end.
        assert len(desk.served) == 23
        assert max(n for n, key in enumerate(desk.served) if key == CALM) < 8

    run(told)


def test_who_waits_too_long_is_refused_and_leaves_nothing_behind() -> None:
    async def told() -> None:
        desk = Desk(Turns(1, 1), 0.05)
        first = asyncio.create_task(desk.ask(FLOOD))
        await settle()
        with pytest.raises(Overloaded) as refused:
            await desk.ask(CALM)
        assert refused.value.reason == "queue"
        desk.go_on.set()
        await first
        again = asyncio.create_task(desk.ask(CALM))
        await settle()
        assert desk.served == [FLOOD, CALM]
        desk.go_on.set()
        await again

    run(told)


def test_a_turn_that_nobody_waits_for_any_longer_is_passed_on() -> None:
    async def told() -> None:
        desk = Desk(Turns(1, 1))
        first = asyncio.create_task(desk.ask(FLOOD))
        gone = asyncio.create_task(desk.ask(CALM))
        last = asyncio.create_task(desk.ask(FLOOD))
        late = asyncio.create_task(desk.ask(CALM))
        await settle()
        gone.cancel()
        await settle()
        # One is let in and goes away at the same moment.
        desk.go_on.set()
        await asyncio.sleep(0)
        late.cancel()
        await settle()
        desk.go_on.set()
        await asyncio.wait({first, last})
        assert desk.served == [FLOOD, FLOOD]
        final = asyncio.create_task(desk.ask(CALM))
        await settle()
        assert not final.done()
        desk.go_on.set()
        await final

    run(told)
