"""How many leads there are of each day and choice, counted from the sets."""

from collections.abc import Sequence
from typing import NamedTuple

from pyroaring import BitMap

from leadwell.index.index import YEAR_1_US, Index, Key
from leadwell.index.slices import Slices


class Counted(NamedTuple):
    """Leads of one day: all of them, and those of each choice."""

    total: int
    chosen: tuple[int, ...]


def days(
    index: Index, ids: BitMap, bounds: Sequence[int], keys: Sequence[Key]
) -> list[Counted]:
    """Count leads by when they were created: between each bound and the next.

    The bounds are moments in microseconds, and rise. However many leads there are,
    it takes some passes over the digits of their moments.
    """
    known = [bound - YEAR_1_US for bound in bounds]
    parts = _cut(index.created, ids, known)
    return [Counted(len(part), choices(index, part, keys)) for part in parts[1:-1]]


def choices(index: Index, ids: BitMap, keys: Sequence[Key]) -> tuple[int, ...]:
    """Count the leads of each choice."""
    nothing = BitMap()
    return tuple(
        ids.intersection_cardinality(index.chosen.get(key, nothing)) for key in keys
    )


def _cut(values: Slices, ids: BitMap, bounds: Sequence[int]) -> list[BitMap]:
    """Part leads at bounds that rise; halves first, so that the sets soon are small."""
    if not bounds:
        return [ids]
    middle = len(bounds) // 2
    above = _at_least(values, ids, bounds[middle])
    below = ids - above
    return [
        *_cut(values, below, bounds[:middle]),
        *_cut(values, above, bounds[middle + 1 :]),
    ]


def _at_least(values: Slices, ids: BitMap, bound: int) -> BitMap:
    if bound >> len(values.digits):
        return BitMap()
    same, above = ids, BitMap()
    for place in range(len(values.digits) - 1, -1, -1):
        if not same:
            break
        digit = values.digits[place]
        if bound >> place & 1:
            same = same & digit
        else:
            above |= same & digit
            same = same - digit
    return above | same
