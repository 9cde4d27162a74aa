"""The secret that opens a hub, and what is kept of it.

A token reads `lw_<public id>_<secret><checksum>`: 8 and 43 Base62 characters (the
secret has 256 random bits) and 6 more for the CRC-32 of all before them. The
checksum lets a typing mistake fail without a look at the database, and secret
scanners tell a token from noise; it protects nothing. Base62, so that a double
click selects all of it. Only an HMAC-SHA-256 under the instance's key is stored.
"""

import hmac
import re
import zlib
from dataclasses import dataclass
from datetime import datetime

from leadwell.model.campaign import Attribute

NAME_CHARACTERS_MAX = 200
"""Of the words that say whose token it is; a longer name is refused."""
PUBLIC_BYTES = 6
SECRET_BYTES = 32
SECRET_DIGITS = 43
"""How many Base62 digits the random bytes of a secret take."""
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"lw_[0-9A-Za-z]{8,12}_[0-9A-Za-z]{49}")


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the hub knows it: everything but the secret."""

    public_id: str
    lineage: str
    """The public id of the first token of a chain of rotations."""
    name: str
    account_id: int
    campaign_id: int | None
    """`None`: an account token, for every campaign of its account."""
    may_write: bool
    filter_id: int | None
    readable: frozenset[int | Attribute] | None
    """Ids of readable fields, and readable attributes; `None`: all of them."""
    created_at: datetime
    generation: int = 1
    """Rises when the token is given another filter or other fields, or masks: its
    readers of the change feed are then told what they no longer see, and the rest
    anew."""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    exposed_at: datetime | None = None
    """When the token was seen in a URL."""
    addresses: tuple[str, ...] = ()
    """CIDR blocks it may be used from; empty: from anywhere."""
    rate: int | None = None
    """Points that it may spend each second; 0: any number; `None`: as the hub says."""
    key_generation: int = 1
    """The generation of the instance key that its digest is kept under."""
    masks: bool = False
    """Whether it was made to see no personal data."""

    @property
    def is_masked(self) -> bool:
        """Whether it sees a mask in place of the values of personal fields.

        A list of fields says itself what may be seen, and one that writes would write
        masks back: then it sees what is there.
        """
        return self.masks and self.readable is None and not self.may_write

    def is_open(self, now: datetime) -> bool:
        """Whether the token may be used at this moment."""
        return self.revoked_at is None and (
            self.expires_at is None or now < self.expires_at
        )


def text_of(public: bytes, secret: bytes) -> str:
    """Write a token from its random bytes (6 public, 32 secret)."""
    head = f"lw_{short_id(public)}_{base62(secret, SECRET_DIGITS)}"
    return head + _checksum(head)


def public_id_of(text: str) -> str:
    """Return the public part of a token that has the right shape."""
    return text.split("_")[1]


def looks_like_token(text: str) -> bool:
    """Whether the text has the shape of a token of ours and its checksum holds."""
    return bool(_SHAPE.fullmatch(text)) and _checksum(text[:-6]) == text[-6:]


def token_in(text: str) -> str | None:
    """Return the first token of ours that stands anywhere in the text."""
    found = (match.group() for match in _SHAPE.finditer(text))
    return next((token for token in found if looks_like_token(token)), None)


def is_mistyped(text: str) -> bool:
    """Whether the text claims to be a token of ours and cannot be one."""
    return text.startswith("lw_") and not looks_like_token(text)


def digest(key: bytes, text: str) -> bytes:
    """Return what is stored of a token: its HMAC-SHA-256 under the instance key."""
    return hmac.digest(key, text.encode("utf-8"), "sha256")


def short_id(public: bytes) -> str:
    """Write 6 random bytes as an id that is not secret."""
    return base62(public, 9)[-8:]


def base62(data: bytes, width: int) -> str:
    """Write bytes as Base62 digits, so many that every value of them fits."""
    number = int.from_bytes(data, "big")
    digits: list[str] = []
    while number:
        number, rest = divmod(number, 62)
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits)).rjust(width, _ALPHABET[0])


def _checksum(head: str) -> str:
    return base62(zlib.crc32(head.encode("ascii")).to_bytes(4, "big"), 6)
