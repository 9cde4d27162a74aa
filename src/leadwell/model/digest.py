"""What a set of leads adds up to: equal digests mean equal copies (CONTRACT §6)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct

Words = tuple[int, int, int, int]
NOTHING: Words = (0, 0, 0, 0)
_MODULO = 2**32
_WORDS = Struct(">4I")


def words(lead_id: int, version: int) -> Words:
    """Return a lead's part: the first 16 bytes of SHA-256 of `<id>:<version>`."""
    text = b"%d:%d" % (lead_id, version)
    first, second, third, fourth = _WORDS.unpack(hashlib.sha256(text).digest()[:16])
    return first, second, third, fourth


@dataclass(frozen=True, slots=True)
class Digest:
    """How many leads there are, and the sums of their words modulo 2^32.

    Sums rather than a hash over a list: a lead can be added or taken out by itself,
    in any order, and every SQL engine can do the same.
    """

    count: int = 0
    sums: Words = NOTHING

    @property
    def text(self) -> str:
        """The four sums as 32 hexadecimal digits."""
        return "".join(f"{each:08x}" for each in self.sums)

    def plus(self, parts: Iterable[Words]) -> "Digest":
        """Return the digest with more leads in it."""
        return self._moved(parts, 1)

    def minus(self, parts: Iterable[Words]) -> "Digest":
        """Return the digest with fewer leads in it."""
        return self._moved(parts, -1)

    def _moved(self, parts: Iterable[Words], sign: int) -> "Digest":
        first, second, third, fourth = self.sums
        count = self.count
        for part in parts:
            count += sign
            first += sign * part[0]
            second += sign * part[1]
            third += sign * part[2]
            fourth += sign * part[3]
        sums = (first, second, third, fourth)
        a, b, c, d = (each % _MODULO for each in sums)
        return Digest(count, (a, b, c, d))
