"""Writing the audit log beside requests: what was read, and what was written."""

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from threading import Event, Thread

import structlog

from leadwell.api.hub import Hub
from leadwell.server import clock
from leadwell.store.audit import chain as chains
from leadwell.store.audit import cutting, finding, writes
from leadwell.store.audit.chain import HUB, OPERATOR, Chain, Entry, Head, Kind
from leadwell.store.audit.uses import by_chain

_log = structlog.get_logger("leadwell.audit")
DAY_S = 86_400.0
CUT_EVERY_S = 3_600.0
DAY_US = 86_400_000_000
RESTS = 9
"""So many times as long as it works at what is old it rests."""
QUIET_US = 15 * 60_000_000
"""How long requests that were shown no lead may wait to be written."""
AWAY_S = 10.0
"""So long it is tried each time to write chains that cannot be written. Then the others
wait too: where the whole database is away, each would be waited for in vain."""


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
        self._failed: set[Chain] = set()
        """What could not be written the last time comes last the next time."""
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
        """Write what happened since the last time; what fails is done the next time."""
        self._tried(partial(self._write_uses, self._hub.moment - QUIET_US))
        self._tried(self._write_writes)
        if time.monotonic() >= self._tell_at:
            self._tried(self._tell_heads)
        if self._pace.days and time.monotonic() >= self._cut_at:
            self._cut_at = time.monotonic() + CUT_EVERY_S
            self._tried(self._cut)

    def finish(self) -> None:
        """Write all there is."""
        try:
            self._write_uses()
        finally:
            self._write_writes()

    def _run(self) -> None:
        self._tried(partial(self._say, "started"))
        while not self._stopping.wait(self._pace.every_s):
            self.look()
        self._tried(self.finish)
        self._tried(partial(self._say, "stopped"))

    def _each(self, chains: Iterable[Chain], work: Callable[[Chain], None]) -> None:
        """Do something for each chain: one that fails keeps no other one waiting.

        Raises:
            Exception: the first that one of them has raised.
        """
        faults: list[Exception] = []
        lost_s = 0.0
        for chain in sorted(chains, key=self._failed.__contains__):
            began = time.monotonic()
            try:
                work(chain)
            except Exception as fault:
                self._failed.add(chain)
                faults.append(fault)
                lost_s += time.monotonic() - began
                if lost_s > AWAY_S:
                    break
            else:
                self._failed.discard(chain)
        if faults:
            raise faults[0]

    def _tried(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            # A database that is away may be back the next time; nothing is lost.
            _log.exception("audit_failed")

    def _say(self, what: str) -> None:
        content = {"process": self._process, "release": version("leadwell")}
        self._append(HUB, [Entry(Kind.LOG, what, OPERATOR, content)])

    def _write_uses(self, quiet_before: int | None = None) -> None:
        uses = self._hub.uses
        waiting = dict(by_chain(uses.take(quiet_before)))

        def write(chain: Chain) -> None:
            entries = (uses.entry(*each) for each in waiting[chain].items())
            self._append(chain, entries)
            del waiting[chain]

        try:
            self._each(list(waiting), write)
        finally:
            for taken in waiting.values():
                uses.put_back(taken)

    def _write_writes(self) -> None:
        with self._hub.database.reading() as connection:
            waiting = {each.chain: each for each in writes.find_waiting(connection)}
        self._each(waiting, lambda chain: self._write_campaign(waiting[chain]))

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
        self._tell_at = time.monotonic() + DAY_S

    def _cut(self) -> None:
        now = clock.believed(self._hub)
        if now is None:
            return
        before = now - self._pace.days * DAY_US
        with self._hub.database.reading() as connection:
            # A day at once, so that the log is not full of words about itself.
            due = [
                chain
                for chain in finding.heads(connection)
                if cutting.is_due(connection, chain, before - DAY_US)
            ]

        def cut(chain: Chain) -> None:
            job = partial(cutting.cut, chain=chain, before=before, now=now)
            while (
                not self._stopping.is_set() and self._hub.database.write(job).result()
            ):
                pass

        self._each(due, cut)
