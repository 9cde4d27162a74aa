"""A deadline for what arrives over a connection."""

import asyncio
from collections.abc import Callable

from leadwell.server.connections.deadlines import Deadline


def test_a_deadline_passes_once() -> None:
    assert _passed(lambda deadline: deadline.begin(0.02)) == 1


def test_one_that_was_met_does_not_pass() -> None:
    def met(deadline: Deadline) -> None:
        deadline.begin(0.02)
        assert deadline.is_set
        deadline.met()
        assert not deadline.is_set

    assert _passed(met) == 0


def test_one_that_is_set_anew_passes_later_or_sooner() -> None:
    def later(deadline: Deadline) -> None:
        deadline.begin(0.02)
        deadline.begin(60)

    def sooner(deadline: Deadline) -> None:
        deadline.begin(60)
        deadline.begin(0.02)

    assert (_passed(later), _passed(sooner)) == (0, 1)


def _passed(begin: Callable[[Deadline], None]) -> int:
    """How often a deadline passes within a while."""

    async def run() -> int:
        passed: list[int] = []
        deadline = Deadline(asyncio.get_running_loop(), lambda: passed.append(1))
        begin(deadline)
        await asyncio.sleep(0.2)
        deadline.end()
        return len(passed)

    return asyncio.run(run())
