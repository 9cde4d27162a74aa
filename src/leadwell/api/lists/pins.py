"""Pins: which leads a run of page numbers is about, fixed when it began.

Who reads `page=1, 2, 3 …` while others write would miss leads, or meet them twice,
were the pages cut anew each time. A pin keeps the ids of the first page's moment for
ten idle minutes, in files that all processes of a hub share. It holds nothing but
numbers, is never synced, and may be lost: then the reader is told.
"""

import hashlib
import os
import secrets
import time
from array import array
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Protocol

import msgspec
import structlog
from pyroaring import BitMap

from leadwell.index.index import bytes_of
from leadwell.model.cursor import DIGEST_BYTES
from leadwell.store.connection import Connection

IDLE_S = 600
BYTES_MAX = 256 * 2**20
"""Of all pins together; the one used longest ago goes first."""
SWEPT_EVERY = 64
"""How many new pins are made between two looks at how many there are."""
TOUCHED_EVERY_S = 30
HELD_BYTES_MAX = 64 * 2**20
"""Of the pins that a process keeps read; the one read longest ago goes first."""
RUNS_HELD_MAX = 1_024
"""Runs of which a process remembers the pin."""
_BESIDE_BYTES = 1_000
"""What a pin takes in memory besides its slots."""
_NAME_DIGITS = 32
_log = structlog.get_logger("leadwell.pins")

Slots = BitMap | Sequence[int]


class _Stored(msgspec.Struct, array_like=True):
    owner: bytes
    seq: int
    epoch: bytes
    watermark: int
    schema: bytes
    ids: bytes
    is_sorted: bool


@dataclass(frozen=True, slots=True)
class Pin:
    """One run of pages: its slots, and the moment at which it began."""

    owner: bytes
    """A digest of the token, campaign and question that it belongs to."""
    slots: Slots
    seq: int
    epoch: bytes
    watermark: int
    schema: bytes

    def __post_init__(self) -> None:
        """Keep a list of ids as the numbers alone, which take a tenth of it."""
        if not isinstance(self.slots, BitMap | array):
            object.__setattr__(self, "slots", array("I", self.slots))

    @property
    def size_bytes(self) -> int:
        """How much memory it takes."""
        if isinstance(self.slots, BitMap):
            return _BESIDE_BYTES + bytes_of(self.slots)
        return _BESIDE_BYTES + 4 * len(self.slots)

    def window(self, start: int, count: int) -> list[int]:
        """Return the ids that stand in the slots of one page."""
        return list(self.slots[start : start + count])


class _Held(NamedTuple):
    """A pin that is kept read, and when its file was touched."""

    touched_at: float
    pin: Pin
    size_bytes: int


class Shelf(Protocol):
    """Where the pins of a campaign are kept, for one request."""

    def name(self, *parts: object) -> str:
        """Name a pin by all that decides its slots."""
        ...

    def find(self, name: str, owner: bytes) -> Pin | None:
        """Return the owner's pin, and let it live on; `None` when it is lost."""
        ...

    def keep(self, name: str, pin: Pin) -> bool:
        """Keep a pin, and begin the owner's run with it; `False`: it cannot be kept."""
        ...

    def of_run(self, owner: bytes) -> str | None:
        """Return the name of the pin of the owner's latest run."""
        ...


class Shelves(Protocol):
    """Where a hub keeps the pins of all campaigns."""

    def at(self, connection: Connection, campaign_id: int) -> Shelf:
        """Return the pins of a campaign, for who reads through this connection."""
        ...

    def sweep(self) -> None:
        """Let go of what was not used for long, and of the oldest beyond the bound."""
        ...


class Memory:
    """The pins that a process keeps read, within a bound. Any thread may ask."""

    def __init__(self) -> None:
        """Keep none yet."""
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._held_bytes = 0
        self._lock = Lock()

    def name(self, *parts: object) -> str:
        """Name a pin by all that decides its slots, so that it is made once."""
        data = repr(parts).encode("utf-8", "surrogatepass")
        return hashlib.sha256(data).hexdigest()[:_NAME_DIGITS]

    def _hold(self, name: str, now: float, pin: Pin) -> None:
        held = _Held(now, pin, pin.size_bytes)
        with self._lock:
            if name in self._held:
                self._held_bytes -= self._held.pop(name).size_bytes
            self._held[name] = held
            self._held_bytes += held.size_bytes
            while self._held_bytes > HELD_BYTES_MAX:
                _, oldest = self._held.popitem(last=False)
                self._held_bytes -= oldest.size_bytes

    def _let_go(self, name: str) -> None:
        with self._lock:
            if name in self._held:
                self._held_bytes -= self._held.pop(name).size_bytes


