"""The token of an entry, from where the entry says that it is."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leadwell.cli.reading.bearer import checked, token_of
from leadwell.errors import UsageError

if TYPE_CHECKING:
    from leadwell.cli.many.plan import Entry


def find(entry: Entry, flag: Path | None) -> str:
    """Return the token; where nothing is named, it is LEADWELL_TOKEN.

    Raises:
        UsageError: there is none, or what is there cannot be one.
    """
    if flag is not None:
        return token_of(flag)
    if entry.token_env is not None:
        text = os.environ.get(entry.token_env, "")
        return checked(text, f"{entry.token_env} is not set", "set it to the token")
    if entry.token_keyring is not None:
        return _kept(entry.token_keyring)
    file = entry.token_file
    return token_of(Path(file).expanduser() if file else None)


def _kept(named: str) -> str:
    service, _, name = named.partition("/")
    if not service or not name:
        raise UsageError(
            f"{named!r} names nothing in a keyring", hint='"SERVICE/NAME" does'
        )
    try:
        keyring: Any = import_module("keyring")
    except ModuleNotFoundError:
        raise UsageError(
            "token_keyring needs the package keyring", hint="pip install keyring"
        ) from None
    try:
        secret: str | None = keyring.get_password(service, name)
    except Exception as error:
        # Each kind of keyring has errors of its own; their words may hold anything.
        raise UsageError(
            f"the keyring cannot be read: {type(error).__name__}",
            hint="unlock it, or name a file with token_file",
        ) from error
    hint = f"keyring set {service} {name}"
    return checked(secret or "", f"the keyring has no {named}", hint)
