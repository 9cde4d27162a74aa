"""The uploaded files, in a folder that only the hub enters; none stays for long."""

import errno
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path, PurePath
from typing import IO

from leadwell.api.hub import Hub
from leadwell.errors import LeadwellError, Refused, Unavailable, UnreadableFile
from leadwell.model.importing import Job

KEPT_S = 7 * 86_400
"""So long somebody can go on with an import, or mend what it has refused."""
NAME_CHARACTERS_MAX = 100
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_COPIED_BYTES = 1 << 20
_END = re.compile(r"\.[a-z0-9]{1,8}")


def shown_name(given: str) -> str:
    """Shorten what a browser calls a file; its end tells what it is."""
    name = PurePath(given.replace("\\", "/")).name or "file"
    return name if len(name) <= NAME_CHARACTERS_MAX else f"…{name[-99:]}"


def keep(hub: Hub, name: str, content: IO[bytes]) -> str:
    """Keep an uploaded file; return what the hub calls it.

    Raises:
        Unavailable: there is no room for it. Nothing of it is left then.
    """
    folder = _folder(hub)
    sweep(hub)
    end = PurePath(name).suffix.lower()
    kept = secrets.token_hex(16) + (end if _END.fullmatch(end) else "")
    path = folder / kept
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(content, file, _COPIED_BYTES)
    except OSError as error:
        path.unlink(missing_ok=True)
        if error.errno in FULL:
            raise no_room() from error
        raise
    return kept


def no_room() -> Unavailable:
    """Return what is said when the disk is full."""
    return Unavailable(
        "the hub has no room for the file",
        hint="ask who operates it to make room, or load the file in parts",
    )


def path_of(hub: Hub, job: Job) -> Path:
    """Return where the file of an import is.

    Raises:
        UnreadableFile: it is there no more.
    """
    path = hub.uploads / job.file
    is_here = bool(job.file) and path.is_file()
    if not is_here and job.file and hub.agreed_clock is not None:
        raise UnreadableFile(
            f"{job.file_name} is not on this hub: it lies on the one that took it",
            hint="have the proxy send each person to one hub, or choose the file once "
            "more here: rows that are loaded already are passed over",
        )
    if not is_here:
        raise UnreadableFile(
            f"the hub has {job.file_name} no more",
            hint="choose it once more: rows that are loaded already are passed over",
        )
    return path


def errors_of(hub: Hub, job: Job) -> Path:
    """Return where the rows are that an import has refused."""
    return hub.uploads / f"{job.file}.errors.csv"


def said(job: Job, error: LeadwellError) -> str:
    """Return what an error says, with the file's own name for what the hub calls it."""
    if not job.file:
        return error.message
    return error.message.replace(job.file, job.file_name)


def drop(hub: Hub, job: Job, *, with_errors: bool = False) -> None:
    """Let go of a file that is loaded, and of what it has refused if asked."""
    if not job.file:
        return
    (hub.uploads / job.file).unlink(missing_ok=True)
    if with_errors:
        errors_of(hub, job).unlink(missing_ok=True)


def sweep(hub: Hub) -> None:
    """Let go of the files that nobody has gone on with."""
    until = time.time() - KEPT_S
    for path in hub.uploads.iterdir() if _is_own(hub.uploads) else ():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < until:
                path.unlink()


def _folder(hub: Hub) -> Path:
    folder = hub.uploads
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_own(folder):
        # In a place where everybody may write, somebody else was first.
        raise Refused(
            f"the folder {folder} belongs to somebody else",
            hint="remove it, or give the hub another TMPDIR",
        )
    return folder


def _is_own(folder: Path) -> bool:
    return folder.is_dir() and folder.stat().st_uid == os.getuid()
