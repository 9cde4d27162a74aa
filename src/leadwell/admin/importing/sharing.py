"""Files on their way between the hubs of one database: put there, and brought here."""

import os
import secrets
from collections.abc import Generator
from contextlib import suppress
from functools import partial
from pathlib import Path

from leadwell.api.hub import Hub
from leadwell.store.uploads import shared

UNFINISHED = ".part"


def put(hub: Hub, campaign_id: int, path: Path) -> None:
    """Keep a file where all hubs reach it, under its own name; nothing with one hub.

    Raises:
        Unavailable: the database cannot be reached, or has no room.
    """
    if not hub.has_others:
        return
    write = partial(_write, hub, campaign_id, path.name)
    with path.open("rb") as file:
        number = 0
        while data := file.read(shared.PART_BYTES):
            write(number, data)
            number += 1
    # The end: what was broken off before it is no file.
    write(number, b"")


def bring(hub: Hub, campaign_id: int, path: Path) -> bool:
    """Bring a file that another hub has taken; `False`: it is nowhere, or not whole."""
    if not is_there(hub, campaign_id, path.name):
        return False
    path.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}{UNFINISHED}")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            for data in parts(hub, campaign_id, path.name):
                file.write(data)
        # Several may bring it at once; each of them has the whole.
        unfinished.replace(path)
    except LookupError:
        return False
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
    return True


def parts(hub: Hub, campaign_id: int, name: str) -> Generator[bytes]:
    """Read a file part by part.

    Raises:
        LookupError: it was let go of meanwhile.
    """
    number = 0
    while data := _read(hub, campaign_id, name, number):
        yield data
        number += 1


def is_there(hub: Hub, campaign_id: int, name: str) -> bool:
    """Whether all of a file is where all hubs reach it."""
    return hub.database.read(lambda c: shared.is_whole(c, campaign_id, name))


def let_go(hub: Hub, campaign_id: int, name: str) -> None:
    """Let go of a file, here and for all."""
    job = partial(shared.let_go, campaign_id=campaign_id, upload=name)
    hub.database.write(job).result()


def _write(hub: Hub, campaign_id: int, name: str, number: int, data: bytes) -> None:
    hub.database.write(
        lambda c: shared.add(c, campaign_id, name, number, data), is_repeatable=True
    ).result()


def _read(hub: Hub, campaign_id: int, name: str, number: int) -> bytes:
    data = hub.database.read(lambda c: shared.find(c, campaign_id, name, number))
    if data is None:
        raise LookupError(name)
    return data
