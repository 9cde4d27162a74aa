"""What somebody has read since some moment: the question after a token was lost."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from pyroaring import BitMap

from leadwell.store.audit import ranges
from leadwell.store.audit.chain import Kind, Told


class Part(NamedTuple):
    """What was read alike."""

    campaign_id: int
    actor: str
    token: str
    """The public id; empty: a person read."""
    filter: int | None
    generation: int


@dataclass(slots=True)
class Reading:
    """What was read of a campaign through one scope."""

    part: Part
    fields: list[str] | None
    """`None`: all of them."""
    first: str
    """When the first request came; as it is shown."""
    last: str
    requests: int = 0
    answered: int = 0
    """Leads, as often as they were answered."""
    ids: BitMap = field(default_factory=BitMap)
    is_exact: bool = True
    """Whether each lead among the ids was answered."""
    addresses: set[str] = field(default_factory=set[str])
    whats: set[str] = field(default_factory=set[str])

    def add(self, told: Told, content: dict[str, Any]) -> None:
        """Add a row."""
        self.first = min(self.first, content["from"])
        self.last = max(self.last, content["to"])
        self.requests += content["requests"]
        self.answered += content["answered"]
        for first, last in ranges.read(content["ids"]):
            self.ids.add_range(first, last + 1)
        self.is_exact = self.is_exact and content.get("ids_exact", True)
        self.addresses |= {*content.get("addresses", ())}
        self.whats.add(told.what)

    @property
    def ids_text(self) -> str:
        """The ids as ranges."""
        return ranges.written(self.ids)[0]


def readings(rows: Iterable[Told]) -> list[Reading]:
    """Sum up the rows that tell of reading, apart for each scope."""
    found: dict[Part, Reading] = {}
    for told in rows:
        if told.kind != Kind.READ:
            continue
        content: dict[str, Any] = msgspec.json.decode(told.content)
        scope: dict[str, Any] = content.get("scope", {})
        part = Part(
            told.chain.campaign_id,
            told.actor,
            content.get("token", ""),
            scope.get("filter"),
            scope.get("generation", 0),
        )
        reading = found.get(part)
        if reading is None:
            between = content["from"], content["to"]
            reading = Reading(part, scope.get("fields"), *between)
            found[part] = reading
        reading.add(told, content)
    return sorted(found.values(), key=lambda each: (each.first, each.part.token))


def has_read(told: Told, lead_id: int) -> bool:
    """Whether a row tells that a lead was answered, or may have been."""
    if told.kind != Kind.READ:
        return False
    return ranges.holds(msgspec.json.decode(told.content)["ids"], lead_id)
