"""CSV and NDJSON: files that are written whole, from a copy in SQLite beside them.

A file cannot take one lead out of its middle in a transaction. So the leads and the
cursor are kept in `<file>.leadwell`, as safely as in any database, and the file is made
anew from them when they have changed: under another name, brought to the disk, and
put in the place of the old one. Who reads it meets the old one or the new one, whole,
and each is of a moment at which the copy was exact.
"""

import errno
import os
import shutil
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar

from leadwell.sync.batches import Batch, Delivered, Tally
from leadwell.sync.destinations.base import Copy
from leadwell.sync.destinations.meanings import (
    FULL,
    READ_ONLY,
    Meaning,
    meant,
    unknown,
)
from leadwell.sync.destinations.scratch import Scratch
from leadwell.sync.destinations.sqlite import SQLiteCopy, SQLiteFile
from leadwell.sync.destinations.writing import CSV, CSV_EXCEL, NDJSON, Format
from leadwell.sync.errors import (
    ForeignDestination,
)
from leadwell.sync.state import State
from leadwell.sync.table import MARKS, Column, Table, table_of

BESIDE = ".leadwell"
"""What the name of the copy ends with."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of leads, with the copy that it is made from beside it."""

    path: Path
    scheme: ClassVar[str] = ""
    format: ClassVar[Format] = CSV
    follows: ClassVar[bool] = True

    @property
    def text(self) -> str:
        """How the user names it."""
        return f"{self.scheme}:{self.path}"

    @property
    def journal(self) -> SQLiteFile:
        """The copy beside it."""
        return SQLiteFile(self.path.with_name(self.path.name + BESIDE))

    def look(self) -> Copy | None:
        """Open the copy to read; `None`: there is neither file nor copy."""
        journal = self.journal.look()
        if journal is not None:
            return FileCopy(self, journal)
        if self.path.exists():
            raise ForeignDestination(
                f"{self.path} is there, and was not made by leadwell sync",
                hint="nothing was touched: name another file",
            )
        return None

    def open(self) -> Copy:
        """Open the copy to write."""
        self.make_room()
        return FileCopy(self, self.journal.open())

    def make_room(self) -> None:
        """Make what the file stands in, if that is part of the copy."""

    def write_beside(self, wanted: Table) -> None:
        """Write what stands beside the file, if anything does."""


class CSVFile(WrittenFile):
    """A CSV file for programs."""

    scheme: ClassVar[str] = "csv"


class ExcelFile(WrittenFile):
    """A CSV file that Excel opens as it is meant, and runs nothing of."""

    scheme: ClassVar[str] = "csv-excel"
    format: ClassVar[Format] = CSV_EXCEL


class NDJSONFile(WrittenFile):
    """A file of one JSON object a line."""

    scheme: ClassVar[str] = "ndjson"
    format: ClassVar[Format] = NDJSON


@dataclass(frozen=True, slots=True)
class Output:
    """Standard output: everything, once; no place is kept to go on from."""

    of: WrittenFile
    scheme: ClassVar[str] = "-"
    follows: ClassVar[bool] = False

    @property
    def text(self) -> str:
        """How the user names it."""
        return f"{self.of.scheme}:-"

    def look(self) -> Copy | None:
        """Find nothing."""
        return None

    def open(self) -> Copy:
        """Keep the copy in a folder that is deleted afterwards."""
        with explained("the folder for temporary files"):
            scratch = Scratch()
        try:
            journal = SQLiteFile(scratch.path / f"leads{BESIDE}").open()
            return FileCopy(self.of, journal, scratch)
        except BaseException:
            # Who is ended here has nobody yet who would close it.
            scratch.close()
            raise


