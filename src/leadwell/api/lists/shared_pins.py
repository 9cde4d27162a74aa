"""Pins in the database, where every hub of it finds them (ADR 0026)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from leadwell.api.lists.pins import (
    BYTES_MAX,
    IDLE_S,
    TOUCHED_EVERY_S,
    Memory,
    Pin,
    packed,
    unpacked,
)
from leadwell.errors import LeadwellError
from leadwell.store.connection import Connection, Database
from leadwell.store.hubs import pins

_SECOND_US = 1_000_000
_log = structlog.get_logger("leadwell.pins")


class SharedPins(Memory):
    """The pins of all hubs of a database. Any thread may ask."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        """Keep pins in a database; the clock is what its hubs agree on."""
        super().__init__()
        self._database = database
        self._clock = clock

    def at(self, connection: Connection, campaign_id: int) -> "Board":
        """Return the pins of a campaign, for who reads through this connection."""
        return Board(self, connection, campaign_id)

    def sweep(self) -> None:
        """Let go of what was not used for long, and of the oldest beyond the bound."""
        until = self._clock() - IDLE_S * _SECOND_US
        job = partial(pins.too_old, until=until, bytes_max=BYTES_MAX)
        found = self._database.read(job)
        # A transaction is of one campaign.
        for old in found:
            self._database.write(partial(pins.let_go, old=old)).result()

    def find(self, connection: Connection, campaign_id: int, name: str) -> Pin | None:
        """Return a pin, and let it live on; `None` when it is lost."""
        key, now = f"{campaign_id} {name}", time.monotonic()
        held = self._held.get(key)
        if held is not None and now - held.touched_at <= TOUCHED_EVERY_S:
            return held.pin
        found = self.read(connection, campaign_id, name)
        pin = None if found is None else unpacked(found)
        if pin is None:
            self._let_go(key)
            return None
        self._hold(key, now, pin)
        # The run too goes on for as long as its pages are asked for.
        names = (name, run_of(pin.owner))
        self._database.write(partial(pins.touch, campaign_id=campaign_id, names=names))
        return pin

    def read(
        self, connection: Connection, campaign_id: int, name: str, idle_s: int = IDLE_S
    ) -> bytes | None:
        """Return what is kept under a name, if it was used within so many seconds."""
        found = pins.find(connection, campaign_id, name)
        if found is None or self._clock() - found[0] > idle_s * _SECOND_US:
            return None
        return found[1]

    def keep(self, campaign_id: int, name: str, pin: Pin, run: str) -> bool:
        """Keep a pin and begin a run with it; `False`: the database cannot."""

        def job(connection: Connection) -> None:
            pins.keep(connection, campaign_id, name, packed(pin))
            pins.keep(connection, campaign_id, run, name.encode())

        try:
            self._database.write(job).result()
        except LeadwellError as error:
            _log.warning("pins cannot be kept", reason=error.detail)
            return False
        self._hold(f"{campaign_id} {name}", time.monotonic(), pin)
        return True


@dataclass(frozen=True, slots=True)
class Board:
    """The pins of one campaign, at the moment that one request reads."""

    shared: SharedPins
    connection: Connection
    campaign_id: int

    def name(self, *parts: object) -> str:
        """Name a pin by all that decides its slots, so that it is made once."""
        return self.shared.name(*parts)

    def find(self, name: str, owner: bytes) -> Pin | None:
        """Return the owner's pin, and let it live on; `None` when it is lost."""
        pin = self.shared.find(self.connection, self.campaign_id, name)
        return pin if pin is not None and pin.owner == owner else None

    def keep(self, name: str, pin: Pin) -> bool:
        """Keep a pin, and begin the owner's run with it; `False`: it cannot be kept.

        Who asks for page 1 again and again begins one run, and writes nothing.
        """
        run = run_of(pin.owner)
        latest = self.shared.read(
            self.connection, self.campaign_id, run, TOUCHED_EVERY_S
        )
        if latest == name.encode() and self.find(name, pin.owner) is not None:
            return True
        return self.shared.keep(self.campaign_id, name, pin, run)

    def of_run(self, owner: bytes) -> str | None:
        """Return the name of the pin of the owner's latest run."""
        found = self.shared.read(self.connection, self.campaign_id, run_of(owner))
        return None if found is None else found.decode()


def run_of(owner: bytes) -> str:
    """Name what tells the pin of an owner's latest run."""
    return f"run-{owner.hex()}"
