"""Exports that are one file: made whole on the disk, and sent from there.

A workbook cannot be sent before its last row is known. The leads are read in the same
short transactions as those of any export; nothing blocks the loop or grows in memory.
"""

import errno
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import IO

from anyio import to_thread

from leadwell.errors import MalformedValue, Unavailable
from leadwell.sheets.table import Column, Row, Sheet, Words

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
_PIECE_BYTES = 65_536
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def kind_of(name: str, leads: int) -> type[Sheet]:
    """Return what writes a file of so many leads.

    Raises:
        TooMany: it does not hold so many.
        MalformedValue: what writes it is not installed at this hub.
    """
    try:
        # What they are written with is there with leadwell[sync] only.
        if name == "xlsx":
            from leadwell.sheets import xlsx  # noqa: PLC0415

            xlsx.refuse_beyond(leads)
            return xlsx.Workbook
        from leadwell.sheets import parquet  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MalformedValue(
            f"this hub cannot write {name}: {error.name} is not installed there",
            hint="pip install 'leadwell[server,sync]' at the hub, or ask for csv",
        ) from None
    return parquet.Parquet


async def made(
    kind: type[Sheet],
    columns: Sequence[Column],
    words: Sequence[Words],
    read: AsyncIterator[Callable[[], list[Row]]],
) -> IO[bytes]:
    """Write a file of what is read, and open it; its name is gone already.

    Args:
        read: chunks of leads, each as what makes rows of them, in a thread

    Raises:
        Unavailable: there is no room for it.
    """
    folder = await to_thread.run_sync(
        lambda: tempfile.TemporaryDirectory(prefix="leadwell-export-")
    )
    path = Path(folder.name) / "leads"
    sheet: Sheet | None = None
    try:
        sheet = await to_thread.run_sync(kind, path, columns, words)
        async for rows in read:
            await to_thread.run_sync(_add, sheet, rows)
        await to_thread.run_sync(sheet.close)
        return path.open("rb")
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise Unavailable(
            "the hub has no room for the file", hint="try later, or ask for csv"
        ) from error
    finally:
        if sheet is not None:
            sheet.discard()
        folder.cleanup()


async def pieces(opened: IO[bytes]) -> AsyncIterator[bytes]:
    """Read a file to its end, and close it."""
    try:
        while piece := await to_thread.run_sync(opened.read, _PIECE_BYTES):
            yield piece
    finally:
        opened.close()


def _add(sheet: Sheet, rows: Callable[[], list[Row]]) -> None:
    sheet.add(rows())
