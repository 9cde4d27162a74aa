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
from functools import partial
from threading import Condition, Thread
from typing import Any

import structlog
from starlette.types import Receive

from leadwell.errors import LeadwellError
from leadwell.store import feed
from leadwell.store.connection import Connection, Database, remember

LOOK_EVERY_S = 0.1
LOOK_WHILE_HEARING_S = 1.0
CHECKS_PER_S = 1_000
"""So many of those who wait are looked at in full, in rotation: their tokens and the
schema. For all others it is one index look-up for each scope."""
APART_S = 0.02
"""How long after a look the next one is, however much is told meanwhile."""
VIGIL = "vigil"
"""Under which the state of the application has what waits in this process."""
_log = structlog.get_logger("leadwell.waiting")


Scope = tuple[int, int]
"""The numbers of a campaign and of one of its scopes."""


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """One request that waits."""

    scope: Scope
    newest: int
    """The newest change of the scope that it knows of; below 0: there is more."""
    is_same: Callable[[Connection], bool]
    """Whether nothing has changed that it waits for. It is asked from a thread."""
    heard: int
    """What `Vigil.heard` was before the request last looked for itself."""
    _news: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    async def news(self, within_s: float, receive: Receive) -> bool:
        """Wait for something to have changed, or for a fault.

        Nothing has when the time is over, or when who asked has gone away.
        """
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait(
                {self._news, gone},
                timeout=max(within_s, 0),
                return_when=asyncio.FIRST_COMPLETED,
            )
            return self._news.done()
        finally:
            # What both said at one moment is said once, and the other is heard.
            if not gone.cancel() and not gone.cancelled():
                gone.exception()

    def wake(self) -> None:
        """Have it look for itself; from any thread."""
        # Its loop may have ended together with the hub.
        with suppress(RuntimeError):
            self._news.get_loop().call_soon_threadsafe(self._told)

    def _told(self) -> None:
        if not self._news.done():
            self._news.set_result(None)


class Vigil:
    """Everything that waits in this process. The thread lives while something does."""

    def __init__(self, database: Database) -> None:
        """Begin with nobody who waits; nothing is listened to before that."""
        self._database = database
        self._state = Condition()
        self._watches: dict[Watch, None] = {}
        self._told: set[int] = set()
        self._is_all_due = False
        self._looked_at = 0.0
        self._thread: Thread | None = None
        self._is_listening = False
        self._is_open = True
        self.is_over = False
        """Whether nobody waits any more: who does is answered with what there is."""
        self.heard = 0
        """How often something was told of: what was told since a request looked for
        itself, and before it waits, must not be missed."""

    @contextmanager
    def watching(self, watch: Watch) -> Generator[None]:
        """Look for a request until it no longer waits."""
        with self._state:
            self._watches[watch] = None
            if self.heard != watch.heard:
                self._told.add(watch.scope[0])
            self._start()
            self._state.notify()
        try:
            yield
        finally:
            with self._state:
                self._watches.pop(watch, None)
                self._state.notify()

    def dismiss(self) -> None:
        """Have all that wait answered: the hub is going to stop."""
        self.is_over = True
        with self._state:
            watches = list(self._watches)
        for each in watches:
            each.wake()

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
        return self._looked_at + self._every_s - time.monotonic()

    @property
    def _every_s(self) -> float:
        return LOOK_WHILE_HEARING_S if self._database.is_hearing else LOOK_EVERY_S

    def _due(self) -> list[Watch]:
        told, self._told = self._told, set()
        if self._is_all_due or self._rest_s <= 0:
            self._is_all_due, self._looked_at = False, time.monotonic()
            return list(self._watches)
        return [each for each in self._watches if each.scope[0] in told]

    def _look(self, watches: list[Watch]) -> None:
        """Wake those for whom something has changed; on a fault, let each meet it."""
        whole = watches[: int(CHECKS_PER_S * self._every_s)]

        def job(connection: Connection) -> list[Watch]:
            fresh = [each for each in watches if _has_news(each, connection)]
            return fresh + [each for each in whole if not _is_same(each, connection)]

        try:
            changed = self._database.read(job)
        except LeadwellError:
            changed = watches
        except Exception:
            _log.exception("look_failed")
            changed = watches
        self._to_the_end(whole)
        for each in changed:
            each.wake()

    def _to_the_end(self, watches: list[Watch]) -> None:
        with self._state:
            for each in watches:
                if each in self._watches:
                    del self._watches[each]
                    self._watches[each] = None


def _has_news(watch: Watch, connection: Connection) -> bool:
    make = partial(feed.newest, connection, *watch.scope)
    key = ("newest of", watch.scope)
    return remember(connection, watch.scope[0], key, make) != watch.newest


def _is_same(watch: Watch, connection: Connection) -> bool:
    try:
        return watch.is_same(connection)
    except LeadwellError:
        # The token was revoked, for instance: the request is told so itself.
        return False


async def _gone(receive: Receive) -> None:
    """Return when who asked has gone away."""
    message: dict[str, Any] = {"more_body": True}
    while message.get("more_body", False):
        message = dict(await receive())
    if message.get("type") != "http.disconnect":
        await receive()
