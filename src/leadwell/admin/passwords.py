"""Passwords: hashed with argon2id (RFC 9106), never quickly, and few at once.

A hash takes a fifth of a second of a processor: whoever may ask for as many as he likes
leaves none for anybody else.
"""

import base64
import math
import os
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from leadwell.api.hub import Hub
from leadwell.api.load.rates import Rate, rate_of
from leadwell.errors.limits import Overloaded, RateLimited

T = TypeVar("T")
TRIES_FREE = 4
"""Wrong passwords in a row before anybody has to wait."""
WAIT_S = 15
"""The first wait; each further wrong password doubles it."""
WAIT_MAX_S = 3_600
WRONG_AFTER_S = 0.1
"""How long after its hash a wrong password is answered. A failure is written only of
who signs in here, and the time that a disk takes for it would tell who does."""
FROM_ONE_MAX = 10
"""Wrong passwords from one address before it waits: fewer than are queued of all."""
AT_ONCE_MAX = 2
"""Each hash takes 64 MiB: a crowd that signs in must not take all memory."""
QUEUE_MAX = 20
"""So many wait for those: about two seconds. The next one is refused at once."""

_VERSION = 0x13
"""That of Argon2 which RFC 9106 describes."""
_hasher = PasswordHasher()
_limiter = CapacityLimiter(AT_ONCE_MAX)
_open: set[object] = set()
"""One for each hash that is made or waited for."""


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
    """Return what is kept of a password.

    Raises:
        Overloaded: too many wait for theirs.
    """
    return await _in_turn(partial(hash_now, password))


async def is_right(kept: str | None, password: str) -> bool:
    """Whether this is the password; it takes as long where there is none to compare.

    Raises:
        Overloaded: too many wait for theirs.
    """
    return await _in_turn(partial(_verified, kept, password))


def begin_try(hub: Hub, address: bytes) -> None:
    """Count a password from this address, before it is looked at.

    Raises:
        RateLimited: too many wrong ones came from there.
    """
    rate = _rate(hub)
    wait_s = hub.tries.take(address, rate) if rate else 0.0
    if wait_s:
        seconds = math.ceil(wait_s)
        raise RateLimited(
            "too many wrong passwords came from your address",
            hint=f"wait {seconds} s before you try again",
            wait_s=seconds,
            reason="wrong_passwords",
        )


def forget_try(hub: Hub, address: bytes) -> None:
    """Let one have cost nothing: it was right."""
    if rate := _rate(hub):
        hub.tries.charge(address, rate, -1.0)


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


def _rate(hub: Hub) -> Rate | None:
    per_s = hub.limits.wrong_passwords_rate
    return rate_of(per_s, FROM_ONE_MAX / per_s) if per_s else None


async def _in_turn(work: Callable[[], T]) -> T:
    if len(_open) >= AT_ONCE_MAX + QUEUE_MAX:
        raise Overloaded(
            "the hub checks as many passwords as it can",
            hint="try again in a moment",
            reason="passwords",
        )
    own = object()
    _open.add(own)
    try:
        return await to_thread.run_sync(work, limiter=_limiter)
    finally:
        _open.discard(own)


def _verified(kept: str | None, password: str) -> bool:
    try:
        _hasher.verify(kept or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None
