"""Where a copy of a service stands; it is kept as the cursor of the copy's state."""

from typing import Any, Literal, cast

import msgspec
from msgspec import Struct, field

from leadwell.sync.any_service.traits import Traits
from leadwell.sync.any_service.windows import OVERLAP, Walk

MARKS_KEPT = 200
"""Leads at the end of what was read, to recognise where it goes on."""
RECENT_MAX = 10_000
"""Leads whose content is remembered, to tell a lead that was read again from one that
has changed; beyond, those are told as changed."""
ORDERS = ("id", "-id", "updated_at", "-updated_at")


class Position(Struct):
    """A walk that is under way."""

    since: str | None
    """What it asks for; `None`: everything."""
    retells: bool = False
    """Whether leads that are not met are looked for in the end."""
    began: str | None = None
    """When its first answer was given, by the service's clock; RFC 3339."""
    everything_began: str | None = None
    """The same of the walk through everything that it follows."""
    orders: list[str] = field(default_factory=lambda: [*ORDERS])
    """What every window can have been ordered by."""
    offset: int = 0
    overlap: int = OVERLAP
    marks: list[tuple[int, int]] = []
    is_over: bool = False
    """Whether it has come to its end, and what is gone is to be looked for."""

    @property
    def cannot_move(self) -> bool:
        """Whether the list is ordered by id and by nothing else."""
        return bool(self.orders) and not any("updated" in each for each in self.orders)

    def walk(self, per_page: int) -> Walk:
        """Return the walk, to go on with."""
        walk = Walk(per_page, self.offset, self.overlap)
        walk.know(self.marks)
        return walk

    def note(self, walk: Walk) -> None:
        """Note how far the walk is."""
        self.offset, self.overlap = walk.offset, walk.overlap
        self.marks = cast("list[tuple[int, int]]", walk.last(MARKS_KEPT))


class Place(Struct):
    """What is known of a service, and how far its copy is."""

    traits: Traits
    after: str | None = None
    """Changes since then are asked for next; `None`: everything is."""
    walk: Position | None = None
    reconciled: str | None = None
    """When everything was last compared, by the service's clock."""
    missing: list[int] = []
    """Leads that were not met last time, and whose absence nothing else proves."""
    skew: int = 0
    """Seconds by which `updated_at` was seen to be ahead of the service's clock."""
    people: dict[int, str] = field(default_factory=dict[int, str])
    recent: dict[int, str] = field(default_factory=dict[int, str])
    """The content of leads that will be read again, hashed."""
    is_served: bool = False
    """Whether the columns are those that the service itself says."""
    kind: Literal["any_service"] = "any_service"

    def text(self) -> str:
        """Write it, to be kept."""
        return msgspec.json.encode(self).decode()


def place_of(cursor: str | None) -> Place | None:
    """Read a place; `None`: the cursor is one of a hub's change feed."""
    if cursor is None or not cursor.startswith("{"):
        return None
    try:
        content: dict[str, Any] = msgspec.json.decode(cursor, type=dict[str, Any])
        return msgspec.json.decode(cursor, type=Place) if "kind" in content else None
    except msgspec.MsgspecError:
        return None
