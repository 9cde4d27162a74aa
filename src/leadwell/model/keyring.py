"""The instance key in its generations: one is in use, and those before it still count.

What is made under the key is made under the generation in use: digests of tokens, links
and sessions, and the seal of cursors. What is sent is looked for under each of them, so
that nothing ends when another one comes into use, but only when its own is retired.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from leadwell.model.token import digest

T = TypeVar("T")
FIRST = 1
"""The number of the generation that a hub makes for itself."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One key, and from when on it is the one in use."""

    number: int
    secret: bytes
    since: int = 0
    """In microseconds since 1970. It is recognised before that: another hub may be
    ahead by a moment."""


class Keyring:
    """Every generation that counts; at least one.

    A hub is given others while it answers, so nobody keeps what is read here.
    """

    def __init__(self, generations: Sequence[Generation], now: int = 0) -> None:
        """Hold these generations."""
        self.turn(generations, now)

    @classmethod
    def of(cls, secret: bytes) -> Self:
        """Hold a key that was never rotated."""
        return cls([Generation(FIRST, secret)])

    def turn(self, generations: Sequence[Generation], now: int) -> None:
        """Hold these instead; in use is the newest one whose moment has come."""
        ordered = sorted(generations, key=lambda each: each.number, reverse=True)
        in_use = next((each for each in ordered if each.since <= now), ordered[-1])
        others = [each for each in ordered if each is not in_use]
        # In one step, for requests look at it meanwhile.
        self._held = (in_use, *others)

    @property
    def generations(self) -> tuple[Generation, ...]:
        """All of them: the one in use, and then the others, newest first."""
        return self._held

    @property
    def in_use(self) -> Generation:
        """What everything new is made under."""
        return self._held[0]

    @property
    def oldest(self) -> int:
        """The number of the oldest generation that counts."""
        return min(each.number for each in self._held)

    def get(self, number: int) -> Generation | None:
        """Return the generation with this number; `None`: it does not count."""
        return next((each for each in self._held if each.number == number), None)

    def digest(self, text: str) -> bytes:
        """Return what is to be kept of a secret from now on."""
        return digest(self.in_use.secret, text)

    def digests(self, text: str) -> tuple[bytes, ...]:
        """Return what may have been kept of a secret; first as it would be now."""
        return tuple(digest(each.secret, text) for each in self._held)


def first_of(digests: Sequence[bytes], find: Callable[[bytes], T | None]) -> T | None:
    """Return what is kept under the first digest that anything is kept under.

    In one transaction: between two of them it may be kept under another one.
    """
    found = (find(each) for each in digests)
    return next((each for each in found if each is not None), None)
