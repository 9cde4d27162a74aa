"""Which leads hold what: one bitmap for each status, option, person and flag."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from pyroaring import BitMap

from leadwell.index.slices import Slices
from leadwell.model.campaign import Campaign, Column
from leadwell.model.query import FieldRef
from leadwell.schema.fields.boolean import BOOLEAN
from leadwell.schema.fields.select import MULTI_SELECT, SELECT

LEAD_ID_MAX = 2**32 - 1
"""What a bitmap can hold; a campaign with a higher id is read by SQL."""
YEAR_1_US = -62_135_596_800_000_000
"""Moments count from here, so that none is negative."""
_ONE_CHOICE = frozenset({SELECT.name, BOOLEAN.name})
_decoder = msgspec.json.Decoder(dict[str, Any])

Key = tuple[FieldRef, int]
"""A field or column, and the id of what is chosen there; of a boolean, 1 or 0."""
Kinds = Mapping[str, tuple[int, str]]
"""The fields by what the store calls them: their ids, and their types."""


class Row(NamedTuple):
    """What the index reads of a lead; `fields` is the JSON that the store keeps."""

    id: int
    seq: int
    status: int | None
    assigned_to: int | None
    created_at: int
    fields: str


@dataclass(slots=True)
class Index:
    """The leads of one campaign as sets of ids."""

    seq: int = 0
    """The last change that it knows."""
    everything: BitMap = field(default_factory=BitMap)
    chosen: dict[Key, BitMap] = field(default_factory=dict[Key, BitMap])
    filled: dict[FieldRef, BitMap] = field(default_factory=dict[FieldRef, BitMap])
    """Which leads hold any value there."""
    created: Slices = field(default_factory=Slices)
    changed: Slices = field(default_factory=Slices)
    """By `seq`, which rises with `updated_at`."""

    def put(self, kinds: Kinds, row: Row) -> None:
        """Take in a lead as it is now."""
        self.drop(row.id)
        self.everything.add(row.id)
        for ref, values in _held(kinds, row):
            self.filled.setdefault(ref, BitMap()).add(row.id)
            for value in values:
                self.chosen.setdefault((ref, value), BitMap()).add(row.id)
        self.created.put(row.id, row.created_at - YEAR_1_US)
        self.changed.put(row.id, row.seq)

    def drop(self, lead_id: int) -> None:
        """Forget a lead."""
        if lead_id in self.everything:
            for bitmap in self.bitmaps():
                bitmap.discard(lead_id)

    def fill(self, kinds: Kinds, rows: Sequence[Row]) -> None:
        """Take in many leads, none of which it knows yet; quicker than `put`."""
        filled: dict[FieldRef, list[int]] = {}
        chosen: dict[Key, list[int]] = {}
        for row in rows:
            for ref, values in _held(kinds, row):
                filled.setdefault(ref, []).append(row.id)
                for value in values:
                    chosen.setdefault((ref, value), []).append(row.id)
        ids = [row.id for row in rows]
        self.everything.update(ids)
        for ref, found in filled.items():
            self.filled.setdefault(ref, BitMap()).update(found)
        for key, found in chosen.items():
            self.chosen.setdefault(key, BitMap()).update(found)
        self.created.fill(ids, [row.created_at - YEAR_1_US for row in rows])
        self.changed.fill(ids, [row.seq for row in rows])

    def pack(self) -> None:
        """Keep long runs of ids as runs, and give back what is left over."""
        for bitmap in self.bitmaps():
            bitmap.run_optimize()
            bitmap.shrink_to_fit()

    def bitmaps(self) -> Iterator[BitMap]:
        """Yield every bitmap there is."""
        yield self.everything
        yield from self.chosen.values()
        yield from self.filled.values()
        yield from self.created.digits
        yield from self.changed.digits

    @property
    def size_bytes(self) -> int:
        """How much memory the bitmaps take."""
        return sum(map(bytes_of, self.bitmaps()))


def bytes_of(bitmap: BitMap) -> int:
    """Return how much memory the ids of a bitmap take."""
    found = bitmap.get_statistics()
    return (
        found["n_bytes_array_containers"]
        + found["n_bytes_run_containers"]
        + found["n_bytes_bitset_containers"]
    )


def kinds_of(campaign: Campaign) -> Kinds:
    """Return how the campaign's fields are read."""
    return campaign.deriving(
        "kinds",
        lambda: {str(each.id): (each.id, each.type) for each in campaign.fields},
    )


def _held(kinds: Kinds, row: Row) -> Iterator[tuple[FieldRef, Iterable[int]]]:
    if row.status is not None:
        yield Column.STATUS, (row.status,)
    if row.assigned_to is not None:
        yield Column.ASSIGNED_TO, (row.assigned_to,)
    for name, value in _decoder.decode(row.fields).items():
        known = kinds.get(name)
        if known is None or value is None:
            continue
        field_id, kind = known
        if kind in _ONE_CHOICE:
            yield field_id, (value,)
        elif kind == MULTI_SELECT.name:
            yield field_id, value
        else:
            yield field_id, ()
