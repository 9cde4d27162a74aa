"""What stands between a ledger and a warehouse: it loads, and says what is there.

There is one, dlt's. What it must promise is little, so that nothing else depends on it.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from leadwell.sync.destinations.push.warehouse.contents import Content


class Engine(Protocol):
    """The way into one dataset of a warehouse."""

    def load(self, contents: Sequence[Content]) -> None:
        """Load rows; when it returns they are there, each once, however often it was.

        Raises:
            Away: they could not be loaded now.
            ReceiverRefuses: they never can.
        """
        ...

    def marks(self) -> list[tuple[int, str]] | None:
        """Return campaign and ledger of each mark; `None`: there is no such table."""
        ...

    def has_leads(self) -> bool:
        """Whether there is a table of leads, whoever made it."""
        ...

    def drop(self, tables: Iterable[str]) -> None:
        """Drop tables, so that the next load makes them anew."""
        ...

    def close(self) -> None:
        """Let go of it, and delete what it has left on this machine."""
        ...


class Opens(Protocol):
    """What opens engines."""

    def check(self, destination: str) -> None:
        """Refuse a destination that leads cannot be kept in rightly.

        Raises:
            UsageError: it is none, or a package or a setting for it is missing.
        """
        ...

    def open(self, destination: str, dataset: str, name: str, folder: Path) -> Engine:
        """Open a dataset of a destination.

        Args:
            destination: as dlt calls it
            name: of the copy, for dlt's own books
            folder: where it may keep files while it is open; nobody else does
        """
        ...


class Away(Exception):
    """The warehouse cannot be loaded now; it says why."""
