"""What a page is made of: values that are written as HTML and as Markdown alike.

A label is somebody else's text. It stands in a page as a value, never as markup, so
whoever writes the page out escapes it, and it cannot become anything but text.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Code:
    """A word of the wire within a sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """Somebody else's words in a sentence of ours; they may run from right to left."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another page of the same documentation, or to a place on one."""

    text: str
    page: str | None = None
    """The name of a page, empty for the first one; `None`: the page it stands on."""
    anchor: str = ""
    is_code: bool = False
    """Whether its text is a word of the wire."""


@dataclass(frozen=True, slots=True)
class Download:
    """A link to a file that is made for the reader."""

    text: str
    path: str
    """Below the documentation's own address, as `download/openapi.yaml/leads.yaml`."""


Span: TypeAlias = str | Code | Label | Link | Download
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
class Facts:
    """What is to be known of one thing: names, each with what it says."""

    pairs: tuple[tuple[str, Text], ...]


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


Block: TypeAlias = Paragraph | Warning | Listing | Items | Facts | Table | Section


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


def paragraph(*parts: Span) -> Paragraph:
    """Make a paragraph of sentences of ours and of what stands between them."""
    return Paragraph(sentence(*parts))


def sentence(*parts: Span) -> Text:
    """Join sentences of ours, read by `say`, and what stands between them."""
    return tuple(
        span
        for part in parts
        for span in (say(part) if isinstance(part, str) else (part,))
    )


def visible(text: str) -> str:
    """Put a mark in place of what no page can hold: controls and half characters."""
    return _UNFIT.sub("\ufffd", text)


_UNFIT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
