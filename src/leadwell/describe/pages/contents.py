"""Every page, on one screen, in the order in which they are read."""

from collections.abc import Sequence

from leadwell.describe.pages import (
    connecting,
    errors,
    fields,
    filters,
    practice,
    requests,
    start,
)
from leadwell.describe.pages.document import Items, Label, Link, Page, Section, Text
from leadwell.describe.pages.entry import Entry, Statuses
from leadwell.describe.pages.tasks import changes, digest, everything, writing
from leadwell.describe.reader import Reader

PAGES: tuple[Entry, ...] = (
    start.ENTRY,
    fields.ENTRY,
    filters.ENTRY,
    everything.ENTRY,
    changes.ENTRY,
    digest.ENTRY,
    writing.ENTRY,
    connecting.ENTRY,
    requests.ENTRY,
    errors.ENTRY,
    practice.ENTRY,
)


def shown(reader: Reader) -> tuple[Entry, ...]:
    """Return the pages that a reader has."""
    return tuple(e for e in PAGES if reader.may_write or not e.needs_write)


def page(name: str, reader: Reader, statuses: Statuses) -> Page | None:
    """Write one page; `None`: the reader has no page of this name."""
    entries = {entry.name: entry for entry in shown(reader)}
    if name not in entries:
        return None
    found = entries.pop(name).page(reader, statuses)
    if name:
        return found
    further = _further(list(entries.values()))
    return Page(name, found.title, found.summary, (*found.blocks, further))


def _further(entries: Sequence[Entry]) -> Section:
    lines = ((Link(e.title, e.name), f": {e.summary}") for e in entries)
    return Section("All pages", "all-pages", (Items(tuple(lines)),))


def whose(reader: Reader) -> Text:
    """Say for whom the pages are, in a few words."""
    if reader.grant is None:
        return ("General reference",)
    if reader.view is not None:
        subject: Text = (Label(reader.view.name), f" ({reader.view.id})")
    elif reader.account is not None:
        subject = (Label(reader.account.name),)
    else:
        subject = ()
    return (*subject, " · ", Label(reader.name)) if reader.name else subject
