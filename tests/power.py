"""A disk that loses power: what was written and not synced is lost, or half of it.

It stands between SQLite and the real files as a VFS. Each file's durable content is
that of its last sync; what was written since waits in a list. At a cut, none, some or
all of the list reach the disk, in any order and torn at the borders of sectors.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Lock

import apsw

SECTOR = 512
"""What a disk writes whole."""
FILES = ("", "-wal")
"""What survives of a database: its shared memory does not."""


@dataclass
class Image:
    """What one file holds for certain, and what was written since its last sync."""

    durable: bytearray
    waiting: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Bytes at an offset; `None`: cut off at that size."""

    def sync(self) -> None:
        for change in self.waiting:
            apply(self.durable, change)
        self.waiting.clear()


def apply(content: bytearray, change: tuple[int, bytes | None]) -> None:
    offset, data = change
    if data is None:
        del content[offset:]
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


class Disk(apsw.VFS):
    """A disk for databases; one at a time, and one cut each time it is `plugged_in`."""

    def __init__(self, name: str, random: Random) -> None:
        self.name = name
        self.random = random
        self.images: dict[str, Image] = {}
        self.is_off = True
        self.calls_left = 0
        self.fails_once = False
        self.syncs = 0
        self.lock = Lock()
        super().__init__(name, "", maxpathname=0)

    def plug_in(self, path: Path, calls: int, *, fails_once: bool = False) -> None:
        """Serve the files as they are, until so many writes and syncs are done.

        Then the power fails; or one call does, and the disk goes on.
        """
        self.images = {
            f"{path}{end}": Image(bytearray(read(Path(f"{path}{end}"))))
            for end in FILES
        }
        self.is_off, self.calls_left, self.fails_once = False, calls, fails_once

    def xOpen(self, name: object, flags: list[int]) -> "File":  # noqa: N802
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        return File(self, name, flags, self.images.get(str(text)))

    def excepthook(self, *fault: object) -> None:
        """Say nothing: that calls fail without power is no news."""

    def count(self) -> None:
        """Take note of a call that changes the disk; the last one fails."""
        if not self.is_off:
            self.calls_left -= 1
            if self.calls_left > 0:
                return
            if self.fails_once:
                self.calls_left = 2**62
            else:
                self.is_off = True
        raise apsw.IOError("the power is off")

    def survivors(self, path: Path) -> None:
        """Write what the cut has left of the files."""
        for name, image in self.images.items():
            for change in self.kept(image):
                apply(image.durable, change)
            Path(name).write_bytes(image.durable)
        Path(f"{path}-shm").unlink(missing_ok=True)

    def kept(self, image: Image) -> list[tuple[int, bytes | None]]:
        """Choose what of the waiting changes had reached the disk."""
        waiting, random = image.waiting, self.random
        how = random.choice(["none", "all", "first", "any", "sectors", "torn"])
        if how == "none":
            return []
        if how == "all":
            return waiting
        if how == "any":
            return [change for change in waiting if random.random() < 0.5]
        if how == "first":
            return waiting[: random.randint(0, len(waiting))]
        if how == "sectors":
            share = random.random()
            sectors = [sector for change in waiting for sector in split(change)]
            return [sector for sector in sectors if random.random() < share]
        end = random.randint(0, len(waiting))
        last = [sector for change in waiting[end : end + 1] for sector in split(change)]
        return waiting[:end] + last[: random.randint(0, len(last))]


def split(change: tuple[int, bytes | None]) -> list[tuple[int, bytes | None]]:
    """Cut a change at the borders of sectors."""
    offset, data = change
    if data is None:
        return [change]
    parts: list[tuple[int, bytes | None]] = []
    while data:
        size = SECTOR - offset % SECTOR
        parts.append((offset, data[:size]))
        offset, data = offset + len(data[:size]), data[size:]
    return parts


class File(apsw.VFSFile):
    """A file on the disk; one without a name is of no interest to a cut."""

    def __init__(
        self, disk: Disk, name: object, flags: list[int], image: Image | None
    ) -> None:
        self.disk = disk
        self.image = image
        super().__init__("", name, flags)

    def excepthook(self, *fault: object) -> None:
        """Say nothing."""

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        with self.disk.lock:
            if self.image is not None:
                self.disk.count()
                self.image.waiting.append((offset, bytes(data)))
            super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        with self.disk.lock:
            if self.image is not None:
                self.disk.count()
                self.image.waiting.append((size, None))
            super().xTruncate(size)

    def xSync(self, flags: int) -> None:  # noqa: N802
        # The real disk need not be asked: this one says what is durable.
        with self.disk.lock:
            if self.image is not None:
                self.disk.count()
                self.disk.syncs += 1
                self.image.sync()


def read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def copy(path: Path, to: Path) -> None:
    """Copy a database and what belongs to it."""
    for end in FILES:
        if Path(f"{path}{end}").exists():
            shutil.copyfile(f"{path}{end}", f"{to}{end}")
        else:
            Path(f"{to}{end}").unlink(missing_ok=True)
    Path(f"{to}-shm").unlink(missing_ok=True)
