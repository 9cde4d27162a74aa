"""The digest as a reader computes it, from the words of the contract alone."""

import hashlib
from collections.abc import Iterable


def digest_of(pairs: Iterable[tuple[int, int]]) -> str:
    sums = [0, 0, 0, 0]
    for lead_id, version in pairs:
        first = hashlib.sha256(f"{lead_id}:{version}".encode()).digest()[:16]
        for place in range(4):
            part = first[4 * place : 4 * place + 4]
            sums[place] = (sums[place] + int.from_bytes(part, "big")) % 2**32
    return "".join(f"{each:08x}" for each in sums)
