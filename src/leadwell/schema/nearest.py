"""The name that somebody most likely meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from heapq import nlargest

_ALIKE = 0.6
"""difflib's own measure of a good match; lower starts to suggest nonsense."""
_LENGTH_MAX = 64
"""Longer texts are no misspelt slugs, and comparing them costs time."""
_COMPARED_MAX = 8
"""difflib takes 100 µs a name, so only those that look alike are compared: an answer
to a thousand unknown names among thousands of known ones took minutes."""


def nearest(given: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to what was given; `None` when none is near."""
    if len(given) > _LENGTH_MAX:
        return None
    folded = given.casefold()
    by_folded = {name.casefold(): name for name in known}
    pairs = _pairs(folded)
    alike = nlargest(
        _COMPARED_MAX, by_folded, key=lambda name: len(pairs & _pairs(name))
    )
    found = get_close_matches(folded, alike, n=1, cutoff=_ALIKE)
    return by_folded[found[0]] if found else None


def listed(names: Iterable[str], most: int = 50) -> tuple[str, ...]:
    """Return at most this many names, so that an answer stays readable."""
    return tuple(names)[:most]


@lru_cache(maxsize=8_192)
def _pairs(name: str) -> frozenset[str]:
    """Return the letters side by side, those at the ends beside a blank."""
    padded = f" {name} "
    return frozenset(padded[at : at + 2] for at in range(len(padded) - 1))
