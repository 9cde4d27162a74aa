"""Secrets are named, never written down: `env:NAME` or `file:PATH`."""

import os
from pathlib import Path

from leadwell.errors import UsageError

_HINT = "write env:NAME or file:PATH"


def read(source: str, what: str) -> str:
    """Return the secret that a source names.

    Args:
        what: what it is for, in messages

    Raises:
        UsageError: the source names none; what was given is not repeated, as it may be
            the secret itself.
    """
    kind, _, place = source.partition(":")
    if kind == "env" and place:
        found = os.environ.get(place, "")
        missing = f"the variable {place} is not set"
    elif kind == "file" and place:
        found, missing = _content(Path(place).expanduser())
    else:
        raise UsageError(f"{what} is not named as it should be", hint=_HINT)
    if not found.strip():
        raise UsageError(f"there is no {what}: {missing}", hint=_HINT)
    secret = found.strip()
    if not secret.isascii() or not secret.isprintable():
        raise UsageError(f"the {what} is not one line of ASCII")
    return secret


def _content(path: Path) -> tuple[str, str]:
    try:
        return path.read_text("utf-8"), f"{path} is empty"
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        return "", f"{path} cannot be read: {reason}"
