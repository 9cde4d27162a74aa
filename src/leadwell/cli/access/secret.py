"""Secrets of tokens: made, taken over from a file, and printed once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from leadwell.cli import output
from leadwell.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from leadwell.cli.opening import Where
    from leadwell.model.keyring import Keyring
    from leadwell.model.token import Token

IMPORTED_CHARACTERS_MIN = 12
IMPORTED_CHARACTERS_MAX = 512
"""A longer bearer token is refused by the hub unread."""


def imported(file: Path) -> str:
    """Return a token of another system that shall go on working.

    Raises:
        UsageError: the file holds none that can be sent.
    """
    try:
        read = sys.stdin.read() if str(file) == "-" else file.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None
    text = read.strip()
    # Only what can stand in a header can ever be sent as a token.
    is_word = text.isascii() and text.isprintable() and " " not in text
    fits = IMPORTED_CHARACTERS_MIN <= len(text) <= IMPORTED_CHARACTERS_MAX
    if not is_word or not fits or text.startswith("lw_"):
        raise UsageError(
            f"{file} holds no token that can be taken over",
            hint=f"one word of {IMPORTED_CHARACTERS_MIN} to {IMPORTED_CHARACTERS_MAX} "
            "ASCII characters, not one of Leadwell's own",
        )
    return text


def keys(where: Where) -> Keyring:
    """Return the key under which the hub keeps tokens, making it at first use."""
    from leadwell.server.keys import agreed

    # Opened first, so that no key is made for a database that is not there.
    with where.opened() as database:
        return agreed(where.settings(), database)


def print_secret(made: Token, text: str, *, as_json: bool, is_new: bool) -> None:
    """Print a token's secret, this once."""
    if not is_new:
        content = {"id": made.public_id}
        output.document(content, as_json=as_json, text=made.public_id)
        return
    content = {"id": made.public_id, "token": text}
    output.document(content, as_json=as_json, text=text)
    until = f"until {made.expires_at:%Y-%m-%d}" if made.expires_at else "for ever"
    output.hint(f"its id is {made.public_id}; it works {until}")
    output.hint("keep it now: it is not stored, and never shown again")
