"""A page before it is written: its name, its title, and how it is made for a reader."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from leadwell.describe.pages.document import Block, Page
from leadwell.describe.reader import Reader

Statuses: TypeAlias = Mapping[str, int]
"""The HTTP status of every error, by its code."""
Make: TypeAlias = Callable[[Reader, Statuses], tuple[Block, ...]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One page in the list of all."""

    name: str
    """Its place in the address; empty: the first page."""
    title: str
    summary: str
    """One sentence, for lists of pages."""
    make: Make
    needs_write: bool = False
    """Whether it is only for readers who may write."""

    def page(self, reader: Reader, statuses: Statuses) -> Page:
        """Write the page for a reader."""
        blocks = self.make(reader, statuses)
        return Page(self.name, self.title, self.summary, blocks)
