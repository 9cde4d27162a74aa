"""Processes tell each other what readers have spent, so that a rate is one rate."""

import time
from functools import partial
from threading import Event, Thread

import structlog

from leadwell.api.load.rates import Rates
from leadwell.store.connection import Connection, Database
from leadwell.store.hubs import spending

_log = structlog.get_logger("leadwell.sharing")
TELL_EVERY_S = 1.0
"""How often. So long, a reader may spend its burst in each process (ADR 0029)."""
WORTH_S = TELL_EVERY_S / 50
"""Who has spent less of its rate since the last time is not spoken of: nothing is
written for readers that ask now and then."""
FORGET_EVERY_S = 3_600.0


class Sharing:
    """A thread that adds up what is spent here and elsewhere, until it is stopped."""

    def __init__(self, database: Database, rates: Rates) -> None:
        """Prepare; nothing runs before `start`."""
        self._database = database
        self._rates = rates
        self._forget_at = 0.0
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="sharing", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what was not told is forgotten."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(TELL_EVERY_S):
            try:
                self.tell()
            except Exception as error:
                # Until the database is back each process keeps the rate by itself.
                _log.warning("sharing_failed", error=type(error).__name__)

    def tell(self) -> None:
        """Tell the others what was spent here, and take over what they have."""
        found = self._rates.fresh(WORTH_S)
        if not found:
            return
        spent_us = {key: round(seconds * 1e6) for key, seconds in found.items()}
        ahead_us = self._database.write(partial(self._add, spent_us)).result()
        self._rates.agree({key: us / 1e6 for key, us in ahead_us.items()})

    def _add(
        self, spent_us: dict[bytes, int], connection: Connection
    ) -> dict[bytes, int]:
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + FORGET_EVERY_S
            spending.forget(connection)
        return spending.add(connection, spent_us)
