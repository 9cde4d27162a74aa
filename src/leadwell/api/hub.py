"""What every request needs: the database, the key, the clock and the limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from secrets import token_bytes
from tempfile import mkdtemp

from anyio import CapacityLimiter, move_on_after, to_thread

from leadwell.api.cursors.sealing import Sealer
from leadwell.api.feed.waiting import Vigil
from leadwell.api.lists.pins import Pins, Shelves
from leadwell.api.lists.shared_pins import SharedPins
from leadwell.api.load.crowd import ASKING, Crowd, Room
from leadwell.api.load.quotas import Strangers
from leadwell.api.load.rates import Rates
from leadwell.api.load.turns import Turns
from leadwell.api.works import Works
from leadwell.model.keyring import Keyring
from leadwell.schema.times import microseconds
from leadwell.store.audit.uses import Uses
from leadwell.store.connection import Connection, Database, T
from leadwell.store.indexes import Indexes

READERS_MAX = 8
"""Threads that read at once for tokens: SQLite gains nothing from more on a few cores.
"""
READERS_OF_ONE_MAX = 6
"""How many of them one token may have: a flood of it leaves others some."""
QUEUE_S = 3.0
"""How long a read waits for a thread before it is refused."""
PEOPLE_MAX = 4
"""Threads that read for who is signed in, and for health checks: no token has them."""
PATIENCE_S = 15.0
"""How long those wait for one, and long polls that a change has woken all together."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a request may be, how slow, and how many there may be."""

    url_bytes_max: int = 8_192
    header_bytes_max: int = 16_384
    headers_max: int = 64
    body_bytes_max: int = 1_048_576
    batch_bytes_max: int = 16_777_216
    upload_bytes_max: int = 209_715_200
    """Of a file that somebody loads on the pages."""
    body_timeout_s: float = 30.0
    token_rate: float = 0.0
    """Points that a token may spend each second; 0: any number."""
    link_rate: float = 0.0
    """The same for a link."""
    wrong_tokens_rate: float = 0.0
    """Wrong tokens that an address may send each second; 0: any number."""
    wrong_passwords_rate: float = 0.0
    """Wrong passwords that may come from an address each second; 0: any number."""
    rate_burst_s: float = 10.0
    """For how many seconds of a rate may be spent at once."""
    in_flight_max: int = 128
    token_in_flight_max: int = 32
    long_polls_max: int = 5_000
    token_long_polls_max: int = 500


def _believed(moment: datetime) -> None:
    """Believe whatever the clock says."""


def _reachable(url: str) -> None:
    """Let every address of a receiver pass."""
    del url


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
    check_receiver: Callable[[str], None] = _reachable
    """What refuses the address of a webhook to which nothing would be sent."""
    erasure_file: Path | None = None
    """Where erasures are noted; without it none can be made by a page."""
    disk: Path | None = None
    """The folder of a database that is a file: its disk must not become full."""
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
    watchers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))

    @property
    def has_others(self) -> bool:
        """Whether there may be other hubs, which share the database and no folder."""
        return self.agreed_clock is not None

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
        if self.has_others:
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
    def uses(self) -> Uses:
        """What was asked since the audit log was written last."""
        return Uses(self.key)

    @cached_property
    def vigil(self) -> Vigil:
        """What looks for all requests that wait for changes."""
        return Vigil(self.database)

    @cached_property
    def indexes(self) -> Indexes:
        """What makes any page of any filter quick."""
        return Indexes(self.database)

    @cached_property
    def rates(self) -> Rates:
        """What tokens and links have spent lately."""
        return Rates()

    @cached_property
    def strangers(self) -> Strangers:
        """From where wrong tokens came lately."""
        return Strangers(self.limits.wrong_tokens_rate, self.limits.rate_burst_s)

    @cached_property
    def tries(self) -> Rates:
        """From where wrong passwords came lately."""
        return Rates()

    @cached_property
    def crowd(self) -> Crowd:
        """The requests that are open."""
        limits = self.limits
        return Crowd(
            Room(
                limits.in_flight_max,
                limits.token_in_flight_max,
                limits.long_polls_max,
                limits.token_long_polls_max,
            )
        )

    @cached_property
    def _threads(self) -> CapacityLimiter:
        return CapacityLimiter(READERS_MAX + PEOPLE_MAX)

    @cached_property
    def _turns(self) -> Turns:
        return Turns(READERS_MAX, READERS_OF_ONE_MAX)

    @cached_property
    def _turns_of_people(self) -> Turns:
        return Turns(PEOPLE_MAX, PEOPLE_MAX)

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

    async def read(
        self, job: Callable[[Connection], T], patience_s: float = QUEUE_S
    ) -> T:
        """Run a read that may take long in a thread, in one transaction.

        Raises:
            Overloaded: too many others are read for.
        """
        return await self.apart(partial(self.database.read, job), patience_s)

    async def apart(self, work: Callable[[], T], patience_s: float = QUEUE_S) -> T:
        """Do what may take long in a thread, once it is this reader's turn.

        Raises:
            Overloaded: that does not come within `patience_s`.
        """
        key, turns = ASKING.get(), self._turns
        if key is None:
            turns, patience_s = self._turns_of_people, PATIENCE_S
        async with turns.turn(key, patience_s):
            return await to_thread.run_sync(work, limiter=self._threads)

    async def watch(
        self, job: Callable[[Connection], T], patience_s: float
    ) -> T | None:
        """Run a read for who watches the hub, of the primary; `None`: it takes longer.

        One at a time, and never in the place of a reader.
        """

        def read() -> T:
            with self.database.reading() as connection:
                return job(connection)

        with move_on_after(patience_s):
            return await to_thread.run_sync(
                read, abandon_on_cancel=True, limiter=self.watchers
            )
        return None

    async def look_up(self, job: Callable[[Connection], T]) -> T:
        """Run a read of a few rows in one transaction: at once, where it cannot wait.

        A thread costs more than such a read of a file takes; a server that is slow
        to answer must not hold up the requests that have no need of it.
        """
        if self.database.is_remote:
            return await self.read(job)
        return self.database.read(job)
