"""Writing the audit log beside requests: what was read, and what was written."""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from threading import Event, Thread
from typing import Any

import structlog

from leadwell.api.hub import Hub
from leadwell.store.audit import chain as chains
from leadwell.store.audit import cutting, finding, writes
from leadwell.store.audit.chain import HUB, OPERATOR, Chain, Entry, Head, Kind
from leadwell.store.audit.uses import Taken, by_chain

_log = structlog.get_logger("leadwell.audit")
DAY_S = 86_400.0
CUT_EVERY_S = 3_600.0
DAY_US = 86_400_000_000
RESTS = 9
"""So many times as long as it works at what is old it rests."""
AWAY_S = 10.0
"""So long it is tried to write chains that cannot be written, each time."""
QUIET_US = 15 * 60_000_000
"""How long requests that were shown no lead may wait to be written."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the log is written, and how long it is kept."""

    every_s: float = 60.0
    days: int = 0
    """0: for ever."""


class Auditor:
    """A thread that writes to the audit log every minute or so, and at the end.

    What is decided is not its business: that is written by who decides it.
    """

    def __init__(self, hub: Hub, pace: Pace | None = None) -> None:
        """Prepare; nothing runs before `start`."""
        self._hub = hub
        self._pace = pace or Pace()
        self._process = secrets.token_hex(4)
        self._told: dict[Chain, Head] = {}
        self._away: set[Chain] = set()
        """What could not be written when it was tried last."""
        self._tell_at = self._cut_at = 0.0
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="auditor", daemon=True)

    def start(self) -> None:
        """Begin, and say so in the log: where no end follows, a process was killed."""
        self._thread.start()

    def stop(self) -> None:
        """Write what there is, and stop."""
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """Write what happened since the last time."""
        self._write_uses(self._hub.moment - QUIET_US)
        self._write_writes()
        if time.monotonic() >= self._tell_at:
            self._tell_at = time.monotonic() + DAY_S
            self._tell_heads()
        if self._pace.days and time.monotonic() >= self._cut_at:
            self._cut_at = time.monotonic() + CUT_EVERY_S
            self._cut(self._hub.moment - self._pace.days * DAY_US)

    def finish(self) -> None:
        """Write all there is."""
        self._write_uses()
        self._write_writes()

    def _run(self) -> None:
        self._tried(partial(self._say, "started"))
        while not self._stopping.wait(self._pace.every_s):
            self._tried(self.look)
        self._tried(self.finish)
        self._tried(partial(self._say, "stopped"))

    def _tried(self, work: Any) -> None:
        try:
            work()
        except Exception:
            # A database that is away may be back the next time; nothing is lost.
            _log.exception("audit_failed")

    def _say(self, what: str) -> None:
        content = {"process": self._process, "release": version("leadwell")}
        self._append(HUB, [Entry(Kind.LOG, what, OPERATOR, content)])

    def _write_uses(self, quiet_before: int | None = None) -> None:
        """Write each chain: of several machines one may be away, and the others not."""
        uses = self._hub.uses
        waiting = dict(by_chain(uses.take(quiet_before)))
        faults: list[Exception] = []
        lost_s = 0.0
        try:
            # What failed the last time comes last, so that nothing waits behind it.
            for chain in sorted(waiting, key=self._away.__contains__):
                began = time.monotonic()
                fault = self._tried_uses(chain, waiting[chain])
                if fault is None:
                    del waiting[chain]
                    continue
                faults.append(fault)
                lost_s += time.monotonic() - began
                if lost_s > AWAY_S:
                    break
        finally:
            for taken in waiting.values():
                uses.put_back(taken)
        if faults:
            raise faults[0]

    def _tried_uses(self, chain: Chain, taken: Taken) -> Exception | None:
        """Write one chain; return why it could not be written."""
        try:
            self._append(chain, [self._hub.uses.entry(*each) for each in taken.items()])
        except Exception as error:
            self._away.add(chain)
            return error
        self._away.discard(chain)
        return None

    def _write_writes(self) -> None:
        with self._hub.database.reading() as connection:
            waiting = writes.find_waiting(connection)
        for each in waiting:
            self._write_campaign(each)

    def _write_campaign(self, waiting: writes.Waiting) -> None:
        is_all = False
        while not is_all:
            began = time.monotonic()
            with self._hub.database.reading() as connection:
                sums = writes.summed(connection, waiting)
            job = partial(writes.keep, sums=sums, now=self._hub.moment)
            if not self._hub.database.write(job).result():
                # Another process has done it.
                return
            is_all, waiting = sums.is_all, sums.waiting.from_(sums.to)
            # After an upgrade it may be the history of a million leads: readers and
            # writers go first, and the next process goes on where this one stops.
            rest_s = RESTS * (time.monotonic() - began)
            if not is_all and self._stopping.wait(rest_s):
                return

    def _append(self, chain: Chain, entries: Iterable[Entry]) -> None:
        job = partial(
            chains.append, chain=chain, at=self._hub.moment, entries=list(entries)
        )
        self._hub.database.write(job).result()

    def _tell_heads(self) -> None:
        """Log the newest row of each chain that has grown: a witness elsewhere."""
        with self._hub.database.reading() as connection:
            found = finding.heads(connection)
        for chain, head in found.items():
            if self._told.get(chain) != head:
                _log.info(
                    "audit_head",
                    campaign=chain.campaign_id,
                    account=chain.account_id,
                    **head._asdict(),
                )
        self._told = found

    def _cut(self, before: int) -> None:
        with self._hub.database.reading() as connection:
            # A day at once, so that the log is not full of words about itself.
            due = [
                chain
                for chain in finding.heads(connection)
                if cutting.is_due(connection, chain, before - DAY_US)
            ]
        for chain in due:
            job = partial(cutting.cut, chain=chain, before=before, now=self._hub.moment)
            while (
                not self._stopping.is_set() and self._hub.database.write(job).result()
            ):
                pass
