"""Saved filters: what they mean in words, how many leads match, and who has them."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from leadwell.admin import comparing, freshness
from leadwell.admin.pages.filters.form import (
    asked_in,
    content,
    known_by,
    path_of,
    seen_of,
    wrong_name,
)
from leadwell.admin.settling import settle
from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.errors import Conflict, LeadwellError, NotFound
from leadwell.schema import wording
from leadwell.store import filters
from leadwell.store.access import saving
from leadwell.store.access.saving import Effect
from leadwell.store.connection import Connection
from leadwell.store.people.activity import What
from leadwell.store.writes import scopes
from leadwell.store.writes.rehearsal import Undone, undone

_PASSED = ("_word", "save", "agreed", "c.do")
"""What a form holds besides what was typed."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The tab, and the page of one filter or a new one."""

    async def show(self, visit: Visit) -> Response:
        """Show the saved filters."""
        return visit.page("filters.html", await visit.read(lambda c: _list(c, visit)))

    async def edit(self, visit: Visit) -> Response:
        """Show a filter; `filter` in the address holds the conditions of a new one."""
        return visit.page("filter.html", await visit.read(lambda c: content(c, visit)))

    async def save(self, visit: Visit) -> Response:
        """Save it; without its own button the form is only shown again."""
        shown = await visit.read(lambda c: content(c, visit))
        if not visit.text("save"):
            return visit.page("filter.html", shown)
        if not shown["built"].is_sound or shown["wrong_name"]:
            return visit.page("filter.html", shown, 422)
        try:
            felt = await self._to_agree(visit)
            if felt is not None:
                return visit.page("filter_effect.html", shown | felt)
            await visit.write(lambda c: _save(c, visit))
        except LeadwellError as error:
            return visit.page("filter.html", shown | {"error": error}, 422)
        await settle(visit)
        return visit.go(path_of(visit), "saved")

    async def _to_agree(self, visit: Visit) -> dict[str, Any] | None:
        """Return what has to be agreed to, where nobody has yet.

        Raises:
            LeadwellError: it cannot be saved anyway.
        """
        felt = await visit.read(lambda c: _felt(c, visit))
        if felt is None or visit.text("agreed"):
            return None
        with suppress(Undone):
            await visit.write(undone(lambda c: _save(c, visit)))
        pairs = visit.form.multi_items()
        typed = [pair for pair in pairs if pair[0] not in _PASSED]
        return {"effect": felt, "typed": typed}

    async def remove(self, visit: Visit) -> Response:
        """Remove it, if no token has it; what is gone already is gone."""
        try:
            await visit.write(lambda c: _remove(c, visit))
        except NotFound:
            return visit.go(path_of(visit), "removed")
        except Conflict as error:
            shown = await visit.read(lambda c: content(c, visit))
            return visit.page("filter.html", shown | {"error": error}, 422)
        return visit.go(path_of(visit), "removed")


def _list(connection: Connection, visit: Visit) -> dict[str, Any]:
    campaign = visit.campaign(connection)
    held = saving.bearers(connection, campaign)
    rows = [
        {
            "filter": kept,
            "words": comparing.in_words(visit.said, campaign, kept.conditions),
            "query": wording.as_query(campaign, kept.conditions),
            "leads": scopes.digest(connection, campaign.id, kept.id).count,
            "tokens": [token.name for token in held.get(kept.id, [])],
        }
        for kept in filters.find_all(connection, campaign)
    ]
    return {**around(visit, campaign, "filters"), "at": path_of(visit), "rows": rows}


def _felt(connection: Connection, visit: Visit) -> Effect | None:
    """Return what tokens would see otherwise, if any would."""
    campaign = visit.campaign(connection)
    known = known_by(connection, visit, campaign)
    if known is None or not saving.bearers(connection, campaign).get(known.id):
        return None
    found = saving.effect(connection, campaign, known, asked_in(visit, campaign))
    return found if found.is_felt else None


def _save(connection: Connection, visit: Visit) -> None:
    campaign = visit.held(connection)
    known = known_by(connection, visit, campaign)
    asked = asked_in(visit, campaign)
    name = filters.checked_name(visit.text("name"))
    if not asked or wrong_name(connection, visit, campaign, known):
        raise freshness.changed(visit)
    if known is not None and (known.name, known.conditions) != (name, asked):
        freshness.check(visit, seen_of(campaign, known))
        filters.rename(connection, campaign, known, name)
    before = known or filters.find_named(connection, campaign, name)
    kept = saving.save(connection, campaign, name, asked, visit.hub.now)
    if before is None or before != kept:
        what = What.FILTER_MADE if before is None else What.FILTER_CHANGED
        visit.note(connection, campaign, what, name, kept.id)


def _remove(connection: Connection, visit: Visit) -> None:
    campaign = visit.held(connection)
    known = known_by(connection, visit, campaign)
    if known is not None:
        filters.remove(connection, campaign, known.name or "")
        about = known.name or "", known.id
        visit.note(connection, campaign, What.FILTER_REMOVED, *about)
