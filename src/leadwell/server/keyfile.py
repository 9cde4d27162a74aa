"""The file of the instance key: one line for each generation that counts.

A line reads `2 2026-11-29T18:30:00.000000Z 5f1d…`: the number, from when on it is the
one in use, and 64 hexadecimal digits. The first generation of all may stand there by
its digits alone, as releases wrote it that knew no other.
"""

import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from leadwell.errors import MalformedValue, Refused
from leadwell.model.keyring import FIRST, Generation
from leadwell.schema.times import from_microseconds, microseconds, show
from leadwell.schema.times import read as read_time
from leadwell.store.engines.files import sync

KEY_BYTES = 32
_ALONE = re.compile(r"[0-9a-fA-F\s]+")
_LINE = re.compile(r"([1-9][0-9]{0,3}) (\S+) ([0-9a-fA-F]+)")


def read(path: Path) -> list[Generation]:
    """Return the generations in the file, as they stand there.

    Raises:
        Refused: it cannot be read, or a line of it is none.
    """
    try:
        text = path.read_text("ascii").strip()
        found = (
            [Generation(FIRST, bytes.fromhex(text))] if _ALONE.fullmatch(text) else []
        )
        found = found or [_generation(line) for line in text.splitlines()]
    except (OSError, ValueError, MalformedValue) as error:
        raise Refused(
            f"the key file {path} cannot be used: {error}",
            hint="restore it from your backup; without it every token is void",
        ) from None
    if any(len(each.secret) < KEY_BYTES for each in found):
        raise Refused(
            f"the key file {path} is too short", hint="it holds 64 hexadecimal digits"
        )
    if not found or len({each.number for each in found}) < len(found):
        raise Refused(
            f"the key file {path} holds a generation twice, or none",
            hint="restore it from your backup; without it every token is void",
        )
    return found


def make(path: Path) -> None:
    """Write a file with a first generation, unless another process is first."""
    draft = _draft(path, secrets.token_bytes(KEY_BYTES).hex() + "\n")
    try:
        # A link never replaces a key that another process has made meanwhile.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    # The name too has to survive a power cut: without the key every token is void.
    sync(path.parent)


def write(path: Path, generations: Sequence[Generation]) -> None:
    """Write these generations in the place of what the file holds; all or nothing.

    Raises:
        Refused: the folder cannot be written to.
    """
    try:
        draft = _draft(path, "".join(_line(each) for each in generations))
        draft.replace(path)
        sync(path.parent)
    except OSError as error:
        raise Refused(
            f"the key file {path} cannot be written: {error.strerror}",
            hint="run this as the user who owns the file and its folder",
        ) from None


def new(number: int, since: int) -> Generation:
    """Make a generation that comes into use at a moment, in microseconds since 1970."""
    return Generation(number, secrets.token_bytes(KEY_BYTES), since)


def _draft(path: Path, text: str) -> Path:
    # Only the owner may read it, from the first moment on.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _line(each: Generation) -> str:
    return f"{each.number} {show(from_microseconds(each.since))} {each.secret.hex()}\n"


def _generation(line: str) -> Generation:
    shape = _LINE.fullmatch(line.strip())
    # What stands there is a secret, and is not repeated.
    if shape is None:
        raise ValueError("a line of it is no generation of a key")
    return Generation(
        int(shape[1]), bytes.fromhex(shape[3]), microseconds(read_time(shape[2]))
    )
