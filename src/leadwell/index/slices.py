"""A whole number of every lead, kept bit by bit: ranges and orders at constant cost.

Bit-sliced (O'Neil and Quass 1997, Improved query performance with variant indexes):
one bitmap for each binary digit. A range costs one pass over the digits, whatever it
leaves; so does finding which value stands at a place of the order. What the first pass
found is kept up with the changes, for all ranges that begin near.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

from pyroaring import BitMap

_LANE = 8
"""Bytes of one value while slices are filled."""
_PLANES = [bytes(byte >> bit & 1 for byte in range(256)) for bit in range(8)]
"""For each bit: what a byte becomes when only that bit is looked at."""
REGIONS_MAX = 8
"""Regions that are kept; each takes a bitmap of all leads, and of every change."""
_REGION = 256
"""A region is narrowed until one in so many leads stands in it …"""
_CROWDED = 64
"""… and made anew when one in so many does."""
DENSE = 8
"""A set that holds one in so many of the leads is stored bit by bit, not as a list."""


@dataclass(frozen=True, slots=True)
class _Region:
    """The leads around a bound: those whose values begin as it does, or above."""

    place: int
    """How many digits are not looked at."""
    prefix: int
    above: BitMap
    same: BitMap

    def put(self, lead_id: int, value: int) -> None:
        begins = value >> self.place
        self.above.discard(lead_id)
        self.same.discard(lead_id)
        if begins > self.prefix:
            self.above.add(lead_id)
        elif begins == self.prefix:
            self.same.add(lead_id)


class Slices:
    """The value of each lead, from 0 to 2⁶³ - 1."""

    __slots__ = ("_regions", "digits")

    def __init__(self, digits: list[BitMap] | None = None) -> None:
        """Hold the digits, the lowest first."""
        self.digits = digits or []
        self._regions: list[_Region] = []

    def beside(self) -> Iterator[BitMap]:
        """Yield the bitmaps that are kept beside the digits, and made of them."""
        for region in self._regions:
            yield region.above
            yield region.same

    def put(self, lead_id: int, value: int, before: int = 0) -> None:
        """Set the value of a lead that had another one before; 0: none."""
        while value >> len(self.digits):
            self.digits.append(BitMap())
        changed = value ^ before
        while changed:
            place = changed.bit_length() - 1
            changed ^= 1 << place
            if value >> place & 1:
                self.digits[place].add(lead_id)
            else:
                self.digits[place].discard(lead_id)
        for region in self._regions:
            region.put(lead_id, value)

    def drop(self, lead_ids: BitMap) -> None:
        """Forget leads."""
        for bitmap in (*self.digits, *self.beside()):
            bitmap.difference_update(lead_ids)

    def fill(self, lead_ids: Sequence[int], values: Sequence[int]) -> None:
        """Set the values of many leads that have none yet; quicker than `put`."""
        while max(values, default=0) >> len(self.digits):
            self.digits.append(BitMap())
        self._regions.clear()
        raw = array("Q", values).tobytes()
        for place, digit in enumerate(self.digits):
            byte, bit = divmod(place, 8)
            plane = raw[_byte_at(byte) :: _LANE].translate(_PLANES[bit])
            digit.update(compress(lead_ids, plane))

    def value(self, lead_id: int) -> int:
        """Return the value of a lead."""
        # A list: a generator takes half as long again, and every change asks.
        places = [n for n, digit in enumerate(self.digits) if lead_id in digit]
        return sum([1 << place for place in places])

    def at_least(self, bound: int, everything: BitMap) -> BitMap:
        """Return the leads whose value is not below a bound; it may be `everything`."""
        if bound <= 0:
            return everything
        if bound >> len(self.digits):
            return BitMap()
        region = self._region(bound, everything)
        same, found = region.same, [region.above]
        for place in range(region.place - 1, -1, -1):
            if not same:
                break
            if not bound >> place & 1:
                found.append(same & self.digits[place])
            same = self._narrowed(same, bound, place)
        return BitMap.union(same, *found)

    def ordered(
        self, within: BitMap, start: int, count: int, *, descending: bool = False
    ) -> list[int]:
        """Return a window of the leads of `within`, by their values and then ids."""
        count = min(count, len(within) - start)
        if count <= 0:
            return []
        before, head = self._at(within, start, descending=descending)
        up_to, tail = self._at(within, start + count - 1, descending=descending)
        first = list(head[start - len(before) : start - len(before) + count])
        if len(first) == count:
            return first
        between = up_to - before - head
        middle = sorted(between, key=self.value, reverse=descending)
        return [*first, *middle, *tail[: count - len(first) - len(middle)]]

    def _region(self, bound: int, everything: BitMap) -> _Region:
        """Return the region of a bound; the one asked for longest ago goes first."""
        for region in self._regions:
            if bound >> region.place == region.prefix:
                self._regions.remove(region)
                if region.place and len(region.same) * _CROWDED > len(everything):
                    break
                self._regions.append(region)
                return region
        region = self._made(bound, everything)
        self._regions.append(region)
        del self._regions[:-REGIONS_MAX]
        return region

    def _made(self, bound: int, everything: BitMap) -> _Region:
        """Make a region in one pass down the digits, and one up again.

        A dense set is ten times as quick as a list of as many leads. So two dense sets
        are made that hold different digits, and only what both hold becomes a list.
        """
        place, part, dense = len(self.digits), everything, list[BitMap]()
        while place and len(dense) < 2:
            place -= 1
            part = self._narrowed(part, bound, place)
            if len(part) * DENSE <= len(everything):
                dense.append(part)
                part = everything
        same = BitMap.intersection(part, *dense)
        while place and len(same) * _REGION > len(everything):
            place -= 1
            same = self._narrowed(same, bound, place)
        above = BitMap()
        for digit in range(place, len(self.digits)):
            if bound >> digit & 1:
                above &= self.digits[digit]
            else:
                above |= self.digits[digit]
        return _Region(place, bound >> place, above, same)

    def _narrowed(self, ids: BitMap, bound: int, place: int) -> BitMap:
        """Return those of the leads that have the bound's digit at a place."""
        digit = self.digits[place]
        return ids & digit if bound >> place & 1 else ids - digit

    def _at(
        self, within: BitMap, place: int, *, descending: bool
    ) -> tuple[BitMap, BitMap]:
        """Return what an order has before the value at a place, and what shares it."""
        left, below = within, BitMap()
        place = len(within) - 1 - place if descending else place
        for digit in reversed(self.digits):
            zeros = left - digit
            if place < len(zeros):
                left = zeros
            else:
                place -= len(zeros)
                below |= zeros
                left = left & digit
        return (within - below - left if descending else below), left


def _byte_at(byte: int) -> int:
    # The first lane shows where the machine keeps the lowest byte.
    return byte if array("Q", [1]).tobytes()[0] else _LANE - 1 - byte
