"""What the address of the Leads tab asks: the API's own question, and nothing else.

The query string of the page is that of the API. What only the page knows is taken out
of it before it is read, and every other parameter is refused as the API does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from leadwell.errors import InvalidQuestion, Problem
from leadwell.model.campaign import Campaign
from leadwell.model.query import Question
from leadwell.schema import querystring, question

Pairs = list[tuple[str, str]]
OWN = frozenset(("_done", "_undo"))
"""What a page says to itself: a notice, and a change that can be undone."""
_MACHINES = frozenset(("_cursor", "_snapshot", "_meta"))
"""How a program walks through pages; it chooses no lead."""
_WINDOW = frozenset(("page", "per_page"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What the tab shows."""

    pairs: Pairs
    """The parameters of the API but for the page's number, as they came."""
    question: Question
    problems: Sequence[Problem] = ()
    """What is wrong with the parameters; then no lead is shown."""

    @property
    def conditions(self) -> str:
        """The query string of the conditions alone, as they came."""
        return querystring.encode([p for p in self.pairs if _is_condition(p[0])])

    @property
    def rest(self) -> str:
        """The query string of all but the conditions: words, order, columns, window.

        What of it is refused is left out, so that a mended filter can be shown.
        """
        refused = {problem.parameter for problem in self.problems}
        kept = [p for p in self.pairs if p[0] not in refused]
        return querystring.encode([p for p in kept if not _is_condition(p[0])])

    def but(self, *names: str) -> Pairs:
        """Return the parameters without those of these names."""
        return [pair for pair in self.pairs if pair[0] not in names]

    def on_page(self, page: int) -> str:
        """Return the query string that asks for another page."""
        return self.but_with("page", str(page) if page > 1 else "")

    def but_with(self, name: str, value: str) -> str:
        """Return the query string with another value of one parameter; empty: none."""
        pairs = self.but(name)
        return querystring.encode([*pairs, (name, value)] if value else pairs)


def read(view: Campaign, raw: bytes, columns: Sequence[str] = ()) -> Asked:
    """Read the query string of the page.

    Args:
        columns: what somebody has chosen to see, where the address does not say it

    Raises:
        MalformedQuery, TooMany: it is no query string at all.
    """
    pairs = _meant(querystring.decode(raw))
    if columns and not any(name == "_fields" for name, _ in pairs):
        pairs.append(("_fields", ",".join(columns)))
    kept = [pair for pair in pairs if pair[0] != "page"]
    try:
        return Asked(kept, question.read(view, pairs))
    except InvalidQuestion as error:
        return Asked(kept, Question(), error.problems)


def joined(*queries: str) -> str:
    """Join parts of a query string, some of which may be empty."""
    return "&".join(filter(None, queries))


def unpaged(asked: Asked) -> Question:
    """Return the question about all that match, whatever page is shown."""
    return replace(asked.question, page=1, sort=(), shown=None)


def _meant(pairs: Iterable[tuple[str, str]]) -> Pairs:
    # A search box that is left empty is sent all the same.
    return [
        (name, value)
        for name, value in pairs
        if name not in OWN | _MACHINES and (name, value) != ("_q", "")
    ]


def _is_condition(name: str) -> bool:
    return name == "_tz" or (not name.startswith("_") and name not in _WINDOW)
