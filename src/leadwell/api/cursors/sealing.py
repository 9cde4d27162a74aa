"""Cursors as text: sealed, so that nobody can read, change or invent one.

A cursor reads `c1_` and Base64url of a nonce and AES-256-GCM's output (RFC 5116); the
kind of cursor is authenticated with it. The key comes from the instance key (HKDF,
RFC 5869), so cursors live as long as that does: those of a later generation of it, such
as the second, read `c1.2_`.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from leadwell.errors import CursorLost, InvalidCursor
from leadwell.model import cursor
from leadwell.model.cursor import Binding, Place, Walk
from leadwell.model.keyring import FIRST, Generation, Keyring

START = "start"
NONCE_BYTES = 12
CHARACTERS_MAX = 1_000
_SHAPE = re.compile(r"c1(?:\.([2-9]|[1-9][0-9]{1,3}))?_([A-Za-z0-9_-]+)")
_FEED, _WALK = b"feed", b"walk"


@dataclass(frozen=True)
class Sealer:
    """Seals cursors under a hub's key, and opens them."""

    keys: Keyring
    nonce: Callable[[int], bytes]

    def place(self, binding: Binding, place: Place) -> str:
        """Seal a place in the change feed."""
        return self._sealed(cursor.pack_place(binding, place), _FEED)

    def walk(self, binding: Binding, walk: Walk) -> str:
        """Seal a place in a list."""
        return self._sealed(cursor.pack_walk(binding, walk), _WALK)

    def open_place(self, text: str, binding: Binding) -> Place:
        """Open a cursor of the change feed.

        Raises:
            InvalidCursor: it is none, or not of this token, campaign and question.
            CursorLost: it was sealed under a key that was retired.
        """
        found = cursor.unpack_place(self._opened(text, _FEED))
        if found is None:
            raise _broken()
        _check_bound(found[0], binding)
        return found[1]

    def open_walk(self, text: str, binding: Binding) -> Walk:
        """Open a cursor of a list.

        Raises:
            InvalidCursor: it is none, or not of this token, campaign and question.
            CursorLost: it was sealed under a key that was retired.
        """
        found = cursor.unpack_walk(self._opened(text, _WALK))
        if found is None:
            raise _broken()
        _check_bound(found[0], binding)
        return found[1]

    def _sealed(self, data: bytes, kind: bytes) -> str:
        nonce, key = self.nonce(NONCE_BYTES), self.keys.in_use
        sealed = nonce + _cipher(key.secret).encrypt(nonce, data, kind)
        prefix = "c1_" if key.number == FIRST else f"c1.{key.number}_"
        return prefix + base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def _opened(self, text: str, kind: bytes) -> bytes:
        shape = _SHAPE.fullmatch(text) if len(text) <= CHARACTERS_MAX else None
        if shape is None:
            raise _broken()
        key, body = self._key(int(shape[1] or FIRST)), shape[2]
        try:
            sealed = base64.b64decode(
                body + "=" * (-len(body) % 4), altchars=b"-_", validate=True
            )
        except (binascii.Error, ValueError):
            raise _broken() from None
        # Base64 has several spellings of the same bytes; only ours came from here.
        if base64.urlsafe_b64encode(sealed).decode().rstrip("=") != body:
            raise _broken()
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        other = _WALK if kind == _FEED else _FEED
        for tried in (kind, other):
            opened = _decrypted(key, nonce, rest, tried)
            if opened is not None and tried == kind:
                return opened
            if opened is not None:
                raise _other_kind(kind)
        raise _broken()

    def _key(self, number: int) -> Generation:
        key = self.keys.get(number)
        if key is not None:
            return key
        if number > self.keys.oldest:
            raise _broken()
        raise CursorLost(
            "this cursor was sealed under a key that the hub has retired",
            hint="begin anew without a cursor, and forget what does not come again",
        )


@lru_cache(maxsize=16)
def _cipher(secret: bytes) -> AESGCM:
    """Derive the key of cursors from a generation of the instance key."""
    return AESGCM(HKDF(SHA256(), 32, None, b"leadwell cursor").derive(secret))


def _decrypted(
    key: Generation, nonce: bytes, sealed: bytes, kind: bytes
) -> bytes | None:
    try:
        return _cipher(key.secret).decrypt(nonce, sealed, kind)
    except (InvalidTag, ValueError):
        return None


def digest_of(*parts: object) -> bytes:
    """Return a short digest of what a cursor is bound to."""
    text = repr(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).digest()[: cursor.DIGEST_BYTES]


def _check_bound(found: Binding, asked: Binding) -> None:
    if found == asked:
        return
    if found.campaign_id == asked.campaign_id and found.lineage == asked.lineage:
        raise InvalidCursor(
            "this cursor was made for other filters",
            hint="ask with the filters it was made for, or begin anew without a cursor",
        )
    raise InvalidCursor(
        "this cursor is not of this token and campaign",
        hint="use the cursor that this token was given here",
    )


def _broken() -> InvalidCursor:
    return InvalidCursor(
        "this is no cursor of this hub",
        hint="send it back as it came, whole and unchanged, or begin without one",
    )


def _other_kind(kind: bytes) -> InvalidCursor:
    if kind == _FEED:
        return InvalidCursor(
            "this cursor walks a list, and is none of the change feed",
            hint="use the Leadwell-Cursor of the list's answer",
        )
    return InvalidCursor(
        "this cursor is of the change feed, and walks no list",
        hint="begin a walk with _cursor=start and go on by next_cursor",
    )
