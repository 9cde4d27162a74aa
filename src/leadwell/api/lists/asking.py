"""List requests, read once: the same question on another page is not read again."""

import re
from dataclasses import dataclass

from leadwell.api import links
from leadwell.model.campaign import Campaign
from leadwell.model.query import Question
from leadwell.schema import querystring, question
from leadwell.schema.question import NO_SNAPSHOT

Pairs = list[tuple[str, str]]
_PAGE = re.compile(rb"page=([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list request asks, and how its other pages are asked for."""

    question: Question
    pairs: Pairs
    """The parameters but for the page's number, as they came."""
    text: str
    """The same as a query string, without the pin of a run."""
    names_page: bool


def read(view: Campaign, raw: bytes) -> Asked:
    """Read a query string, as `question.read` does.

    Raises:
        InvalidQuestion, MalformedQuery, TooMany: as there.
    """
    pairs = querystring.decode(raw)
    asked = question.read(view, pairs)
    kept = [pair for pair in pairs if pair[0] != "page"]
    names_page = len(kept) < len(pairs)
    is_pinned = asked.snapshot not in {None, NO_SNAPSHOT}
    plain = [pair for pair in kept if pair[0] != "_snapshot"] if is_pinned else kept
    return Asked(asked, kept, links.but_page(plain), names_page=names_page)


def parted(raw: bytes) -> tuple[bytes, int | None]:
    """Return a query string without its page, and the page; `None`: not so simple.

    What is left asks the same on every page, and can be read once for all of them.
    """
    if b"_cursor=" in raw:
        # No two requests of a walk are alike.
        return raw, None
    parts = raw.split(b"&")
    pages = [part for part in parts if part.startswith(b"page")]
    if not pages:
        return raw, 1
    found = _PAGE.fullmatch(pages[0])
    if len(pages) > 1 or found is None:
        return raw, None
    return b"&".join(part for part in parts if part is not pages[0]), int(found[1])
