"""Which leads hold what: one bitmap for each status, option, person and flag."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

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
MANY = 32
"""From so many leads on it is quicker to forget them, and to take all in at once."""
_ONE_CHOICE = frozenset({SELECT.name, BOOLEAN.name})
_decoder = msgspec.json.Decoder(dict[str, Any])

K = TypeVar("K")
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
        """Take in a lead as it is now; only bitmaps that tell another thing change."""
        lead_id, seq = row.id, 0
        held = dict(_held(kinds, row))
        keys = {(ref, value) for ref, values in held.items() for value in values}
        if lead_id in self.everything:
            _leave(lead_id, self.filled, held)
            _leave(lead_id, self.chosen, keys)
            seq = self.changed.value(lead_id)
        else:
            # Once only: no write sets it again.
            self.created.put(lead_id, row.created_at - YEAR_1_US)
        self.everything.add(lead_id)
        _enter(lead_id, self.filled, held)
        _enter(lead_id, self.chosen, keys)
        self.changed.put(lead_id, row.seq, seq)

    def put_all(self, kinds: Kinds, rows: Sequence[Row]) -> None:
        """Take in leads as they are now, each of them named once."""
        if len(rows) < MANY:
            for row in rows:
                self.put(kinds, row)
        else:
            self.drop(BitMap([row.id for row in rows]))
            self.fill(kinds, rows)

    def drop(self, lead_ids: BitMap) -> None:
        """Forget leads."""
        if lead_ids:
            for bitmap in self._sets():
                bitmap.difference_update(lead_ids)
            self.created.drop(lead_ids)
            self.changed.drop(lead_ids)

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
        """Yield every bitmap that tells something of the leads."""
        yield from self._sets()
        yield from self.created.digits
        yield from self.changed.digits

    def _sets(self) -> Iterator[BitMap]:
        yield self.everything
        yield from self.chosen.values()
        yield from self.filled.values()

    @property
    def size_bytes(self) -> int:
        """How much memory the bitmaps take, and what is kept beside them."""
        beside = (*self.created.beside(), *self.changed.beside())
        return sum(map(bytes_of, (*self.bitmaps(), *beside)))


def _leave(lead_id: int, sets: Mapping[K, BitMap], stays: Container[K]) -> None:
    for key, bitmap in sets.items():
        if lead_id in bitmap and key not in stays:
            bitmap.discard(lead_id)


def _enter(lead_id: int, sets: dict[K, BitMap], keys: Iterable[K]) -> None:
    for key in keys:
        bitmap = sets.get(key)
        if bitmap is None:
            bitmap = sets[key] = BitMap()
        bitmap.add(lead_id)


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
