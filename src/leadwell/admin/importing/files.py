"""The uploaded files, in a folder that only the hub enters; none stays for long.

Where there may be other hubs a file lies in the database as well, and each hub that
goes on with it brings it to its folder first.
"""

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePath
from typing import IO

from leadwell.admin.importing import sharing
from leadwell.api.hub import Hub
from leadwell.errors import LeadwellError, Refused, Unavailable, UnreadableFile
from leadwell.model.importing import Job
from leadwell.store.uploads import shared

KEPT_S = 7 * 86_400
"""So long somebody can go on with an import, or mend what it has refused."""
UNSETTLED_S = 3_600
"""So long a file may be here that is not in the database yet, or not whole."""
ERRORS = ".errors.csv"
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


def share(hub: Hub, job: Job) -> None:
    """Keep the file of an import where all hubs reach it, if there are others.

    Raises:
        Unavailable: the database cannot be reached, or has no room.
    """
    sharing.put(hub, job.campaign_id, hub.uploads / job.file)


def check_there(hub: Hub, job: Job) -> None:
    """Refuse to go on with an import whose file is gone.

    Raises:
        UnreadableFile: it is there no more.
    """
    if not job.file or not (
        (hub.uploads / job.file).is_file()
        or sharing.is_there(hub, job.campaign_id, job.file)
    ):
        raise _gone(job)


def path_of(hub: Hub, job: Job) -> Path:
    """Return where the file of an import is; it may have to be brought here first.

    Raises:
        UnreadableFile: it is there no more.
        Unavailable: there is no room for it here, or the database is away.
    """
    if not job.file:
        raise _gone(job)
    path = _folder(hub) / job.file
    try:
        if path.is_file() or sharing.bring(hub, job.campaign_id, path):
            return path
    except OSError as error:
        if error.errno in FULL:
            raise no_room() from error
        raise
    raise _gone(job)


def _gone(job: Job) -> UnreadableFile:
    return UnreadableFile(
        f"the hub has {job.file_name} no more",
        hint="choose it once more: rows that are loaded already are passed over",
    )


def errors_of(hub: Hub, job: Job) -> Path:
    """Return where the rows are written that an import refuses in this hub."""
    return hub.uploads / f"{job.file}{ERRORS}"


def forget_errors(hub: Hub, job: Job) -> None:
    """Let go of the rows that an earlier run of an import has refused."""
    _let_go(hub, job, errors_of(hub, job))


def share_errors(hub: Hub, job: Job) -> None:
    """Keep what an import has refused where all hubs reach it, if there are others."""
    path = errors_of(hub, job)
    if path.is_file():
        sharing.put(hub, job.campaign_id, path)


def has_errors(hub: Hub, job: Job) -> bool:
    """Whether rows that were refused can be downloaded."""
    path = errors_of(hub, job)
    if hub.has_others:
        # What lies here may be of an earlier run than that of another hub.
        return bool(job.file) and sharing.is_there(hub, job.campaign_id, path.name)
    return path.is_file()


def brought_errors(hub: Hub, job: Job) -> Path | None:
    """Return where the refused rows are in this hub, brought from another one."""
    path = errors_of(hub, job)
    if not job.file or not has_errors(hub, job):
        return None
    if hub.has_others and not sharing.bring(hub, job.campaign_id, path):
        return None
    return path


def errors(hub: Hub, job: Job) -> Iterator[bytes]:
    """Read the rows that were refused, part by part."""
    path = errors_of(hub, job)
    if hub.has_others:
        yield from sharing.parts(hub, job.campaign_id, path.name)
        return
    with path.open("rb") as file:
        while data := file.read(_COPIED_BYTES):
            yield data


def said(job: Job, error: LeadwellError) -> str:
    """Return what an error says, with the file's own name for what the hub calls it."""
    if not job.file:
        return error.message
    return error.message.replace(job.file, job.file_name)


def drop(hub: Hub, job: Job, *, with_errors: bool = False) -> None:
    """Let go of a file that is loaded, and of what it has refused if asked."""
    if not job.file:
        return
    _let_go(hub, job, hub.uploads / job.file)
    if with_errors:
        forget_errors(hub, job)


def _let_go(hub: Hub, job: Job, path: Path) -> None:
    path.unlink(missing_ok=True)
    sharing.let_go(hub, job.campaign_id, path.name)


def sweep(hub: Hub, believed: Callable[[], int | None]) -> None:
    """Let go of the files that nobody has gone on with, or that another hub let go.

    None of them while the clock is not `believed`: to one that was put ahead by a week,
    a file that somebody has just sent is old.
    """
    if not _is_own(hub.uploads):
        return
    now = time.time()
    ages = {path: now - _changed_at(path) for path in hub.uploads.iterdir()}
    gone = {path for path, age_s in ages.items() if age_s > KEPT_S}
    settled = {path for path, age_s in ages.items() if age_s > UNSETTLED_S} - gone
    if settled and hub.has_others:
        with hub.database.reading() as connection:
            names = shared.names(connection)
        known = {*names, *(f"{name}{ERRORS}" for name in names)}
        gone |= {path for path in settled if path.name not in known}
    if not gone or believed() is None:
        return
    for path in gone:
        path.unlink(missing_ok=True)


def forget(hub: Hub) -> None:
    """Let go of the files in the database that nobody has gone on with."""
    with hub.database.reading() as connection:
        found = shared.kept_before(connection, hub.agreed - KEPT_S * 1_000_000)
    for old in found:
        sharing.let_go(hub, old.campaign_id, old.upload)


def _changed_at(path: Path) -> float:
    # Another process of the hub may have let go of it.
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return float("inf")


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
