"""The change feed and the digest, as the hub answers them."""

from typing import Any

from msgspec import Struct, field

SETTLE_S = 1.0
"""The pause before a hub is asked again that is carrying out an edit."""


class Change(Struct, frozen=True):
    """One entry of the change feed."""

    op: str
    """`upsert`, `remove` or `schema`; what else a newer hub says is to be ignored."""
    id: int | None = None
    version: int | None = None
    lead: dict[str, Any] | None = None
    """The lead as it is now, as the wire shows it."""
    reason: str | None = None
    """Why a lead went; a reason that is unknown here is a removal all the same."""
    merged_into: int | None = None
    schema_version: str | None = None
    at: str | None = None


class Changes(Struct, frozen=True, rename={"entries": "data"}):
    """Some changes, to be applied in their order, and where the feed goes on."""

    entries: list[Change]
    cursor: str
    """Keep it with what was applied, best in one transaction."""
    has_more: bool
    up_to_date: bool
    """Whether the copy, with these applied, is exactly what the token may see."""
    count: int | None = None
    """How many leads that is; only when it was asked for, and up to date."""
    digest: str | None = None

    @property
    def is_settling(self) -> bool:
        """Whether the hub is carrying out an edit, and tells more when it has."""
        return not (self.entries or self.has_more or self.up_to_date)


class Bucket(Struct, frozen=True):
    """What the leads add up to whose id mod 256 is `bucket`."""

    bucket: int
    count: int
    digest: str


class Held(Struct, frozen=True):
    """Which version of a lead the hub has."""

    id: int
    version: int


class Digest(Struct, frozen=True, rename={"leads": "data"}):
    """What the visible leads add up to: equal digests mean equal copies."""

    count: int
    digest: str
    """32 hexadecimal digits."""
    cursor: str
    """Where the change feed goes on after this moment."""
    buckets: list[Bucket] = field(default_factory=list[Bucket])
    """One for each `id mod 256`, when they were asked for."""
    bucket: int | None = None
    leads: list[Held] = field(default_factory=list[Held])
    """The leads of that one bucket."""
