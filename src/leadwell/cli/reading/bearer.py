"""The token of a command that asks a hub: from the environment, or from a file."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from leadwell.cli import output
from leadwell.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

URL, TOKEN = "LEADWELL_URL", "LEADWELL_TOKEN"


def token_of(file: Path | None) -> str:
    """Return the token; never from an argument, which others can read.

    Raises:
        UsageError: there is none, or what is there cannot be one.
    """
    try:
        text = file.read_text("ascii") if file else os.environ.get(TOKEN, "")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None
    if file and stat.S_IMODE(file.stat().st_mode) & stat.S_IROTH:
        output.hint(f"note: everybody can read {file}: chmod 600 {file}")
    return checked(text, f"{file} is empty" if file else "there is no token")


HINT = f"set {TOKEN}, or name a file with --token-file"


def checked(text: str, missing: str, hint: str = HINT) -> str:
    """Return a token without what stands around it.

    Raises:
        UsageError: it is none; what was given is not repeated.
    """
    token = text.strip()
    if not token:
        raise UsageError(missing, hint=hint)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("what was given as token is none", hint="lw_…, on one line")
    return token
