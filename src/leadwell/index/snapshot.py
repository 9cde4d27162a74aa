"""An index as bytes, so that a process need not make it again from all leads.

The form is ours alone and may change with any release: what cannot be read is made
again. A checksum finds what was cut off or damaged.
"""

import zlib
from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

import msgspec
from pyroaring import BitMap

from leadwell.index.index import Index
from leadwell.index.slices import Slices
from leadwell.model.campaign import Column
from leadwell.model.query import FieldRef

T = TypeVar("T")

FORM = 1
"""Rises when the bytes or the meaning of a bitmap change."""
_HEAD = 8
"""Bytes before the contents: the form, and a CRC-32 of the rest."""


class _Contents(msgspec.Struct, array_like=True):
    """Which bitmaps follow, in their order, and how long each one is."""

    seq: int
    chosen: list[tuple[str | int, int]]
    filled: list[str | int]
    created: int
    changed: int
    sizes: list[int]


_decoder = msgspec.msgpack.Decoder(_Contents)


def write(index: Index) -> bytes:
    """Return the index as bytes."""
    parts = [bitmap.serialize() for bitmap in index.bitmaps()]
    contents = _Contents(
        seq=index.seq,
        chosen=[(_name(ref), value) for ref, value in index.chosen],
        filled=[_name(ref) for ref in index.filled],
        created=len(index.created.digits),
        changed=len(index.changed.digits),
        sizes=[len(part) for part in parts],
    )
    head = msgspec.msgpack.encode(contents)
    rest = b"".join([len(head).to_bytes(4), head, *parts])
    return FORM.to_bytes(4) + zlib.crc32(rest).to_bytes(4) + rest


def read(data: bytes) -> Index | None:
    """Return the index; `None` when the bytes are damaged or of another release."""
    head, rest = data[:_HEAD], memoryview(data)[_HEAD:]
    if head != FORM.to_bytes(4) + zlib.crc32(rest).to_bytes(4):
        return None
    length = int.from_bytes(rest[:4])
    contents = _decoder.decode(rest[4 : 4 + length])
    bitmaps = _bitmaps(rest[4 + length :], contents.sizes)
    return Index(
        seq=contents.seq,
        everything=next(bitmaps),
        chosen=_paired(_keys(contents), bitmaps),
        filled=_paired(_refs(contents), bitmaps),
        created=Slices(list(islice(bitmaps, contents.created))),
        changed=Slices(list(islice(bitmaps, contents.changed))),
    )


def _paired(names: list[T], bitmaps: Iterator[BitMap]) -> dict[T, BitMap]:
    return dict(zip(names, islice(bitmaps, len(names)), strict=True))


def _bitmaps(data: memoryview, sizes: list[int]) -> Iterator[BitMap]:
    start = 0
    for size in sizes:
        yield BitMap.deserialize(bytes(data[start : start + size]))
        start += size


def _keys(contents: _Contents) -> list[tuple[FieldRef, int]]:
    return [(_ref(name), value) for name, value in contents.chosen]


def _refs(contents: _Contents) -> list[FieldRef]:
    return [_ref(name) for name in contents.filled]


def _name(ref: FieldRef) -> str | int:
    return ref.value if isinstance(ref, Column) else ref


def _ref(name: str | int) -> FieldRef:
    return Column(name) if isinstance(name, str) else name