class Pins(Memory):
    """The pins of a hub, in a folder of files. Any thread may ask."""

    def __init__(self, folder: Path) -> None:
        """Keep pins in a folder; it is made when it is needed."""
        super().__init__()
        self._folder = str(folder)
        self._runs: OrderedDict[bytes, tuple[int, str]] = OrderedDict()
        self._made = 0

    def at(self, connection: Connection, campaign_id: int) -> "Shelf":
        """Return these pins: the folder is the same for every campaign."""
        del connection, campaign_id
        return self

    def find(self, name: str, owner: bytes) -> Pin | None:
        """Return the owner's pin, and let it live on; `None` when it is lost."""
        held = self._held.get(name)
        path = self._path(name)
        now = time.time()
        pin = None if held is None else held.pin
        if held is None or now - held.touched_at > TOUCHED_EVERY_S:
            pin = pin or _read(path)
            if pin is None or not _touched(path, now):
                self._let_go(name)
                return None
            # The run too goes on for as long as its pages are asked for.
            with suppress(OSError):
                os.utime(self._run(pin.owner), (now, now))
            self._hold(name, now, pin)
        return pin if pin is not None and pin.owner == owner else None

    def keep(self, name: str, pin: Pin) -> bool:
        """Keep a pin, and begin the owner's run with it; `False` if the disk refuses.

        A page is answered all the same: its reader is only not told of a pin.
        """
        try:
            self._keep(name, pin)
        except OSError as error:
            _log.warning("pins cannot be kept", reason=error.strerror)
            return False
        return True

    def _keep(self, name: str, pin: Pin) -> None:
        if not _touched(self._path(name), time.time()):
            self._write(self._path(name), packed(pin))
            self._made += 1
            if self._made % SWEPT_EVERY == 0:
                self.sweep()
        self._hold(name, time.time(), pin)
        run = self._run(pin.owner)
        with suppress(OSError):
            if _text(run) == name:
                os.utime(run)
                return
        self._write(run, name.encode())

    def of_run(self, owner: bytes) -> str | None:
        """Return the name of the pin of the owner's latest run."""
        path = self._run(owner)
        try:
            changed_at = os.stat(path).st_mtime_ns  # noqa: PTH116 - see _path
            held = self._runs.get(owner)
            if held is None or held[0] != changed_at:
                held = (changed_at, _text(path))
        except OSError:
            return None
        with self._lock:
            self._runs[owner] = held
            self._runs.move_to_end(owner)
            if len(self._runs) > RUNS_HELD_MAX:
                self._runs.popitem(last=False)
        return held[1]

    def sweep(self) -> None:
        """Let go of what was not used for long, and of the oldest beyond the bound."""
        total = 0
        for used_at, size, path in sorted(self._files(), reverse=True):
            total += size
            if total > BYTES_MAX or time.time() - used_at > IDLE_S:
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        with suppress(FileNotFoundError), os.scandir(self._folder) as found:
            for entry in found:
                with suppress(FileNotFoundError):
                    known = entry.stat()
                    yield known.st_mtime, known.st_size, Path(entry.path)

    def _run(self, owner: bytes) -> str:
        return self._path(f"run-{owner.hex()}")

    def _path(self, name: str) -> str:
        # Of texts: on the way of every page, and Path takes ten times as long.
        return f"{self._folder}{os.sep}{name}"

    def _write(self, path: str, data: bytes) -> None:
        draft = Path(self._path(f"draft-{secrets.token_hex(8)}"))
        try:
            draft.write_bytes(data)
        except FileNotFoundError:
            draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(data)
        # Whole or not at all: another process may be reading.
        draft.replace(path)


def owner_of(*parts: object) -> bytes:
    """Return the digest of a token, its campaign and its question."""
    data = repr(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).digest()[:DIGEST_BYTES]


def packed(pin: Pin) -> bytes:
    """Write a pin as bytes."""
    is_sorted = isinstance(pin.slots, BitMap)
    ids = (
        pin.slots.serialize()
        if isinstance(pin.slots, BitMap)
        else (array("I", pin.slots).tobytes())
    )
    moment = (pin.seq, pin.epoch, pin.watermark, pin.schema)
    stored = _Stored(pin.owner, *moment, ids, is_sorted)
    return msgspec.msgpack.encode(stored)


def _read(path: str) -> Pin | None:
    try:
        return unpacked(Path(path).read_bytes())
    except OSError:
        return None


def unpacked(data: bytes) -> Pin | None:
    """Read a pin; `None`: these bytes are none."""
    try:
        stored = msgspec.msgpack.decode(data, type=_Stored)
    except msgspec.MsgspecError:
        return None
    slots: Slots
    if stored.is_sorted:
        slots = BitMap.deserialize(stored.ids)
    else:
        slots = array("I", stored.ids)
    moment = (stored.seq, stored.epoch, stored.watermark, stored.schema)
    return Pin(stored.owner, slots, *moment)


def _text(path: str) -> str:
    return Path(path).read_text("ascii")


def _touched(path: str, now: float) -> bool:
    """Note that a pin is used; `False` when it is gone or was idle for too long."""
    try:
        if now - os.stat(path).st_mtime > IDLE_S:  # noqa: PTH116
            return False
        os.utime(path, (now, now))
    except OSError:
        return False
    return True
