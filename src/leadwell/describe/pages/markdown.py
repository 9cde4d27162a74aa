"""A page as Markdown (CommonMark, with the tables of GitHub's).

Nothing that stands in a label becomes markup: whatever could is escaped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from leadwell.describe.pages.document import (
    Block,
    Code,
    Download,
    Facts,
    Items,
    Label,
    Link,
    Listing,
    Page,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    Warning,  # noqa: A004 - the word that readers know it by
    visible,
)

_LEVELS = 6
_MARKUP = re.compile(r"[\\`*_\[\]<>#&|~@]|:(?=//)|(?<=\bwww)\.")
"""What could be markup, or what some readers of Markdown make links of."""
_BEGINNING = re.compile(r"\A(?:[-+=]|\d{1,9}(?=[.)]))")
"""What makes a list or a heading of a line that begins with it."""
_BACKQUOTES = re.compile("`+")
_BLANKS = re.compile("[ \t\r\n\u2028\u2029]+")
INDEX = "index"
"""What the first page is called where a name is needed."""


def write(page: Page, base: str) -> str:
    """Write a page; its links lead to the other pages below `base`, as Markdown."""
    writer = _Writer(base)
    parts = [f"# {escaped(page.title)}", escaped(page.summary)]
    parts += [part for block in page.blocks for part in writer.block(block, 2)]
    return "\n\n".join(parts) + "\n"


def path_of(name: str) -> str:
    """Return where the Markdown of a page is, below the documentation's address."""
    return f"{name or INDEX}.md"


def escaped(text: str) -> str:
    """Write text so that it stays text, wherever in a line it stands."""
    return _MARKUP.sub(r"\\\g<0>", _flat(text))


@dataclass(frozen=True, slots=True)
class _Writer:
    base: str

    def block(self, block: Block, level: int) -> Iterator[str]:
        """Write a block as paragraphs, which blank lines part."""
        if isinstance(block, Section):
            yield f"{'#' * min(level, _LEVELS)} {escaped(block.title)}"
            for each in block.blocks:
                yield from self.block(each, level + 1)
        elif isinstance(block, Table):
            yield "\n".join(self._table(block))
        elif isinstance(block, Listing):
            yield _fenced(block)
        elif isinstance(block, Paragraph):
            yield _line(self._text(block.text))
        elif isinstance(block, Warning):
            yield f"> **Mind:** {self._text(block.text)}"
        else:
            yield "\n".join(self._list(block))

    def _list(self, block: Items | Facts) -> Iterator[str]:
        if isinstance(block, Facts):
            for name, text in block.pairs:
                yield f"- **{escaped(name)}:** {self._text(text)}"
            return
        for number, text in enumerate(block.items, 1):
            mark = f"{number}." if block.is_ordered else "-"
            yield f"{mark} {_line(self._text(text))}"

    def _table(self, table: Table) -> Iterator[str]:
        yield _row([escaped(name) for name in table.head])
        yield _row(["---"] * len(table.head))
        for row in table.rows:
            yield _row([self._text(cell, in_table=True) for cell in row.cells])

    def _text(self, text: Text, *, in_table: bool = False) -> str:
        return "".join(self._span(span, in_table=in_table) for span in text)

    def _span(self, span: Span, *, in_table: bool) -> str:
        if isinstance(span, Code):
            return _code(span.text, in_table=in_table)
        if isinstance(span, Link):
            shown = (
                _code(span.text, in_table=in_table)
                if span.is_code
                else escaped(span.text)
            )
            # Markdown has no anchors: what leads to the same page leads nowhere.
            if span.page is None:
                return shown
            return f"[{shown}]({self.base}/{path_of(span.page)})"
        if isinstance(span, Download):
            return f"[{escaped(span.text)}]({self.base}/{span.path})"
        return escaped(span.text if isinstance(span, Label) else span)


def _line(text: str) -> str:
    """Keep the beginning of a line from being read as a list or a heading."""
    return _BEGINNING.sub(lambda found: _kept(found[0]), text.lstrip(" "))


def _kept(beginning: str) -> str:
    return f"{beginning}\\" if beginning.isdigit() else f"\\{beginning}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str, *, in_table: bool) -> str:
    flat = _flat(text)
    if not flat:
        return ""
    fence = "`" * (1 + max(map(len, _BACKQUOTES.findall(flat)), default=0))
    # One blank at each end is taken off again, unless there is nothing but blanks.
    is_edged = flat.strip(" ") and (flat[0] in " `" or flat[-1] in " `")
    shown = f"{fence} {flat} {fence}" if is_edged else f"{fence}{flat}{fence}"
    # A cell ends with the first bare line, in code too; there its mark is taken off.
    return shown.replace("|", "\\|") if in_table else shown


def _fenced(listing: Listing) -> str:
    text = visible(listing.text).rstrip("\n")
    longest = max(map(len, _BACKQUOTES.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{listing.language}\n{text}\n{fence}"


def _flat(text: str) -> str:
    return _BLANKS.sub(" ", visible(text))
