"""Who did what in a campaign, who reads it, what was loaded, and what is erased."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.model.campaign import Campaign
from leadwell.model.grant import PERSON
from leadwell.model.importing import IMPORT, Job
from leadwell.schema.times import from_microseconds, microseconds
from leadwell.store import readers, tokens
from leadwell.store.connection import Connection
from leadwell.store.people import activity
from leadwell.store.people.activity import Happening
from leadwell.store.retention.working import RETENTION
from leadwell.store.uploads import jobs
from leadwell.store.writes import erasing, history
from leadwell.store.writes.history import Deeds

PER_PAGE = 50
DEEDS_MAX = 50_000
"""Changes of leads that are summed up for a page: an import makes thousands at once."""
NOTED_MAX = 500
HOUR_US = 3_600_000_000
ERASURES_MAX = 50
IMPORTS_MAX = 200
EVER = 10**17
"""A moment after all others, in microseconds."""
KINDS = ("", "leads", "settings", "reading", "imports", "erasures")
BEFORE = "before"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    at_us: int
    by: str
    """What did it: person, token, import, operator."""
    who: str
    what: str
    """What was done to leads, or one of `activity.What`."""
    about: str = ""
    leads: int = 0
    lead_id: int = 0
    import_id: int = 0

    @property
    def at(self) -> datetime:
        """When it happened, or the last of it."""
        return from_microseconds(self.at_us)


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
        "now": visit.hub.agreed,
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
    """Return a page of what happened, and where the next one begins; 0: nowhere.

    A page ends with an hour, so that what is told together stays together; only where
    more happened within one than is read, it ends within.
    """
    deeds: list[Deeds] = []
    noted: list[Happening] = []
    floor = 0
    if kind != "leads":
        noted = activity.find(connection, campaign, before, NOTED_MAX)
        floor = _floor([microseconds(x.at) for x in noted], NOTED_MAX)
    if kind != "settings":
        reach = history.find_reach(connection, campaign.id, before, DEEDS_MAX)
        # More than that at one moment is told whole all the same.
        floor = max(floor, min(reach, before - 1))
        deeds = history.find_deeds(connection, campaign.id, floor, before)
    authors = _Authors.of(connection, campaign)
    found = [
        *(_told(authors, each) for each in deeds),
        *(entry for entry in map(_as_entry, noted) if entry.at_us >= floor),
    ]
    found.sort(key=lambda entry: entry.at_us, reverse=True)
    if len(found) > PER_PAGE:
        hour = found[PER_PAGE - 1].at_us // HOUR_US * HOUR_US
        floor = max(floor, hour)
        found = [entry for entry in found if entry.at_us >= floor]
        return found, floor
    return found, floor


def _floor(moments: list[int], most: int) -> int:
    """Return the oldest moment of which all was read; 0: all there is was read."""
    if len(moments) < most:
        return 0
    # Of the last moment some may not have been read.
    return min((at for at in moments if at > moments[-1]), default=moments[-1])


def _told(authors: "_Authors", deeds: Deeds) -> Entry:
    at, author, op, leads, lead_id = deeds
    by, who, import_id = authors.told(author)
    return Entry(at, by, who, op, "", leads, lead_id, import_id)


def _as_entry(happening: Happening) -> Entry:
    by = "person" if happening.who else "operator"
    by = "retention" if happening.what in activity.BY_RETENTION else by
    return Entry(
        microseconds(happening.at), by, happening.who, happening.what, happening.about
    )


@dataclass(frozen=True, slots=True)
class _Authors:
    """What the authors of changes are called."""

    people: Mapping[str, str]
    tokens: Mapping[str, str]
    files: Mapping[str, Job]

    @classmethod
    def of(cls, connection: Connection, campaign: Campaign) -> "_Authors":
        found = tokens.find_all(connection, campaign.account_id)
        files = jobs.find_all(connection, campaign.id, IMPORTS_MAX)
        return cls(
            {f"{PERSON}{each.id}": each.name for each in campaign.people},
            {token.lineage: token.name for token in found},
            {job.author: job for job in files},
        )

    def told(self, author: str) -> tuple[str, str, int]:
        """Return what has done it, its name, and its import if it was one."""
        if not author:
            return "operator", "", 0
        if author == RETENTION:
            return "retention", "", 0
        if author.startswith(PERSON):
            return "person", self.people.get(author, ""), 0
        if author.startswith(IMPORT):
            job = self.files.get(author)
            return ("import", job.file_name, job.id) if job else ("import", "", 0)
        return "token", self.tokens.get(author, author), 0


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
