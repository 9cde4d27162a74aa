"""Reading a list whose pages cannot overlap: again and again, until nothing is new."""

from collections.abc import Iterator
from itertools import count

from leadwell.sync.any_service.lists import Fetched
from leadwell.sync.any_service.reading_ahead import Ask
from leadwell.sync.any_service.windows import Mark, Window

PASSES_MAX = 4
"""Each finds less; a list that nobody changes takes two."""


def read(ask: Ask, per_page: int) -> Iterator[Fetched]:
    """Read a list page by page. Best effort: what moves each time can be missed."""
    known: set[Mark] = set()
    for _ in range(PASSES_MAX):
        before = len(known)
        for fetched in _once(ask, per_page):
            known |= {lead.mark for lead in fetched.leads}
            yield fetched
        if len(known) == before:
            return


def _once(ask: Ask, per_page: int) -> Iterator[Fetched]:
    met: set[Mark] = set()
    for page in count(1):
        fetched = ask(Window(page, per_page))
        marks = {lead.mark for lead in fetched.leads}
        # Some services answer what is behind their last page with that page.
        yield fetched
        if marks <= met:
            return
        met |= marks
