"""A whole number of every lead, kept bit by bit: ranges and orders at constant cost.

Bit-sliced (O'Neil and Quass 1997, Improved query performance with variant indexes):
one bitmap for each binary digit. A range costs one pass over the digits, whatever it
leaves; so does finding which value stands at a place of the order.
"""

from array import array
from collections.abc import Sequence
from itertools import compress

from pyroaring import BitMap

_LANE = 8
"""Bytes of one value while slices are filled."""
_PLANES = [bytes(byte >> bit & 1 for byte in range(256)) for bit in range(8)]
"""For each bit: what a byte becomes when only that bit is looked at."""


class Slices:
    """The value of each lead, from 0 to 2⁶³ - 1."""

    __slots__ = ("digits",)

    def __init__(self, digits: list[BitMap] | None = None) -> None:
        """Hold the digits, the lowest first."""
        self.digits = digits or []

    def put(self, lead_id: int, value: int) -> None:
        """Set the value of a lead."""
        while value >> len(self.digits):
            self.digits.append(BitMap())
        for place, digit in enumerate(self.digits):
            if value >> place & 1:
                digit.add(lead_id)
            else:
                digit.discard(lead_id)

    def drop(self, lead_id: int) -> None:
        """Forget a lead."""
        for digit in self.digits:
            digit.discard(lead_id)

    def fill(self, lead_ids: Sequence[int], values: Sequence[int]) -> None:
        """Set the values of many leads that have none yet; quicker than `put`."""
        while max(values, default=0) >> len(self.digits):
            self.digits.append(BitMap())
        raw = array("Q", values).tobytes()
        for place, digit in enumerate(self.digits):
            byte, bit = divmod(place, 8)
            plane = raw[_byte_at(byte) :: _LANE].translate(_PLANES[bit])
            digit.update(compress(lead_ids, plane))

    def value(self, lead_id: int) -> int:
        """Return the value of a lead."""
        return sum(
            1 << place for place, digit in enumerate(self.digits) if lead_id in digit
        )

    def at_least(self, bound: int, within: BitMap) -> BitMap:
        """Return the leads of `within` whose value is not below a bound."""
        if bound <= 0:
            return within
        if bound >> len(self.digits):
            return BitMap()
        above, same = BitMap(), within
        for place in range(len(self.digits) - 1, -1, -1):
            if bound >> place & 1:
                same = same & self.digits[place]
            else:
                above |= same & self.digits[place]
                same = same - self.digits[place]
            if not same:
                return above
        return above | same

    def ordered(
        self, within: BitMap, start: int, count: int, *, descending: bool = False
    ) -> list[int]:
        """Return a window of the leads of `within`, by their values and then ids."""
        total = len(within)
        count = min(count, total - start)
        if count <= 0:
            return []
        places = (start, start + count - 1)
        if descending:
            places = (total - 1 - places[0], total - 1 - places[1])
        first, last = (self._value_at(within, place) for place in places)
        group = self._equal(first, within)
        before = self._beyond(first, within, descending=descending)
        head = list(group[start - len(before) : start - len(before) + count])
        if first == last:
            return head
        between = within - before - group
        between -= self._beyond(last, between, descending=not descending)
        tail = self._equal(last, between)
        between = between - tail
        value = self.value
        middle = sorted(between, key=value, reverse=descending)
        return [*head, *middle, *tail[: count - len(head) - len(middle)]]

    def _equal(self, value: int, within: BitMap) -> BitMap:
        least = self.at_least(value, within)
        return least - self.at_least(value + 1, least)

    def _beyond(self, value: int, within: BitMap, *, descending: bool) -> BitMap:
        """Return what an order has before a value: more if it descends, else less."""
        if descending:
            return self.at_least(value + 1, within)
        return within - self.at_least(value, within)

    def _value_at(self, within: BitMap, place: int) -> int:
        """Return the value at a place of the ascending order."""
        value, left = 0, within
        for digit in range(len(self.digits) - 1, -1, -1):
            zeros = left - self.digits[digit]
            if place < len(zeros):
                left = zeros
            else:
                place -= len(zeros)
                left = left & self.digits[digit]
                value |= 1 << digit
        return value


def _byte_at(byte: int) -> int:
    # The first lane shows where the machine keeps the lowest byte.
    return byte if array("Q", [1]).tobytes()[0] else _LANE - 1 - byte
