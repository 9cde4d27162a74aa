"""Passwords: hashed with argon2id (RFC 9106), and never quickly."""

import base64
import os

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

TRIES_FREE = 4
"""Wrong passwords in a row before anybody has to wait."""
WAIT_S = 15
"""The first wait; each further wrong password doubles it."""
WAIT_MAX_S = 3_600

_VERSION = 0x13
"""That of Argon2 which RFC 9106 describes."""
_hasher = PasswordHasher()
_limiter = CapacityLimiter(2)
"""Each hash takes 64 MiB: a crowd that signs in must not take all memory."""


def _unknown() -> str:
    """Return a hash of no known password: a drawn one, as nothing was hashed for it.

    To compare with it costs what any comparison does; to make it, nothing, so that no
    process of a hub hashes before it can begin.
    """
    made = _hasher
    salt, drawn = (
        base64.b64encode(os.urandom(size)).decode().rstrip("=")
        for size in (made.salt_len, made.hash_len)
    )
    cost = f"m={made.memory_cost},t={made.time_cost},p={made.parallelism}"
    return f"$argon2id$v={_VERSION}${cost}${salt}${drawn}"


_NOBODY = _unknown()


def hash_now(password: str) -> str:
    """Return what is kept of a password; it takes a while."""
    return _hasher.hash(password)


async def hashed(password: str) -> str:
    """Return what is kept of a password."""
    return await to_thread.run_sync(hash_now, password, limiter=_limiter)


async def is_right(kept: str | None, password: str) -> bool:
    """Whether this is the password; it takes as long where there is none to compare."""
    return await to_thread.run_sync(_verified, kept, password, limiter=_limiter)


def wait_us(failures: int) -> int:
    """Return how long nobody gets in after so many failures, in microseconds."""
    over = failures - TRIES_FREE
    if over <= 0:
        return 0
    return min(WAIT_S << min(over - 1, 20), WAIT_MAX_S) * 1_000_000


def left_us(closed_until: int, now: int) -> int:
    """Return how long nobody gets in from now on, in microseconds.

    More than anybody ever has to wait was asked for by a clock that was wrong then.
    """
    left = closed_until - now
    return left if 0 < left <= WAIT_MAX_S * 1_000_000 else 0


def _verified(kept: str | None, password: str) -> bool:
    try:
        _hasher.verify(kept or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None
