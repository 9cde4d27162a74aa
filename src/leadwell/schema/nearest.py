"""The name that somebody most likely meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_ALIKE = 0.6
"""difflib's own measure of a good match; lower starts to suggest nonsense."""
_LENGTH_MAX = 64
"""Longer texts are no misspelt slugs, and comparing them costs time."""


def nearest(given: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to what was given; `None` when none is near."""
    if len(given) > _LENGTH_MAX:
        return None
    by_folded = {name.casefold(): name for name in known}
    found = get_close_matches(given.casefold(), by_folded, n=1, cutoff=_ALIKE)
    return by_folded[found[0]] if found else None


def listed(names: Iterable[str], most: int = 50) -> tuple[str, ...]:
    """Return at most this many names, so that an answer stays readable."""
    return tuple(names)[:most]
