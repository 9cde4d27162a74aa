"""What all destinations that receive leads share: the ledger, and who holds it."""

import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, TypeAlias, TypedDict
from urllib.parse import parse_qsl

from leadwell.client import Retry
from leadwell.client.wire.arriving import CONNECTIONS_MAX
from leadwell.client.wire.retry import PATIENT, Request
from leadwell.errors import UsageError
from leadwell.sync.batches import Delivered
from leadwell.sync.destinations import OPTIONS
from leadwell.sync.destinations.base import Copy
from leadwell.sync.destinations.files import explained
from leadwell.sync.destinations.push.delivering import Tell
from leadwell.sync.destinations.push.ledger import Ledger
from leadwell.sync.destinations.sqlite import SQLiteFile, opened
from leadwell.sync.errors import BusyDestination
from leadwell.sync.locking import is_taken
from leadwell.sync.state import State

Show: TypeAlias = Callable[[Request], None]
BATCH_MAX = 1000
"""Leads of one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed(ABC):
    """A receiver of leads, with a ledger of what it has got."""

    place: str
    """What its text has after the colon, without options."""
    ledger: Path | None = None
    dead_letters: Path | None = None
    """The file for what the receiver does not take, one JSON object a line."""
    batch: int | None = None
    """How many leads one request has at most."""
    parallel: int | None = None
    """How many requests are sent at a time, where leads are sent by requests."""
    secret: str | None = None
    """Where the secret is, for what is signed."""
    revives: bool = False
    """Whether what was not taken before is tried again."""
    retry: Retry = PATIENT
    tell: Tell | None = None
    """Told how far the delivery is."""
    shown: Show | None = None
    """Told what would be sent; then nothing is."""
    scheme: ClassVar[str] = ""
    follows: ClassVar[bool] = True

    @property
    @abstractmethod
    def text(self) -> str:
        """Name it, and nothing secret of it."""

    @property
    @abstractmethod
    def target(self) -> str:
        """Name the receiver, so that its ledger is not taken for another one's."""

    @abstractmethod
    def usual_ledger(self) -> Path:
        """Return where the ledger is if nothing is said."""

    @abstractmethod
    def check(self) -> None:
        """Refuse what cannot work, before anything is made.

        Raises:
            UsageError: a secret is missing, or the like.
        """

    @abstractmethod
    def deliver(self, ledger: Ledger, state: State) -> Delivered:
        """Deliver what waits in the ledger, and note there what was taken.

        Raises:
            ReceiverRefuses: it takes nothing at all; nothing was given up.
        """

    def rehearsal(self, folder: Path, shown: Show) -> "Pushed":
        """Return one that sends nothing, over a ledger of its own in a folder."""
        ledger = folder / "ledger"
        if self.file.exists:
            with (
                closing(opened(self.file, "rw")) as held,
                closing(sqlite3.connect(ledger)) as copy,
            ):
                held.backup(copy)
        return replace(self, ledger=ledger, dead_letters=None, shown=shown)

    @property
    def file(self) -> SQLiteFile:
        """The ledger."""
        return SQLiteFile(self.ledger or self.usual_ledger())

    def look(self) -> Copy | None:
        """Open the ledger to read; `None`: there is none, or an empty one."""
        if not self.file.exists:
            return None
        return Ledger(self.file.text, opened(self.file, "rw"), self.target)

    def open(self) -> Copy:
        """Open the ledger to write and to deliver, and keep all others from it."""
        self.check()
        path = self.file.path
        with explained(self.file.text):
            # The ledger holds leads, so nobody else needs to read it.
            lock = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._check_free(lock)
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            except BaseException:
                os.close(lock)
                raise
        return PushedCopy(self, lock)

    def _check_free(self, lock: int) -> None:
        if is_taken(lock):
            raise BusyDestination(
                f"{self.text} is being delivered to by another run",
                hint="nothing was done: that run, or the next one, does it",
            )


class PushedCopy(Ledger):
    """An open ledger that delivers when it is settled."""

    def __init__(self, pushed: Pushed, lock: int) -> None:
        """Open the ledger.

        Args:
            lock: the open file that keeps others away
        """
        self._pushed = pushed
        self._lock = lock
        try:
            connection = opened(pushed.file, "rw")
        except BaseException:
            os.close(lock)
            raise
        super().__init__(pushed.file.text, connection, pushed.target)

    def has_forgotten(self) -> bool:
        """Whether the receiver knows of every erasure; a rehearsal tells it nothing."""
        return self._pushed.shown is None and super().has_forgotten()

    def settle(self) -> Delivered | None:
        """Deliver what waits."""
        state = self.state()
        return None if state is None else self._pushed.deliver(self, state)

    def close(self) -> None:
        """Let go of the ledger."""
        super().close()
        os.close(self._lock)


def options_of(text: str, known: Sequence[str] = OPTIONS) -> tuple[str, dict[str, str]]:
    """Take the options off the end of a destination: `…#batch=100&ledger=FILE`.

    A fragment never goes to a server, so none of it can be the receiver's own.

    Raises:
        UsageError: one of them is none.
    """
    place, _, given = text.partition("#")
    options = dict(parse_qsl(given, keep_blank_values=True))
    unknown = options.keys() - set(known)
    if unknown:
        raise UsageError(
            f"{min(unknown)!r} is no option of a destination",
            hint=f"after the # there may be {', '.join(known)}",
        )
    return place, options


class Common(TypedDict):
    """What may be said of every receiver after the `#`."""

    ledger: Path | None
    dead_letters: Path | None
    batch: int | None
    parallel: int | None


def common(options: dict[str, str], batch_max: int = BATCH_MAX) -> Common:
    """Read what is said of every receiver.

    Raises:
        UsageError: a number is none, or too large.
    """
    ledger, dead_letters = (
        Path(options[name]).expanduser() if options.get(name) else None
        for name in ("ledger", "dead-letters")
    )
    batch = _number(options, "batch", batch_max)
    parallel = _number(options, "parallel", CONNECTIONS_MAX)
    return Common(
        ledger=ledger, dead_letters=dead_letters, batch=batch, parallel=parallel
    )


def _number(options: dict[str, str], name: str, most: int) -> int | None:
    given = options.get(name)
    if given is None:
        return None
    if given.isdecimal() and given.isascii() and 1 <= int(given[:9]) <= most:
        return int(given)
    raise UsageError(f"{name} is no such number", hint=f"from 1 to {most}")
