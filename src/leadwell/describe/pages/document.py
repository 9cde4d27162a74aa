"""What a page is made of: values that are written as HTML and as Markdown alike.

A label is somebody else's text. It stands in a page as a value, never as markup, so
whoever writes the page out escapes it, and it cannot become anything but text.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Code:
    """A word of the wire within a sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another page of the same documentation, or to a place on one."""

    text: str
    page: str = ""
    """The name of a page; empty: the page that it stands on."""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """A link to a file that is made for the reader."""

    text: str
    path: str
    """Below the documentation's own address, as `download/openapi.yaml/leads.yaml`."""


Span: TypeAlias = str | Code | Link | Download
Text: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of text."""

    text: Text


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001 - the word that readers know it by
    """A paragraph that must not be missed."""

    text: Text


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines to copy: a command, a program, an answer."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list, in an order that means something or not."""

    items: tuple[Text, ...]
    is_ordered: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; with an anchor it can be linked to."""

    cells: tuple[Text, ...]
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a head; the first cell of a row names it."""

    head: tuple[str, ...]
    rows: tuple[Row, ...]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a page, which can be linked to."""

    title: str
    anchor: str
    blocks: "tuple[Block, ...]"


Block: TypeAlias = Paragraph | Warning | Listing | Items | Table | Section


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the documentation."""

    name: str
    """Its place in the address; empty: the first page."""
    title: str
    summary: str
    """One sentence, for lists of pages."""
    blocks: tuple[Block, ...]


def say(text: str) -> Text:
    """Read a sentence of our own: what stands in backquotes is code."""
    parts = text.split("`")
    return tuple(Code(p) if i % 2 else p for i, p in enumerate(parts) if p)
