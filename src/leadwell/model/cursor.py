"""Where a reader stands: what a cursor holds, before it is sealed.

Every cursor of one kind packs to the same number of bytes, whatever it says, so that
its length tells nothing.
"""

from dataclasses import astuple, dataclass, replace
from enum import IntEnum
from struct import Struct, error

DIGEST_BYTES = 8
NO_EPOCH = bytes(8)
EVER = 2**62
"""Past every sequence number."""
_BINDING = Struct(f">Q{DIGEST_BYTES}s{DIGEST_BYTES}s")
_PLACE = Struct(f">QQ8sQQQB{DIGEST_BYTES}sB")
_LEAVING = Struct(">QQQQQQQ")
_WALK = Struct(f">QQQ8sQQ{DIGEST_BYTES}sQ")


@dataclass(frozen=True, slots=True)
class Binding:
    """What a cursor belongs to: it is worth nothing anywhere else."""

    campaign_id: int
    lineage: bytes
    """A digest of the token's lineage."""
    question: bytes
    """A digest of the conditions that were asked for."""


class Knows(IntEnum):
    """What a reader may hold of leads that entered after its place in the feed."""

    NOTHING = 0
    """It has read nothing but the feed."""
    WHAT_IT_HELD = 1
    """Its copy is of an earlier generation of the token."""
    ANYTHING = 2
    """It has read pages or an export beside the feed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a generation: the campaign's last change then, and the moment."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Leaving:
    """A scope that the token no longer has, and what the reader held of it."""

    scope_id: int
    start: int
    held: int
    told: int
    ended: int
    """The last change in which the token had the scope, and when it lost it."""
    ended_at: int
    done_to: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the change feed of one scope."""

    scope_id: int
    generation: int
    epoch: bytes
    seq: int
    """All up to this one is told."""
    start: int
    """Where the reader began with an empty copy."""
    seen: int
    """The newest moment that the reader was answered from: a lead that had changed by
    then was left out further down. So a history without that moment is another one."""
    knows: Knows
    schema: bytes
    """A digest of the schema that was told last."""
    leaving: tuple[Leaving, ...] = ()

    @property
    def held(self) -> int:
        """Up to where the reader may hold leads."""
        if self.knows is Knows.ANYTHING:
            return EVER
        if self.knows is Knows.WHAT_IT_HELD:
            return max(self.seq, self.start)
        return self.seq

    def answered_at(self, seq: int, epoch: bytes) -> "Place":
        """Return the place of a reader that is answered from this moment."""
        return replace(self, epoch=epoch, seen=max(self.seen, seq))

    def settled(self) -> "Place":
        """Return the place once the reader's copy is exact."""
        return replace(self, knows=Knows.NOTHING)

    def turned(
        self, scope_id: int, generation: int, start: int, ended: "Ended"
    ) -> "Place":
        """Return the place in another scope: first the departures, then all anew.

        What entered the old scope after it had ended for this token, the reader
        cannot hold; but that it was told all up to its place, the place itself says.
        """
        held = min(self.held, max(ended.seq, self.seq))
        left = Leaving(self.scope_id, self.start, held, self.seq, ended.seq, ended.at)
        return replace(
            self,
            scope_id=scope_id,
            generation=generation,
            seq=0,
            start=start,
            knows=Knows.WHAT_IT_HELD,
            leaving=(*(replace(old, done_to=0) for old in self.leaving), left),
        )


@dataclass(frozen=True, slots=True)
class Walk:
    """A place in a list that is walked by id, and the feed's place when it began."""

    last_id: int
    page: int
    """Which page comes next."""
    seq: int
    """The moment of the first page."""
    epoch: bytes
    seen: int
    """The moment of the last page that was answered, and its epoch."""
    watermark: int
    schema: bytes
    generation: int
    """That of the token: another one sees other leads, and cannot go on."""

    def answered_at(self, seq: int, epoch: bytes) -> "Walk":
        """Return the place of a reader that is answered from this moment."""
        return replace(self, epoch=epoch, seen=max(self.seen, seq))

    def further(self, last_id: int) -> "Walk":
        """Return the place behind this lead, a page further."""
        return replace(self, last_id=last_id, page=self.page + 1)


def pack_place(binding: Binding, place: Place) -> bytes:
    """Write a place in the feed as bytes."""
    packed = _PLACE.pack(
        place.scope_id,
        place.generation,
        place.epoch,
        place.seq,
        place.start,
        place.seen,
        place.knows,
        place.schema,
        len(place.leaving),
    )
    left = (_LEAVING.pack(*astuple(each)) for each in place.leaving)
    return _bound(binding) + packed + b"".join(left)


def unpack_place(data: bytes) -> tuple[Binding, Place] | None:
    """Read a place in the feed; `None`: these bytes are something else."""
    try:
        binding, rest = _unbound(data)
        *moments, knows, schema, count = _PLACE.unpack_from(rest)
        scope, generation, epoch, seq, start, seen = moments
        left = rest[_PLACE.size :]
        if len(left) != count * _LEAVING.size:
            return None
        leaving = tuple(Leaving(*each) for each in _LEAVING.iter_unpack(left))
        knowing = Knows(knows)
    except (error, ValueError):
        return None
    return binding, Place(
        scope, generation, epoch, seq, start, seen, knowing, schema, leaving
    )


def pack_walk(binding: Binding, walk: Walk) -> bytes:
    """Write a place in a walk as bytes."""
    return _bound(binding) + _WALK.pack(
        walk.last_id,
        walk.page,
        walk.seq,
        walk.epoch,
        walk.seen,
        walk.watermark,
        walk.schema,
        walk.generation,
    )


def unpack_walk(data: bytes) -> tuple[Binding, Walk] | None:
    """Read a place in a walk; `None`: these bytes are something else."""
    try:
        binding, rest = _unbound(data)
        return binding, Walk(*_WALK.unpack(rest))
    except error:
        return None


def _bound(binding: Binding) -> bytes:
    return _BINDING.pack(binding.campaign_id, binding.lineage, binding.question)


def _unbound(data: bytes) -> tuple[Binding, bytes]:
    return Binding(*_BINDING.unpack_from(data)), data[_BINDING.size :]
