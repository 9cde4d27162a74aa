"""What a copy knows of itself: whose it is, and where the feed goes on."""

from typing import Any

import msgspec

from leadwell.sync.table import Kind

FORMAT = 1
"""Of the tables that a destination keeps beside the leads."""


class State(msgspec.Struct, frozen=True):
    """The state of a copy; it is stored in one transaction with what it speaks of."""

    campaign_id: int
    url: str
    """Of the hub, for people who find the copy."""
    query: str
    """The conditions that the copy was asked with; the cursor belongs to them."""
    cursor: str | None = None
    """`None`: everything comes first."""
    step: int = 0
    """Counts what was stored; a copy that somebody else moved on has another one."""
    changed_in: int = 0
    """The last step that changed anything but the state."""
    retells: bool = False
    """Whether everything is told again to a copy that has leads already: those that
    are not told are removed at the end."""
    is_up_to_date: bool = False
    """Whether the copy was exact when it was last stored."""
    keeps_removed: bool = False
    """Whether removed leads stay, marked."""
    synced_at: str = ""
    """When it was stored last, by the clock of the machine that did it; RFC 3339."""
    schema: dict[str, Any] = {}
    """As the hub answered it."""
    columns: dict[str, Kind] = {}
    """All columns of the table of leads, with those whose fields are gone."""
    format: int = FORMAT