class FileCopy(Copy):
    """A file of leads, and the copy beside it."""

    def __init__(
        self, file: WrittenFile, beside: Copy, scratch: Scratch | None = None
    ) -> None:
        """Take over the copy.

        Args:
            scratch: where it is; then the file is standard output
        """
        assert isinstance(beside, SQLiteCopy)  # noqa: S101 - it is made here
        self._file = file
        self._beside = beside
        self._scratch = scratch

    def state(self) -> State | None:
        """Return where the copy stands."""
        return self._beside.state()

    def keep(self, batch: Batch, step: int | None) -> Tally:
        """Store a batch beside the file."""
        return self._beside.keep(batch, step)

    def held(self) -> Iterator[tuple[int, int]]:
        """Read what the file itself holds."""
        with explained(self._file.text):
            if self._file.path.exists():
                yield from self._file.format.held(self._file.path)

    def stored(self) -> Iterator[tuple[int, int]]:
        """Return id and version of each lead beside the file."""
        return self._beside.stored()

    def known(self, lead_ids: Iterable[int]) -> set[int]:
        """Return which of these leads are there."""
        return self._beside.known(lead_ids)

    def versions(self, lead_ids: Iterable[int]) -> dict[int, int]:
        """Return the version of each of these leads that is there."""
        return self._beside.versions(lead_ids)

    def untold(self) -> set[int]:
        """Return the leads that are there, and were not told since all are told."""
        return self._beside.untold()

    def people(self) -> set[int]:
        """Return the ids of all people whose names are kept."""
        return self._beside.people()

    def has_forgotten(self) -> bool:
        """Whether the file is as new as the copy; until then it has what was erased."""
        state = self._beside.state()
        if state is None or not self._file.path.exists():
            return True
        return self._beside.written() == (self._file.scheme, state.changed_in)

    def settle(self) -> Delivered | None:
        """Make the file anew, if leads have changed since it was made."""
        # Two who write it at once would put an older one over a newer one.
        with self._beside.alone():
            state = self._beside.state()
            if state is None:
                return None
            if self._scratch is not None:
                with explained(self._file.text):
                    self._write(sys.stdout.buffer, state)
                    sys.stdout.buffer.flush()
                return None
            if not state.is_up_to_date:
                # Half of the leads would look like all of them.
                return None
            wanted = (self._file.scheme, state.changed_in)
            if not self._file.path.exists() or self._beside.written() != wanted:
                with explained(self._file.text):
                    self._replace(state)
                self._beside.note_written(*wanted)
        return None

    def close(self) -> None:
        """Let go of the copy."""
        self._beside.close()
        if self._scratch is not None:
            self._scratch.close()

    def _replace(self, state: State) -> None:
        self._file.write_beside(table_of(state.schema))
        path = self._file.path.resolve()
        new = path.with_name(f"{path.name}{BESIDE}-new")
        try:
            with _made(new, path) as opened:
                self._write(opened, state)
                opened.flush()
                os.fsync(opened.fileno())
            new.replace(path)
        finally:
            # On a full disk it would hold the room that is missing.
            new.unlink(missing_ok=True)
        shutil.copymode(path, self._file.journal.path)
        _bring_to_disk(path.parent)

    def _write(self, opened: IO[bytes], state: State) -> None:
        form, wanted = self._file.format, table_of(state.schema)
        columns = form.columns(wanted.columns + _marks(state))
        rows = self._beside.leads([column.name for column in columns])
        form.write(opened, columns, rows, wanted)


def _made(new: Path, path: Path) -> IO[bytes]:
    """Make a file that those may read, from the first byte on, who may read another."""
    new.unlink(missing_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666
    return os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")


def _marks(state: State) -> tuple[Column, ...]:
    return MARKS if state.keeps_removed else ()


def _bring_to_disk(folder: Path) -> None:
    """Make a new name in a folder outlive a power cut, where folders can be synced."""
    if os.name == "posix":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


@contextmanager
def explained(text: str) -> "Generator[None]":
    """Say of the errors of files what they mean for the user."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        meaning = _WHAT.get(error.errno or 0, unknown(error.strerror))
        raise meant(text, meaning) from error


_WHAT: dict[int, Meaning] = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: FULL,
    errno.EACCES: READ_ONLY,
    errno.EPERM: READ_ONLY,
    errno.EROFS: READ_ONLY,
}
