"""A URL that shows what a token sees: the documentation for it, or its leads as CSV.

Whoever has the URL has the right, so its secret is of the same strength as a token's:
256 random bits, 43 Base62 digits. Only an HMAC-SHA-256 under the instance's key is
stored. A link belongs to a token with its rotations, and follows the newest of them.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from leadwell.model.token import SECRET_DIGITS, base62

_SECRET = re.compile(rf"[0-9A-Za-z]{{{SECRET_DIGITS}}}")


class LinkKind(StrEnum):
    """What a link shows."""

    DOCUMENTATION = "documentation"
    """The API as its token sees it, without any lead."""
    CSV = "csv"
    """The leads themselves, for spreadsheets."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link as the hub knows it: everything but the secret."""

    public_id: str
    kind: LinkKind
    lineage: str
    """The token and its rotations whose view it shows."""
    account_id: int
    campaign_id: int | None
    """`None`: the link of an account token."""
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    key_generation: int = 1
    """The generation of the instance key that its digest is kept under."""

    def is_open(self, now: datetime) -> bool:
        """Whether the link itself may be used at this moment, whatever its token."""
        return self.revoked_at is None and (
            self.expires_at is None or now < self.expires_at
        )


def secret_of(random: bytes) -> str:
    """Write the 32 random bytes of a link's secret."""
    return base62(random, SECRET_DIGITS)


def looks_like_secret(text: str) -> bool:
    """Whether the text has the shape of a link's secret."""
    return _SECRET.fullmatch(text) is not None
