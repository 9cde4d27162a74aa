"""Work that a running hub does beside its requests: chores, and what is too old."""

import time
from collections.abc import Callable
from functools import partial
from threading import Event, Thread

import structlog

from leadwell.admin.importing import files
from leadwell.api.hub import Hub
from leadwell.server import clock, retention
from leadwell.server.clock import AgreedClock
from leadwell.store import campaigns
from leadwell.store.connection import Connection
from leadwell.store.uploads import jobs
from leadwell.store.writes import chores, history

_log = structlog.get_logger("leadwell.upkeep")
LOOK_EVERY_S = 30.0
"""How often a hub looks for work: a command that was interrupted left it behind."""
FORGET_EVERY_S = 3_600.0
DAY_US = 86_400_000_000


class Upkeep:
    """A thread that does waiting chores chunk by chunk, until it is told to stop.

    Every process of a hub has one; the campaign's ticket lets them take turns.
    """

    def __init__(
        self, hub: Hub, history_days: int = 0, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        """Prepare; nothing runs before `start`. History of 0 days is kept for ever."""
        self._hub = hub
        self._history_days = history_days
        self._forget_at = 0.0
        self._look_every_s = look_every_s
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Look for work now, and again from time to time."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the chunk that is being done."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._look()
            self._stopping.wait(self._look_every_s)

    def _look(self) -> None:
        """Do each kind of work there is; one that fails keeps no other waiting."""
        works: list[Callable[[], None]] = [
            self._do_chores,
            self._hub.pins.sweep,
            partial(files.sweep, self._hub, partial(clock.believed, self._hub)),
            partial(retention.carry_out, self._hub, self._stopping),
        ]
        if isinstance(self._hub.agreed_clock, AgreedClock):
            works.insert(0, self._hub.agreed_clock.look)
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + FORGET_EVERY_S
            works += [partial(files.forget, self._hub), self._forget]
        for work in works:
            if not self._stopping.is_set():
                self._try(work)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            # A database that is away may be back by the next look.
            _log.exception("upkeep_failed")

    def _do_chores(self) -> None:
        with self._hub.database.reading() as connection:
            waiting = chores.campaigns_with_work(connection)
        for campaign_id in waiting:
            self._finish(campaign_id)

    def _forget(self) -> None:
        now = clock.believed(self._hub)
        if now is None:
            return
        self._forget_files(now - files.KEPT_S * 1_000_000)
        if self._history_days:
            self._forget_history(now - self._history_days * DAY_US)

    def _forget_files(self, before: int) -> None:
        with self._hub.database.reading() as connection:
            found = jobs.campaigns_before(connection, before)
        for campaign_id in found:
            job = partial(jobs.let_go, campaign_id=campaign_id, moment=before)
            self._hub.database.write(job).result()

    def _forget_history(self, before: int) -> None:
        with self._hub.database.reading() as connection:
            found = history.campaigns_before(connection, before)
        for campaign_id in found:
            job = partial(history.forget_before, campaign_id=campaign_id, at=before)
            while (
                not self._stopping.is_set() and self._hub.database.write(job).result()
            ):
                pass

    def _finish(self, campaign_id: int) -> None:
        try:
            while not self._stopping.is_set() and self._chunk(campaign_id):
                pass
        except Exception:
            # A full disk may have room again by the next look; others need not wait.
            _log.exception("chores_failed", campaign_id=campaign_id)

    def _chunk(self, campaign_id: int) -> bool:
        def job(connection: Connection) -> bool:
            campaign = campaigns.known(connection, campaign_id)
            return chores.work(connection, campaign, self._hub.now)

        return self._hub.database.write(job).result()
