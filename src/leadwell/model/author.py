"""Who writes leads."""

from collections.abc import Set
from dataclasses import dataclass

from leadwell.model.campaign import Attribute
from leadwell.model.query import Condition


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: whose external ids they are, and the filter they must stay inside."""

    lineage: str = ""
    forced: tuple[Condition, ...] = ()
    noted_as: str = ""
    """What the history calls them; empty: their lineage."""
    readable: Set[int | Attribute] | None = None
    """The fields that they may see: no others are compared to find duplicates. `None`:
    all."""

    @property
    def name(self) -> str:
        """What the history calls them."""
        return self.noted_as or self.lineage


OPERATOR = Author()
"""The person at the hub's own command line."""
