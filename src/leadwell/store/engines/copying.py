"""Copies of a SQLite database: made while it is written, and put back."""

from contextlib import closing
from pathlib import Path

import apsw

from leadwell.errors import Refused
from leadwell.store.engines.files import sync

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
        sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def put_back(backup: Path, path: Path) -> Path | None:
    """Put a backup in the place of a database; return where the old one is kept.

    Raises:
        Refused: the backup is missing or not sound, or a hub uses the database, which
            stays as it was.
    """
    if not backup.exists():
        raise Refused(f"there is no backup {backup}", hint="give the file of one")
    if path.exists():
        check_unused(path)
    draft = path.with_name(f"{path.name}.part")
    draft.unlink(missing_ok=True)
    _copied(backup, draft)
    aside = _put_aside(path) if path.exists() else None
    draft.replace(path)
    sync(path.parent)
    return aside


def check_unused(path: Path) -> None:
    """Refuse a database that is open: what is written to it later would be lost.

    Raises:
        Refused: a hub or another command has it open.
    """
    try:
        with closing(apsw.Connection(str(path))) as alone:
            # Whoever has it open holds a lock that excludes this one (sqlite.org/wal).
            alone.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
            alone.execute("BEGIN EXCLUSIVE").fetchall()
    except (apsw.BusyError, apsw.LockedError):
        raise Refused(
            f"{path} is in use", hint="stop the hub and every command that uses it"
        ) from None
    except apsw.Error:
        # It is damaged, which may be why a backup is put in its place.
        return


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
    sync(target)


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
