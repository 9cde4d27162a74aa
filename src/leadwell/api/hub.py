"""What every request needs: the database, the key, the clock and the limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from secrets import token_bytes
from tempfile import mkdtemp

from anyio import CapacityLimiter, to_thread

from leadwell.api.cursors.sealing import Sealer
from leadwell.api.lists.pins import Pins, Shelves
from leadwell.api.lists.shared_pins import SharedPins
from leadwell.api.works import Works
from leadwell.model.keyring import Keyring
from leadwell.schema.times import microseconds
from leadwell.store.connection import Connection, Database, T
from leadwell.store.indexes import Indexes

READERS_MAX = 8
"""Threads that read at once: SQLite gains nothing from more on a few cores."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a request may be, and how slow."""

    url_bytes_max: int = 8_192
    header_bytes_max: int = 16_384
    headers_max: int = 64
    body_bytes_max: int = 1_048_576
    batch_bytes_max: int = 16_777_216
    upload_bytes_max: int = 209_715_200
    """Of a file that somebody loads on the pages."""
    body_timeout_s: float = 30.0


def _believed(moment: datetime) -> None:
    """Believe whatever the clock says."""


@dataclass(frozen=True)
class Hub:
    """One running hub. Everything in it is shared by all requests."""

    database: Database
    keys: Keyring
    """The instance key: tokens are kept as their HMAC under it."""
    clock: Callable[[], datetime]
    public_url: str
    """Where readers reach the hub, path prefix included, without a slash at the end."""
    limits: Limits = field(default_factory=Limits)
    nonce: Callable[[int], bytes] = token_bytes
    """Where the random bytes of cursors come from."""
    guard: Callable[[datetime], None] = _believed
    """What refuses a moment that the clock cannot have come to by itself."""
    agreed_clock: Callable[[], int] | None = None
    """What all hubs of the database take for the moment; `None`: there is no other
    hub, and what belongs to a reader's run may lie in a folder."""
    pins_folder: Path | None = None
    """Where all processes of a hub keep the pins of pages; else one of its own."""
    erasure_file: Path | None = None
    """Where erasures are noted; without it none can be made by a page."""
    metrics_token: str = ""
    """Who sends it is shown the figures of the hub; empty: nobody is."""
    shows_timing: bool = False
    """Whether every answer says what its time went into."""
    console: str = "scalar"
    """What `/docs/console` is made of; `off`: there is none."""
    hsts_s: int = 0
    """For how long browsers are told to ask over TLS alone; 0: they are not told."""
    cors_origins: frozenset[str] = frozenset()
    """Origins whose pages may ask the API from a browser."""
    readers: CapacityLimiter = field(
        default_factory=lambda: CapacityLimiter(READERS_MAX)
    )

    @property
    def key(self) -> bytes:
        """The secret of the key's generation in use: what is new is made under it."""
        return self.keys.in_use.secret

    @cached_property
    def sealer(self) -> Sealer:
        """What seals cursors, and opens them."""
        return Sealer(self.keys, self.nonce)

    @cached_property
    def pins(self) -> Shelves:
        """What runs of page numbers are about."""
        if self.agreed_clock is not None:
            return SharedPins(self.database, lambda: self.agreed)
        return Pins(self.pins_folder or Path(mkdtemp(prefix="leadwell-")))

    @cached_property
    def uploads(self) -> Path:
        """The folder of the files that people load on the pages; nobody else enters."""
        beside = self.pins_folder
        if beside is None:
            return Path(mkdtemp(prefix="leadwell-uploads-"))
        return beside.with_name(f"{beside.name}-uploads")

    @cached_property
    def works(self) -> Works:
        """What goes on beside requests because somebody has asked for it."""
        return Works()

    @cached_property
    def indexes(self) -> Indexes:
        """What makes any page of any filter quick."""
        return Indexes(self.database)

    @property
    def now(self) -> int:
        """The moment to stamp on leads, in microseconds since 1970.

        Raises:
            Unavailable: the clock may not be believed; leads can be read all the same.
        """
        moment = self.clock()
        self.guard(moment)
        return microseconds(moment)

    @property
    def moment(self) -> int:
        """The clock, in microseconds since 1970, for notes that stamp no lead."""
        return microseconds(self.clock())

    @property
    def agreed(self) -> int:
        """The moment that all hubs of the database agree on, in microseconds.

        For how long one of them has something to do; their own clocks may differ.
        """
        return self.moment if self.agreed_clock is None else self.agreed_clock()

    async def read(self, job: Callable[[Connection], T]) -> T:
        """Run a read that may take long in a thread, in one transaction."""
        return await to_thread.run_sync(self.database.read, job, limiter=self.readers)

    async def look_up(self, job: Callable[[Connection], T]) -> T:
        """Run a read of a few rows in one transaction: at once, where it cannot wait.

        A thread costs more than such a read of a file takes; a server that is slow
        to answer must not hold up the requests that have no need of it.
        """
        if self.database.is_remote:
            return await self.read(job)
        return self.database.read(job)
