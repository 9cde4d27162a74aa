"""The instance key: in a file, and the same for all hubs of one database."""

import hmac
import os
import secrets
from functools import partial
from pathlib import Path

from leadwell.errors import Refused
from leadwell.server.opening import key_path
from leadwell.settings import Settings
from leadwell.store.connection import Database
from leadwell.store.engines.files import sync
from leadwell.store.hubs import instance

KEY_BYTES = 32
_FINGERPRINT_BYTES = 16


def agreed(settings: Settings, database: Database) -> bytes:
    """Return the key, which is that of every hub of a database that hubs can share.

    The database keeps a fingerprint of the first one's, from which nobody can tell the
    key. A database that is a file has its key beside it.

    Raises:
        Refused: this hub has another key, or none while others have one.
    """
    if not database.is_remote:
        return instance_key(settings)
    with database.reading() as connection:
        kept = instance.find(connection, instance.KEY)
    path = key_path(settings)
    if kept is not None and not path.exists():
        raise Refused(
            f"there is no key file {path}, and {database.address} has a key already",
            hint="copy the file of a hub that runs, or name it with LEADWELL_KEY_FILE",
        )
    key = instance_key(settings)
    own = hmac.digest(key, b"fingerprint", "sha256")[:_FINGERPRINT_BYTES]
    if kept is None:
        note = partial(instance.note, name=instance.KEY, value=own)
        kept = database.write(note).result()
    if kept != own:
        raise Refused(
            f"the key file {path} is not that of {database.address}",
            hint="copy the file of a hub that runs; if the key is lost for good, "
            "leadwell migrate --forget-key has the next hub give its own",
        )
    return key


def instance_key(settings: Settings) -> bytes:
    """Return the key under which tokens are kept, making it at first use.

    Raises:
        Refused: the key file cannot be read, or is too short to be one.
    """
    path = key_path(settings)
    try:
        if not path.exists():
            _make_key(path)
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise Refused(
            f"the key file {path} cannot be used: {error}",
            hint="restore it from your backup; without it every token is void",
        ) from None
    if len(key) < KEY_BYTES:
        raise Refused(
            f"the key file {path} is too short", hint="it holds 64 hexadecimal digits"
        )
    return key


def _make_key(path: Path) -> None:
    # Only the owner may read it, from the first moment on.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_bytes(KEY_BYTES).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link never replaces a key that another process has made meanwhile.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    # The name too has to survive a power cut: without the key every token is void.
    sync(path.parent)
