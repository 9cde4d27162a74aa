"""Copies of a SQLite database: made while it is written, and put back."""

import os
from pathlib import Path

import apsw

from leadwell.errors import Refused

PAGES = 2_000
"""Pages copied at once; writers take their turn in between."""


def copy(source: Path, target: Path) -> None:
    """Copy a database as of one moment; the copy is complete and sound, or not there.

    Raises:
        Refused: the source is missing, the target is there, or the copy is not sound.
    """
    if not source.exists():
        raise Refused(f"there is no database {source}", hint="see --database")
    if target.exists():
        raise Refused(f"there is a file {target} already", hint="choose another name")
    draft = target.with_name(f"{target.name}.part")
    draft.unlink(missing_ok=True)
    try:
        _copied(source, draft)
        draft.replace(target)
        _sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def put_back(backup: Path, path: Path) -> Path | None:
    """Put a backup in the place of a database; return where the old one is kept.

    Raises:
        Refused: the backup is missing or not sound; the database stays as it was.
    """
    if not backup.exists():
        raise Refused(f"there is no backup {backup}", hint="give the file of one")
    draft = path.with_name(f"{path.name}.part")
    draft.unlink(missing_ok=True)
    _copied(backup, draft)
    aside = _put_aside(path) if path.exists() else None
    draft.replace(path)
    _sync(path.parent)
    return aside


def _copied(source: Path, target: Path) -> None:
    try:
        read = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
        written = apsw.Connection(str(target))
        written.execute("PRAGMA synchronous = FULL").fetchall()
        with written.backup("main", read, "main") as step:
            while not step.done:
                step.step(PAGES)
        # The copy stands alone: without a WAL beside it, it is one file to carry.
        written.execute("PRAGMA journal_mode = DELETE").fetchall()
        found = written.execute("PRAGMA integrity_check(5)").fetchall()
        written.close()
        read.close()
    except apsw.Error as error:
        raise Refused(
            f"{source} cannot be copied: {type(error).__name__}",
            hint="check that it is a database of Leadwell, and that the disk has room",
        ) from None
    if found != [("ok",)]:
        raise Refused(f"{source} is damaged: {found[0][0]}", hint="use an older backup")
    _sync(target)


def _put_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.before-{number}")).exists():
        number += 1
    # With its WAL, whose newest pages belong to it, and would harm another database.
    for end in ("-wal", "-shm", ""):
        part = path.with_name(path.name + end)
        if part.exists():
            part.replace(aside.with_name(aside.name + end))
    return aside


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
