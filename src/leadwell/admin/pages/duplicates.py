"""Leads that look like one person's: groups of them, to be merged or left apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.responses import Response

from leadwell.admin.pages.leads import inputs
from leadwell.admin.pages.leads.framing import framed
from leadwell.admin.pages.leads.inputs import Input
from leadwell.admin.visit import Visit
from leadwell.errors import Conflict, LeadwellError
from leadwell.model.campaign import Campaign, Field
from leadwell.model.page import Page
from leadwell.model.query import Question
from leadwell.schema import identity
from leadwell.store import pages
from leadwell.store.connection import Connection
from leadwell.store.duplicates import groups
from leadwell.store.duplicates.groups import Group
from leadwell.store.writes import chores

PER_PAGE = 20
PAGE_DIGITS_MAX = 9
Leads = Mapping[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """One lead of a group."""

    lead: dict[str, Any]
    cells: Sequence[Input]
    into: int
    """The lead that it can be merged into; 0: choose another one of the group."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One group as somebody sees it."""

    key: str
    ids: str
    """Its leads, as the form carries them along."""
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """The page of a campaign's duplicates."""

    async def show(self, visit: Visit) -> Response:
        """Show the groups, the one with the newest lead first."""
        return await _shown(visit)

    async def settle(self, visit: Visit) -> Response:
        """Remember that the leads of a group are no duplicates."""
        key, leads = _key(visit.text("key")), _ids(visit.text("leads"))

        def job(connection: Connection) -> bool:
            campaign = visit.held(connection)
            return groups.settle(connection, campaign.id, key, leads)

        if await visit.write(job):
            return visit.go(f"/campaigns/{visit.campaign_id}/duplicates", "settled")
        error = Conflict(
            visit.said("these leads have changed meanwhile"),
            hint=visit.said("look at them again"),
        )
        return await _shown(visit, error)


def alike(visit: Visit, connection: Connection, campaign: Campaign, ref: int) -> Leads:
    """Return the leads that look like the same person's as this one."""
    found = groups.find_of(connection, campaign.id, ref)
    others = {each for group in found for each in group.leads} - {ref}
    return _seen(visit, connection, campaign, sorted(others))


async def _shown(visit: Visit, error: LeadwellError | None = None) -> Response:
    content = await visit.read(lambda c: _content(c, visit))
    shown = content | {"error": error}
    return visit.page("duplicates.html", shown, 409 if error else 200)


def _content(connection: Connection, visit: Visit) -> dict[str, Any]:
    campaign = visit.campaign(connection)
    number = _page(visit)
    found = groups.find_page(connection, campaign.id, number, PER_PAGE)
    ids = {each for group in found for each in group.leads}
    seen = _seen(visit, connection, campaign, sorted(ids))
    return {
        **framed(visit, campaign),
        "page": Page(found, number, PER_PAGE, groups.count(connection, campaign.id)),
        "groups": [_group(visit, campaign, each, seen) for each in found],
        "fields": _fields(campaign),
        "left": chores.left(connection, campaign.id, chores.Kind.KEYS),
    }


def _group(visit: Visit, campaign: Campaign, group: Group, seen: Leads) -> Shown:
    ids = [each for each in group.leads if each in seen]
    rows = [
        Row(seen[each], _cells(visit, campaign, seen[each]), _into(ids, each))
        for each in ids
    ]
    return Shown(group.key.hex(), ",".join(map(str, group.leads)), rows)


def _into(ids: list[int], lead_id: int) -> int:
    """Say where a lead goes: into the oldest; of two, the oldest into the other."""
    if len(ids) < 2:
        return 0
    if lead_id != ids[-1]:
        return ids[-1]
    return ids[0] if len(ids) == 2 else 0


def _fields(campaign: Campaign) -> Sequence[Field]:
    """What tells people apart: the first field, and those that are compared."""
    compared = identity.fields(campaign)
    return (*(x for x in campaign.fields[:1] if x not in compared), *compared)


def _cells(visit: Visit, campaign: Campaign, lead: dict[str, Any]) -> list[Input]:
    shown = inputs.of_lead(visit.said, campaign, lead)
    by_id = {each.field.id: each for each in shown if each.field}
    return [by_id[field.id] for field in _fields(campaign)]


def _seen(
    visit: Visit, connection: Connection, campaign: Campaign, ids: Sequence[int]
) -> Leads:
    query = visit.user.grant(campaign).query(campaign, Question())
    found = pages.find_pinned(connection, visit.hub.indexes, campaign, query, ids)
    leads = map(msgspec.json.decode, found)
    return {lead["id"]: lead for lead in leads}


def _page(visit: Visit) -> int:
    text = visit.request.query_params.get("page", "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= PAGE_DIGITS_MAX
    return max(int(text), 1) if is_number else 1


def _key(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _ids(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    is_list = all(each.isascii() and each.isdecimal() for each in parts)
    return tuple(map(int, parts)) if is_list else ()
