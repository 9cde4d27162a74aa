"""Folders for leads that have to stand on the disk for a while.

Who is killed leaves his behind, with leads in it; whoever makes one next in the same
place removes it. A lock tells those apart from the folders of runs that live.
"""

import glob
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from leadwell.sync.locking import is_taken

PREFIX = "leadwell-leads-"
LOCK = "lock"


class Scratch:
    """A folder that nobody else can read, removed when it is closed."""

    def __init__(self, parent: Path | None = None, prefix: str = PREFIX) -> None:
        """Make it, and remove what killed runs have left there.

        Args:
            parent: where; `None`: in the folder for temporary files
            prefix: what its name begins with
        """
        place = parent or Path(tempfile.gettempdir())
        _remove_abandoned(place, prefix)
        self.path, self._lock = _made(place, prefix)

    def close(self) -> None:
        """Remove it."""
        # First, as Windows removes no open file.
        os.close(self._lock)
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _made(place: Path, prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        opened = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        # Before it was locked, another run may have taken it for abandoned.
        if not is_taken(opened) and (folder / LOCK).exists():
            return folder, opened
        os.close(opened)


def _remove_abandoned(place: Path, prefix: str) -> None:
    for lock in place.glob(f"{glob.escape(prefix)}*/{LOCK}"):
        # It is another user's, or somebody was faster.
        with suppress(OSError), lock.open("r+b") as opened:
            if not is_taken(opened.fileno()):
                shutil.rmtree(lock.parent, ignore_errors=True)
