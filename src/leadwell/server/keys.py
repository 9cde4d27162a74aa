"""The instance key: in a file, and the same for all hubs of one database."""

import hmac
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from leadwell.errors import Refused
from leadwell.model.keyring import Generation, Keyring
from leadwell.server import keyfile
from leadwell.server.opening import key_path
from leadwell.settings import Settings
from leadwell.store.connection import Connection, Database
from leadwell.store.hubs import instance

_FINGERPRINT_BYTES = 16


def agreed(settings: Settings, database: Database) -> Keyring:
    """Return the key, which is that of every hub of a database that hubs can share.

    Raises:
        Refused: this hub has another key, or none while others have one.
    """
    with database.reading() as connection:
        now = connection.clock()
    return Keyring(generations(settings, database), now)


def generations(settings: Settings, database: Database) -> list[Generation]:
    """Return the generations that count, and make the first one where there is none.

    A database on a server keeps a fingerprint of each, from which nobody can tell the
    key: all its hubs have to have them all, and one without a fingerprint is retired. A
    database that is a file has its key beside it, and what stands there counts.

    Raises:
        Refused: as `agreed`.
    """
    path = key_path(settings)
    known = database.read(instance.fingerprints) if database.is_remote else {}
    if known and not path.exists():
        raise Refused(
            f"there is no key file {path}, and {database.address} has a key already",
            hint="copy the file of a hub that runs, or name it with LEADWELL_KEY_FILE",
        )
    held = instance_key(settings)
    if not database.is_remote:
        return held
    if not known:
        known = database.write(partial(_noted, held=held)).result()
    _check(held, known, path, database.address)
    return [each for each in held if each.number in known]


def instance_key(settings: Settings) -> list[Generation]:
    """Return what the key file holds, making it at first use.

    Raises:
        Refused: the file cannot be read, or holds no key.
    """
    path = key_path(settings)
    if not path.exists():
        try:
            keyfile.make(path)
        except OSError as error:
            raise Refused(
                f"the key file {path} cannot be used: {error}",
                hint="name one in a folder that may be written to, with "
                "LEADWELL_KEY_FILE",
            ) from None
    return keyfile.read(path)


def fingerprint(each: Generation) -> bytes:
    """Return what may be known to all of a generation."""
    return hmac.digest(each.secret, b"fingerprint", "sha256")[:_FINGERPRINT_BYTES]


def _noted(connection: Connection, held: list[Generation]) -> dict[int, bytes]:
    """Keep the fingerprints of the first hub's key, unless another hub was first."""
    if not (known := instance.fingerprints(connection)):
        for each in held:
            instance.note_key(connection, each.number, fingerprint(each))
        known = instance.fingerprints(connection)
    return known


def _check(
    held: list[Generation], known: Mapping[int, bytes], path: Path, address: str
) -> None:
    own = {each.number: fingerprint(each) for each in held}
    if any(own.get(number, mark) != mark for number, mark in known.items()):
        raise Refused(
            f"the key file {path} is not that of {address}",
            hint="copy the file of a hub that runs; if the key is lost for good, "
            "leadwell migrate --forget-key has the next hub give its own",
        )
    if missing := sorted(known.keys() - own.keys()):
        raise Refused(
            f"the key file {path} lacks generation {missing[-1]} of the key, which the "
            f"other hubs of {address} have",
            hint="copy the file of the hub on which leadwell key rotate was run",
        )
