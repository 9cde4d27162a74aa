"""The threads that write to PostgreSQL, and the commits that writes share.

What queued for a campaign while its last commit ran is committed together: each job
under a savepoint, in the order of coming. Nobody waits for company. Campaigns are
written side by side, each by one thread at a time.
"""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from queue import SimpleQueue
from random import SystemRandom
from threading import Condition, Thread
from typing import Any, TypeVar

from leadwell.errors import Unavailable
from leadwell.store.connection import Connection, Joint, joined, outcome_of
from leadwell.store.engines.postgres_connection import PostgresConnection
from leadwell.store.engines.postgres_errors import Clash, Hindrance
from leadwell.store.figures import COMMIT_SECONDS, WRITES, WRITES_WAITING

T = TypeVar("T")

GROUP_MAX = 256
"""How many waiting jobs share one commit."""
GROUP_S = 0.25
"""From then on no further job joins a transaction: other processes wait for its ticket,
and give up after a while."""
TRIES = 5
"""How often a job is run that is hindered each time and may be run again."""
_PAUSE_S = 0.05
_jitter = SystemRandom()

Job = Callable[[Connection], Any]
_Outcome = tuple[Any, Exception | None]
Transaction = Callable[[], AbstractContextManager[PostgresConnection]]


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A job that was handed in, and who waits for it."""

    job: Callable[[Connection], Any]
    is_repeatable: bool
    """Whether it finds out itself that it was done before."""
    done: "Future[Any]" = field(default_factory=Future["Any"])


class Writers:
    """A few threads, and a queue for each campaign that somebody writes to.

    A campaign is in `_queues` as long as a thread has it, or will take it; so no two
    threads wait for one ticket, and none of its jobs overtakes another.
    """

    def __init__(self, transaction: Transaction, threads: int) -> None:
        """Begin with no thread: the first write starts them."""
        self._transaction = transaction
        self._count = threads
        self._threads: list[Thread] = []
        self._queues: dict[object, deque[Waiting]] = {}
        self._ready: SimpleQueue[object] = SimpleQueue()
        self._state = Condition()
        self._is_open = True

    def hand_in(
        self,
        job: Callable[[Connection], T],
        campaign_id: int | None,
        *,
        is_repeatable: bool,
    ) -> "Future[T]":
        """Queue a job; one that is of no campaign waits for no other.

        Raises:
            Unavailable: the writers are closed.
        """
        waiting = Waiting(job, is_repeatable)
        lane: object = object() if campaign_id is None else campaign_id
        with self._state:
            if not self._is_open:
                raise Unavailable("the hub is stopping", hint="try again in a moment")
            while len(self._threads) < self._count:
                writer = Thread(target=self._work, name="writer", daemon=True)
                writer.start()
                self._threads.append(writer)
            WRITES_WAITING.inc()
            if lane in self._queues:
                self._queues[lane].append(waiting)
            else:
                self._queues[lane] = deque([waiting])
                self._ready.put(lane)
        return waiting.done

    def settle(self) -> None:
        """Wait until all that was handed in is done."""
        with self._state:
            self._state.wait_for(lambda: not self._queues)

    def close(self) -> None:
        """Finish what was handed in, and end the threads."""
        with self._state:
            self._is_open = False
        self.settle()
        for _ in self._threads:
            self._ready.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (lane := self._ready.get()) is not None:
            with self._state:
                queue = self._queues[lane]
            group = _taken(queue)
            while group:
                group = self._commit(group)
            with self._state:
                if queue:
                    # Behind the campaigns that wait for a thread.
                    self._ready.put(lane)
                else:
                    del self._queues[lane]
                    self._state.notify_all()

    def _commit(self, group: list[Waiting]) -> list[Waiting]:
        """Commit jobs together; return those for which there was no time.

        When they are hindered, those that may be are run again.
        """
        last = Hindrance()
        for _ in range(TRIES):
            try:
                outcomes = self._outcomes(group)
            except Hindrance as hindrance:
                last = hindrance.after(last)
                if isinstance(hindrance, Clash) and len(group) > 1:
                    # One of them may clash each time: the others are rid of it.
                    return [each for one in group for each in self._commit([one])]
                group = _allowed(group, hindrance)
                if not group:
                    return []
                time.sleep(_jitter.uniform(0, _PAUSE_S))
            except BaseException as error:
                # What only one has done, or no transaction could be begun for any.
                _refuse(group, last.instead_of(error))
                return []
            else:
                return _settled(group, outcomes)
        _refuse(group, last.meaning)
        return []

    def _outcomes(self, group: list[Waiting]) -> list[_Outcome]:
        """Run jobs in one transaction, as many as there is time for, and commit it."""
        with COMMIT_SECONDS.time(), self._transaction() as connection:
            if len(group) == 1:
                return [(group[0].job(connection), None)]
            outcomes: list[_Outcome] = []
            until = time.monotonic() + GROUP_S
            for run in joined(group, lambda waiting: waiting.job):
                outcomes += _run_together(connection, [each.job for each in run])
                if time.monotonic() > until:
                    break
            return outcomes


def _taken(queue: deque[Waiting]) -> list[Waiting]:
    # Only one thread takes from a queue, so that so many are there.
    count = min(len(queue), GROUP_MAX)
    WRITES_WAITING.dec(count)
    WRITES.inc(count)
    taken = (queue.popleft() for _ in range(count))
    # From here a job can no longer be called off by who waits for it.
    return [each for each in taken if each.done.set_running_or_notify_cancel()]


def _run_together(connection: PostgresConnection, jobs: list[Job]) -> list[_Outcome]:
    """Run jobs in one go; where that fails, one by one, so that the others are done."""
    first = jobs[0]
    if isinstance(first, Joint) and len(jobs) > 1:
        found, fault = _under_savepoint(connection, first.with_all(jobs))
        if fault is None:
            return [outcome_of(each) for each in found]
    return [_under_savepoint(connection, job) for job in jobs]


def _under_savepoint(
    connection: PostgresConnection, job: Callable[[Connection], Any]
) -> _Outcome:
    """Run a job that is undone alone if it raises; a hindrance concerns all."""
    connection.save()
    try:
        result = job(connection)
        connection.release()
    except Exception as error:
        connection.undo()
        return None, error
    return result, None


def _settled(group: list[Waiting], outcomes: list[_Outcome]) -> list[Waiting]:
    """Tell what became of jobs whose transaction is durable; return the others."""
    for waiting, (result, fault) in zip(group, outcomes, strict=False):
        if fault is None:
            waiting.done.set_result(result)
        else:
            waiting.done.set_exception(fault)
    return group[len(outcomes) :]


def _allowed(group: list[Waiting], hindrance: Hindrance) -> list[Waiting]:
    """Return the jobs that may be run again; the others are told why not."""
    allowed = [each for each in group if hindrance.allows(each.is_repeatable)]
    _refuse([each for each in group if each not in allowed], hindrance.meaning)
    return allowed


def _refuse(group: list[Waiting], fault: BaseException) -> None:
    for waiting in group:
        waiting.done.set_exception(fault)
