"""Long polls: one thread of the process looks for all that wait, and wakes them.

Where the database tells of commits a look follows each at once, and otherwise there is
one a second, should a hint be lost. Where it does not, there are ten a second. Either
way all looks are one transaction, however many wait.
"""

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Condition, Thread

import structlog

from leadwell.errors import LeadwellError
from leadwell.store.connection import Connection, Database

LOOK_EVERY_S = 0.1
LOOK_WHILE_HEARING_S = 1.0
APART_S = 0.02
"""How long after a look the next one is, however much is told meanwhile."""
_log = structlog.get_logger("leadwell.waiting")


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """One request that waits."""

    campaign_id: int
    is_same: Callable[[Connection], bool]
    """Whether nothing has changed that it waits for. It is asked from a thread."""
    heard: int
    """What `Vigil.heard` was before the request last looked for itself."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    async def news(self, within_s: float) -> bool:
        """Wait for something to have changed, or for a fault; `False`: nothing has."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), within_s)
        return self._news.is_set()

    def wake(self) -> None:
        """Have it look for itself; from any thread."""
        # Its loop may have ended together with the hub.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._news.set)


class Vigil:
    """Everything that waits in this process. The thread lives while something does."""

    def __init__(self, database: Database) -> None:
        """Begin with nobody who waits; nothing is listened to before that."""
        self._database = database
        self._state = Condition()
        self._watches: set[Watch] = set()
        self._told: set[int] = set()
        self._is_all_due = False
        self._looked_at = 0.0
        self._thread: Thread | None = None
        self._is_listening = False
        self._is_open = True
        self.heard = 0
        """How often something was told of: what was told since a request looked for
        itself, and before it waits, must not be missed."""

    @contextmanager
    def watching(self, watch: Watch) -> Generator[None]:
        """Look for a request until it no longer waits."""
        with self._state:
            self._watches.add(watch)
            if self.heard != watch.heard:
                self._told.add(watch.campaign_id)
            self._start()
            self._state.notify()
        try:
            yield
        finally:
            with self._state:
                self._watches.discard(watch)
                self._state.notify()

    def stop(self) -> None:
        """Look no more: the hub stops."""
        with self._state:
            self._is_open = False
            self._state.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _start(self) -> None:
        if not self._is_listening:
            self._is_listening = True
            self._database.hear(self._hear)
        if self._thread is None and self._is_open:
            self._looked_at = time.monotonic()
            self._thread = Thread(target=self._run, name="vigil", daemon=True)
            self._thread.start()

    def _hear(self, campaign_id: int | None) -> None:
        with self._state:
            self.heard += 1
            if campaign_id is None:
                self._is_all_due = True
            elif self._watches:
                self._told.add(campaign_id)
            self._state.notify()

    def _run(self) -> None:
        while watches := self._next():
            self._look(watches)
            time.sleep(APART_S)

    def _next(self) -> list[Watch]:
        """Wait until somebody is to be looked for; with nobody, the thread ends."""
        with self._state:
            while self._watches and self._is_open:
                if watches := self._due():
                    return watches
                self._state.wait(self._rest_s)
            self._thread = None
            self._told.clear()
            return []

    @property
    def _rest_s(self) -> float:
        """How long it may be until all are looked for again."""
        every_s = LOOK_WHILE_HEARING_S if self._database.is_hearing else LOOK_EVERY_S
        return self._looked_at + every_s - time.monotonic()

    def _due(self) -> list[Watch]:
        told, self._told = self._told, set()
        if self._is_all_due or self._rest_s <= 0:
            self._is_all_due, self._looked_at = False, time.monotonic()
            return list(self._watches)
        return [each for each in self._watches if each.campaign_id in told]

    def _look(self, watches: list[Watch]) -> None:
        """Wake those for whom something has changed; on a fault, let each meet it."""

        def job(connection: Connection) -> list[Watch]:
            return [each for each in watches if not _is_same(each, connection)]

        try:
            changed = self._database.read(job)
        except LeadwellError:
            changed = watches
        except Exception:
            _log.exception("look_failed")
            changed = watches
        for each in changed:
            each.wake()


def _is_same(watch: Watch, connection: Connection) -> bool:
    try:
        return watch.is_same(connection)
    except LeadwellError:
        # The token was revoked, for instance: the request is told so itself.
        return False
