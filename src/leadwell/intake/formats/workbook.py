"""What a workbook unpacks to, looked at before it is held in memory.

The library that reads workbooks lays a sheet out as a grid up to its last cell. One
stray or damaged cell at XFD1048576 would be 17 thousand million cells, and an
allocation of that size ends the process: it is no exception that could be caught.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from leadwell.errors import UnreadableFile

# The library holds a sheet at about its unpacked size.
UNPACKED_BYTES_MAX = 1 << 30

# All rows a sheet may have, 30 columns wide; about 1 GiB.
GRID_CELLS_MAX = 1 << 25

_ROWS_MAX = 1 << 20
_COLUMNS_MAX = 1 << 14

_CHUNK_BYTES = 1 << 20

# The place of a cell (`B2`) or a row (`2`): text cannot hold a `<`, so tags only.
_TAG = re.compile(rb"""<(?:\w+:)?(?:c|row)\s(?:[^<>]*?\s)?r\s*=\s*["']([^<>"']*)["']""")
# The form that nearly every program writes, found faster.
_USUAL_TAG = re.compile(rb"""<(?:c|row) r="([A-Z]{0,3}\d{1,7})\"""")
_PLACE = re.compile(rb"([A-Z]{0,3})(\d{1,7})")
_STARTS = tuple(
    start + name + space
    for start in (b"<", b":")
    for name in (b"c", b"row")
    for space in (b" ", b"\t", b"\r", b"\n")
)
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)


def check(path: Path) -> None:
    """Make sure that a workbook can be held in memory.

    Raises:
        UnreadableFile: it unpacks to too much, is too wide and long, or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_parts(path, archive)
    except _DAMAGED as error:
        raise damaged(path, str(error)) from None


def _check_parts(path: Path, archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    _check_size(path, sum(entry.file_size for entry in entries))
    for entry in entries:
        if not entry.filename.endswith("sharedStrings.xml"):
            _check_grid(path, archive, entry)


def damaged(path: Path, problem: str) -> UnreadableFile:
    """Make the error for a workbook that cannot be read."""
    return UnreadableFile(
        f"{path.name} is a damaged workbook: {problem}",
        hint="open it in a spreadsheet program and save it again, as XLSX or CSV",
    )


def _check_size(path: Path, unpacked: int) -> None:
    if unpacked > UNPACKED_BYTES_MAX:
        raise UnreadableFile(
            f"{path.name} unpacks to {unpacked >> 20:,} MiB, more than "
            f"{UNPACKED_BYTES_MAX >> 20:,}",
            hint="save the sheet as CSV: a CSV file may be of any size",
        )


def _check_grid(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    rows, columns = _extent(path, archive, part)
    if rows > _ROWS_MAX or columns > _COLUMNS_MAX:
        raise damaged(path, "a cell lies outside of what a sheet can hold")
    if rows * columns > GRID_CELLS_MAX:
        raise UnreadableFile(
            f"{path.name} has a sheet that reaches to row {rows:,} and column "
            f"{columns:,}, more cells than can be held",
            hint="delete the stray cells far from the table, or save it as CSV",
        )


def _extent(
    path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo
) -> tuple[int, int]:
    last_row, letters = 0, {b"A"}
    for tag in _all_tags(archive, part):
        place = _PLACE.fullmatch(tag)
        if place is None:
            raise damaged(path, "a cell has a place that is none")
        letters.add(place[1])
        last_row = max(last_row, int(place[2]))
    return last_row, max(map(_column_number, letters))


def _all_tags(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    rest = b""
    with archive.open(part) as unpacked:
        while chunk := unpacked.read(_CHUNK_BYTES):
            text = rest + chunk
            whole = text.rfind(b">") + 1
            text, rest = text[:whole], text[whole:][-_CHUNK_BYTES:]
            yield from _tags(text)


def _tags(text: bytes) -> frozenset[bytes]:
    usual = _USUAL_TAG.findall(text)
    named = sum(map(text.count, _STARTS))
    return frozenset(usual if len(usual) == named else _TAG.findall(text))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number
