"""Passwords: hashed with argon2id (RFC 9106), and never quickly."""

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

TRIES_FREE = 4
"""Wrong passwords in a row before anybody has to wait."""
WAIT_S = 15
"""The first wait; each further wrong password doubles it."""
WAIT_MAX_S = 3_600

WRONG_AFTER_S = 0.1
"""How long after its hash a wrong password is answered. A failure is written only of
who signs in here, and the time that a disk takes for it would tell who does."""

_hasher = PasswordHasher()
_limiter = CapacityLimiter(2)
"""Each hash takes 64 MiB: a crowd that signs in must not take all memory."""
_NOBODY = _hasher.hash("nobody has this one")


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


def _verified(kept: str | None, password: str) -> bool:
    try:
        _hasher.verify(kept or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None
