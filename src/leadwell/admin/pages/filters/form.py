"""The page of a saved filter: its conditions, what they match, and what is wrong."""

from typing import Any

import msgspec

from leadwell.admin import building, comparing
from leadwell.admin.building import Built
from leadwell.admin.freshness import seen
from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.admin.words import mark
from leadwell.errors import NotFound, UsageError
from leadwell.model.campaign import Campaign, Field
from leadwell.model.query import Condition, Question
from leadwell.schema import wording
from leadwell.store import filters, pages
from leadwell.store.access import saving
from leadwell.store.connection import Connection
from leadwell.store.filters import Filter

SAMPLE = 5
"""How many leads are shown of those that match."""
COLUMNS = 5


def seen_of(campaign: Campaign, kept: Filter) -> str:
    """Name the state of a filter, so that a form can say which one it was made of."""
    return seen(kept.name, wording.as_query(campaign, kept.conditions))


def path_of(visit: Visit) -> str:
    """Return the path of the tab."""
    return f"/campaigns/{visit.campaign_id}/filters"


def known_by(connection: Connection, visit: Visit, campaign: Campaign) -> Filter | None:
    """Return the filter that the path names; `None`: it is of a new one."""
    filter_id = visit.request.path_params.get("filter_id")
    if filter_id is None:
        return None
    for kept in filters.find_all(connection, campaign):
        if kept.id == filter_id:
            return kept
    raise NotFound(
        visit.said("this is not there, or not any more"),
        hint=visit.said("go back, and load the page again"),
    )


def content(connection: Connection, visit: Visit) -> dict[str, Any]:
    """Return what the page shows: the filter, or what was typed instead."""
    campaign = visit.campaign(connection)
    known = known_by(connection, visit, campaign)
    is_sent = bool(visit.form.get("name") is not None)
    built, asked = _built(visit, campaign, known, is_sent=is_sent)
    name = visit.text("name") if is_sent else (known.name or "" if known else "")
    now = seen_of(campaign, known) if known else ""
    held = saving.bearers(connection, campaign).get(known.id, []) if known else []
    return {
        **around(visit, campaign, "filters"),
        "at": path_of(visit),
        "known": known,
        "known_words": comparing.in_words(
            visit.said, campaign, known.conditions if known else ()
        ),
        "name": name,
        "wrong_name": wrong_name(connection, visit, campaign, known)
        if visit.text("save")
        else "",
        "built": built,
        "built_at": f"{path_of(visit)}/{known.id if known else 'new'}",
        "words": comparing.in_words(visit.said, campaign, asked),
        "seen": now,
        "is_stale": bool(is_sent and known and visit.text("seen") != now),
        "tokens": [token.name for token in held],
        "error": None,
        **_sample(connection, visit, campaign, built, asked),
    }


def _built(
    visit: Visit, campaign: Campaign, known: Filter | None, *, is_sent: bool
) -> tuple[Built, tuple[Condition, ...]]:
    if is_sent:
        built = building.read(visit.said, campaign, visit.form)
        return building.checked(
            visit.said, campaign, built, is_final=bool(visit.text("save"))
        )
    if known is not None:
        return building.shown(visit.said, campaign, known.conditions), known.conditions
    built = building.typed(
        visit.said, campaign, visit.request.query_params.get("filter", "")
    )
    return building.checked(visit.said, campaign, built, is_final=False)


def _sample(
    connection: Connection,
    visit: Visit,
    campaign: Campaign,
    built: Built,
    asked: tuple[Condition, ...],
) -> dict[str, Any]:
    """Return how many leads match, and the first of them."""
    if not built.is_sound:
        return {"total": None, "leads": [], "columns": []}
    question = Question(conditions=asked, per_page=SAMPLE)
    query = visit.user.grant(campaign).query(campaign, question)
    page = pages.find(connection, visit.hub.indexes, campaign, query).page
    return {
        "total": page.total,
        "leads": [msgspec.json.decode(body) for body in page.items],
        "columns": _columns(campaign, asked),
    }


def _columns(campaign: Campaign, asked: tuple[Condition, ...]) -> list[Field]:
    """Return what is shown of a lead: what it is asked about, and the first fields."""
    named = [each.field for each in asked if isinstance(each.field, int)]
    wanted = dict.fromkeys([*named, *(field.id for field in campaign.fields)])
    return [campaign.field_by_id[ref] for ref in wanted][:COLUMNS]


def wrong_name(
    connection: Connection, visit: Visit, campaign: Campaign, known: Filter | None
) -> str:
    """Say what is wrong with the name that a form holds."""
    try:
        name = filters.checked_name(visit.text("name"))
    except UsageError:
        text = mark("Write 1 to %(most)s characters, without =.")
        return visit.said(text, most=filters.NAME_CHARACTERS_MAX)
    other = filters.find_named(connection, campaign, name)
    if other is None or (known is not None and other.id == known.id):
        return ""
    if known is None and _is_sent_twice(visit, campaign, other):
        return ""
    return visit.said("There is a filter of this name already.")


def _is_sent_twice(visit: Visit, campaign: Campaign, other: Filter) -> bool:
    return set(other.conditions) == set(asked_in(visit, campaign))


def asked_in(visit: Visit, campaign: Campaign) -> tuple[Condition, ...]:
    """Return the conditions that a form holds; none, where some cannot be read."""
    built = building.read(visit.said, campaign, visit.form)
    return building.checked(visit.said, campaign, built, is_final=True)[1]
