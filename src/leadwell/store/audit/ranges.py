"""Sets of ids as text that people can read: `1-50,60`."""

from collections.abc import Iterator

from pyroaring import BitMap

RANGES_MAX = 200
"""Of one row: some three kilobytes at most, whatever was read."""


def written(ids: BitMap) -> tuple[str, bool]:
    """Write ids as ranges, in their order; and whether they are exactly these.

    Where there are too many ranges, those with the smallest gaps become one: then some
    ids are among them that were not meant, and none is missing.
    """
    found = list(_runs(ids))
    is_exact = len(found) <= RANGES_MAX
    if not is_exact:
        found = _joined(found)
    return ",".join(_text(first, last) for first, last in found), is_exact


def holds(text: str, lead_id: int) -> bool:
    """Whether an id is among ranges that were written."""
    return any(first <= lead_id <= last for first, last in read(text))


def read(text: str) -> Iterator[tuple[int, int]]:
    """Read ranges that were written: the first and the last id of each."""
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        yield int(first), int(last or first)


def _runs(ids: BitMap) -> Iterator[tuple[int, int]]:
    first = last = None
    for each in ids:
        if last is not None and each == last + 1:
            last = each
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = each
    if first is not None and last is not None:
        yield first, last


def _joined(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    places = range(1, len(runs))
    widest = sorted(places, key=lambda at: runs[at - 1][1] - runs[at][0])
    starts = [0, *sorted(widest[: RANGES_MAX - 1])]
    ends = [*(start - 1 for start in starts[1:]), len(runs) - 1]
    return [
        (runs[first][0], runs[last][1])
        for first, last in zip(starts, ends, strict=True)
    ]


def _text(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"
