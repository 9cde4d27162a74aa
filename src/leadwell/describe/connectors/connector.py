"""What a connector is: a text for another tool, and how to use it there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from textwrap import indent, wrap

from leadwell.describe.pages import document
from leadwell.describe.pages.document import (
    Block,
    Code,
    Items,
    Listing,
    Paragraph,
    Text,
    say,
)
from leadwell.describe.reader import Reader

TOKEN = "PUT-YOUR-TOKEN-HERE"  # noqa: S105 - what stands where a token belongs
NOT_RUN = "Not run against"
"""How `tried` begins where the tool itself could not be had."""
_WIDTH = 88


@dataclass(frozen=True, slots=True)
class Connector:
    """A text that is made for one reader, and says how another tool reads leads.

    It never holds the token: that is asked for, or kept where the tool keeps secrets.
    """

    name: str
    title: str
    """As people ask for it."""
    file_name: str
    media_type: str
    text: Callable[[Reader], str]
    instructions: Callable[[Reader], tuple[Block, ...]]
    tried: str
    """What it was run against; begins with `NOT_RUN` where it was not."""

    @property
    def path(self) -> str:
        """Where it is downloaded, below the documentation's own address."""
        return f"download/connectors/{self.name}/{self.file_name}"

    @property
    def is_tried(self) -> bool:
        """Whether the tool itself has run it."""
        return not self.tried.startswith(NOT_RUN)


def told(text: str) -> Block:
    """Make a paragraph of our own words."""
    return Paragraph(say(text))


def warned(text: str) -> Block:
    """Make a paragraph of our own words that must not be missed."""
    return document.Warning(say(text))


def steps(*texts: str | Text) -> Block:
    """Make a list of what is to be done, in its order."""
    items = tuple(say(text) if isinstance(text, str) else text for text in texts)
    return Items(items, is_ordered=True)


def recipe(
    title: str, instructions: Callable[[Reader], tuple[Block, ...]], tried: str
) -> Callable[[Reader], str]:
    """Return a text that holds nothing but its instructions."""

    def written(reader: Reader) -> str:
        parts = (title, *_lines(instructions(reader)), *_wrapped(tried))
        return "\n".join((*parts, ""))

    return written


def _lines(blocks: tuple[Block, ...]) -> Iterator[str]:
    for block in blocks:
        yield ""
        if isinstance(block, Paragraph | document.Warning):
            yield from _wrapped(_plain(block.text))
        elif isinstance(block, Listing):
            yield indent(block.text.rstrip("\n"), "    ")
        elif isinstance(block, Items):
            yield from _items(block)
    yield ""


def _items(block: Items) -> Iterator[str]:
    for number, item in enumerate(block.items, 1):
        yield from _wrapped(_plain(item), f"{number}. " if block.is_ordered else "- ")


def _wrapped(text: str, mark: str = "") -> list[str]:
    # What is to be copied, as a URL, stays whole.
    return wrap(
        text,
        _WIDTH,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _plain(text: Text) -> str:
    return "".join(
        span
        if isinstance(span, str)
        else f"`{span.text}`"
        if isinstance(span, Code)
        else span.text
        for span in text
    )
