"""Who did what in a campaign, who reads it, what was loaded, and what is erased."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.model.campaign import Campaign
from leadwell.model.grant import PERSON
from leadwell.model.importing import IMPORT
from leadwell.schema.times import from_microseconds, microseconds
from leadwell.store import readers, tokens
from leadwell.store.connection import Connection
from leadwell.store.people import activity
from leadwell.store.uploads import jobs
from leadwell.store.writes import erasing, history

PER_PAGE = 50
REVISIONS_MAX = 5_000
"""Revisions of leads that are read for a page: an import writes hundreds at once."""
ERASURES_MAX = 50
IMPORTS_MAX = 200
EVER = 10**17
"""A moment after all others, in microseconds."""
KINDS = ("", "leads", "settings", "reading", "imports", "erasures")
BEFORE = "before"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    at: datetime
    by: str
    """What did it: person, token, import, operator."""
    who: str
    what: str
    """What was done to leads, or one of `activity.What`."""
    about: str = ""
    leads: int = 0
    lead_id: int = 0
    import_id: int = 0


async def show(visit: Visit) -> Response:
    """Show what happened, newest first, or one kind of it."""
    content = await visit.read(lambda c: _content(c, visit))
    return visit.page("activity.html", content)


def _content(connection: Connection, visit: Visit) -> dict[str, Any]:
    campaign = visit.campaign(connection)
    asked = visit.request.query_params
    kind = asked.get("kind", "")
    kind = kind if kind in KINDS else ""
    text = asked.get(BEFORE, "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else EVER
    content: dict[str, Any] = {
        **around(visit, campaign, "activity"),
        "kind": kind,
        "is_later": before != EVER,
        "entries": [],
        "older": 0,
        "now": visit.hub.moment,
    }
    lists: Mapping[str, Callable[[Connection, Campaign], list[Any]]] = {
        "reading": _tokens,
        "imports": lambda c, of: jobs.find_all(c, of.id, IMPORTS_MAX),
        "erasures": _erasures,
    }
    if kind in lists:
        return content | {kind: lists[kind](connection, campaign)}
    entries, older = _entries(connection, campaign, kind, before)
    return content | {"entries": entries, "older": older}


def _entries(
    connection: Connection, campaign: Campaign, kind: str, before: int
) -> tuple[list[Entry], int]:
    """Return a page of what happened, and where the next one begins; 0: nowhere."""
    found: list[Entry] = []
    if kind != "settings":
        found += _deeds(connection, campaign, before)
    if kind != "leads":
        found += _noted(connection, campaign, before)
    found.sort(key=lambda entry: entry.at, reverse=True)
    page = found[:PER_PAGE]
    # What shares a moment stays together, as the next page begins before it.
    page += [each for each in found[PER_PAGE:] if each.at == page[-1].at]
    has_more = len(found) > len(page) or len(found) > PER_PAGE
    is_cut = bool(page) and _has_before(connection, campaign, kind, page[-1].at)
    return page, microseconds(page[-1].at) if page and (has_more or is_cut) else 0


def _has_before(
    connection: Connection, campaign: Campaign, kind: str, at: datetime
) -> bool:
    before = microseconds(at)
    is_lead = kind != "settings" and bool(
        history.find_deeds(connection, campaign.id, before, 1)
    )
    return is_lead or (
        kind != "leads" and bool(activity.find(connection, campaign, before, 1))
    )


def _deeds(connection: Connection, campaign: Campaign, before: int) -> Iterator[Entry]:
    people = {f"{PERSON}{each.id}": each.name for each in campaign.people}
    names = {
        token.lineage: token.name
        for token in tokens.find_all(connection, campaign.account_id)
    }
    files = {
        job.author: job for job in jobs.find_all(connection, campaign.id, IMPORTS_MAX)
    }
    found = history.find_deeds(connection, campaign.id, before, REVISIONS_MAX)
    for deed in found:
        author, by, who, import_id = deed.author, "token", "", 0
        if not author:
            by = "operator"
        elif author.startswith(PERSON):
            by, who = "person", people.get(author, "")
        elif author.startswith(IMPORT):
            by, job = "import", files.get(author)
            who, import_id = (job.file_name, job.id) if job else ("", 0)
        else:
            who = names.get(author, author)
        at = from_microseconds(deed.at)
        yield Entry(at, by, who, deed.op, "", deed.leads, deed.lead_id, import_id)


def _noted(connection: Connection, campaign: Campaign, before: int) -> Iterator[Entry]:
    for each in activity.find(connection, campaign, before, 2 * PER_PAGE):
        by = "person" if each.who else "operator"
        yield Entry(each.at, by, each.who, each.what, each.about)


def _tokens(connection: Connection, campaign: Campaign) -> list[Any]:
    """Return the tokens that may read the campaign; who read last comes first."""
    found = [
        token
        for token in tokens.find_all(connection, campaign.account_id)
        if token.campaign_id in (None, campaign.id)
    ]
    never = from_microseconds(0)
    return sorted(found, key=lambda t: t.last_used_at or never, reverse=True)


def _erasures(connection: Connection, campaign: Campaign) -> list[Any]:
    """Return what is erased, each with who may have had it, and who knows."""
    return [
        (
            each,
            from_microseconds(each.at),
            readers.receipts(connection, campaign, each.lead_id),
        )
        for each in erasing.find_newest(connection, campaign.id, ERASURES_MAX)
    ]
