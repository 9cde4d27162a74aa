"""A primary and its replicas: they answer reads, and never an old answer (ADR 0026)."""

import itertools
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import partial
from threading import Event, Lock, Thread
from typing import TypeVar

import structlog

from leadwell.errors import LeadwellError
from leadwell.store.connection import Connection, Finding
from leadwell.store.engines.chronicle import Place
from leadwell.store.engines.postgres import Limits, PostgresDatabase
from leadwell.store.engines.replica import BrokenOff, NotUsed, Replica
from leadwell.store.figures import (
    READ_BY_PRIMARY,
    READ_BY_REPLICA,
    REPLICAS,
    REPLICAS_USED,
)
from leadwell.store.hubs import instance

T = TypeVar("T")
LOOK_EVERY_S = 1.0
BEACON_BYTES = 16
_log = structlog.get_logger("leadwell.replicas")


class ReplicatedDatabase:
    """One database, whose reads are answered by replicas where they know enough.

    Before each read the primary is asked how far its log is written, which takes one
    short statement: a replica that has applied so much sees every token, filter and
    lead as the primary did, and one that has not is not asked.
    """

    is_remote = True

    def __init__(
        self, primary: PostgresDatabase, urls: Sequence[str], limits: Limits
    ) -> None:
        """Look at the replicas from the first read on, from time to time.

        Raises:
            UsageError: the address of one cannot be read.
        """
        self.address, self.identity = primary.address, primary.identity
        self._primary = primary
        self._replicas = [Replica(url, limits) for url in urls]
        self._turns = itertools.count()
        self._beacon = (Place(None, "", 0), b"")
        self._stopping = Event()
        self._looking = Lock()
        self._watch: Thread | None = None

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a read transaction of the primary."""
        return self._primary.reading()

    def read(self, job: Callable[[Connection], T]) -> T:
        """Run a job in a read transaction of a replica, or else of the primary."""
        if self._watch is None:
            self._begin_to_watch()
        used = [each for each in self._replicas if not each.reason]
        if used:
            newest = self._primary.place()
            first = next(self._turns) % len(used)
            for replica in used[first:] + used[:first]:
                try:
                    found = replica.read(job, newest)
                except NotUsed:
                    continue
                except BrokenOff as broken_off:
                    # If the primary cannot do it either, the replica is not to blame.
                    found = self._by_primary(job)
                    replica.blame(broken_off.reason)
                    return found
                READ_BY_REPLICA.inc()
                return found
        return self._by_primary(job)

    def write(
        self,
        job: Callable[[Connection], T],
        *,
        campaign_id: int | None = None,
        is_repeatable: bool = False,
    ) -> "Future[T]":
        """Hand a job to the primary."""
        return self._primary.write(
            job, campaign_id=campaign_id, is_repeatable=is_repeatable
        )

    @property
    def is_hearing(self) -> bool:
        """Whether the primary's listener hears."""
        return self._primary.is_hearing

    def hear(self, heard: Callable[[int | None], None]) -> None:
        """Hear of what is committed on the primary, which a read then waits for."""
        self._primary.hear(heard)

    def check_unused(self) -> None:
        """Refuse a database that anybody else is connected to."""
        self._primary.check_unused()

    def warm(self) -> None:
        """Open connections to the primary: it is asked by every read."""
        self._primary.warm()

    def empty_log(self) -> bool:
        """Nothing to do, as for the primary alone."""
        return self._primary.empty_log()

    def checkup(self, *, deep: bool = False) -> list[Finding]:
        """Look at the primary, and say of each replica whether it answers."""
        self.look()
        return [*self._primary.checkup(deep=deep), *map(_finding, self._replicas)]

    def aside(self) -> list[str]:
        """Return why each replica is put aside; an empty text for one that answers."""
        return [each.reason for each in self._replicas]

    def close(self) -> None:
        """Finish what was handed in, and close."""
        self._stopping.set()
        if self._watch is not None:
            self._watch.join()
        beacon = self._beacon[1]
        if beacon:
            # Should the primary be away, another hub removes it some day.
            self._primary.write(partial(instance.put_out, beacon=beacon))
        for replica in self._replicas:
            replica.close()
        self._primary.close()

    def look(self) -> None:
        """Look again at the replicas that are put aside, unless somebody does."""
        with self._looking:
            due = [each for each in self._replicas if each.is_due]
            if due:
                newest = self._primary.place()
                beacon = self._lit(newest)
                for replica in due:
                    replica.look(beacon, newest)
        REPLICAS.set(len(self._replicas))
        REPLICAS_USED.set(sum(not each.reason for each in self._replicas))

    def _by_primary(self, job: Callable[[Connection], T]) -> T:
        READ_BY_PRIMARY.inc()
        return self._primary.read(job)

    def _tell(self) -> None:
        for replica in self._replicas:
            replica.tell()

    def _lit(self, newest: Place) -> bytes:
        """Return a beacon that was written in this run of this primary."""
        lit, beacon = self._beacon
        if lit[:2] != newest[:2]:
            beacon = secrets.token_bytes(BEACON_BYTES)
            self._primary.write(partial(instance.light, beacon=beacon)).result()
            self._beacon = (newest, beacon)
        return beacon

    def _begin_to_watch(self) -> None:
        with self._looking:
            if self._watch is None and not self._stopping.is_set():
                self._watch = Thread(target=self._run, name="replicas", daemon=True)
                self._watch.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._tell()
                self.look()
                self._tell()
            except LeadwellError:
                # The primary is away: its readers are told so, and it may come back.
                pass
            except Exception:
                _log.exception("replicas_failed")
            finally:
                self._stopping.wait(LOOK_EVERY_S)


def _finding(replica: Replica) -> Finding:
    if replica.reason:
        return Finding("warn", "replica", f"{replica.address}: {replica.reason}")
    return Finding("ok", "replica", f"{replica.address} answers reads")
