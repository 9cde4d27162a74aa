"""One lead: everything it holds as a form, its history, and a new one."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from leadwell.admin.pages.duplicates import alike
from leadwell.admin.pages.leads import changing, inputs, past
from leadwell.admin.pages.leads.changing import Held
from leadwell.admin.pages.leads.editing import differing, lead_of, number
from leadwell.admin.pages.leads.framing import framed, path_of
from leadwell.admin.pages.leads.inputs import Input
from leadwell.admin.visit import Visit
from leadwell.errors import InvalidLead
from leadwell.errors.duplicates import DuplicateLead
from leadwell.model.campaign import Campaign
from leadwell.store.connection import Connection
from leadwell.store.writes import replays
from leadwell.store.writes.replays import Key

_ROUTE = "a new lead by a page"


@dataclass(frozen=True, slots=True)
class OneLead:
    """The page of one lead."""

    async def show(self, visit: Visit) -> Response:
        """Show a lead."""
        return await _shown(visit, None)

    async def save(self, visit: Visit) -> Response:
        """Save what was typed; what others have changed is shown beside it."""
        lead_id, version = lead_of(visit), number(visit, "version")
        try:
            edited = await visit.write(
                lambda c: changing.save(visit, c, lead_id, version)
            )
        except InvalidLead as error:
            return await _shown(visit, error)
        if edited.differing:
            return differing(visit, edited)
        path = f"{path_of(visit)}/{lead_id}"
        if not edited.is_changed:
            return visit.go(path, "saved")
        return visit.go(f"{path}?_undo={lead_id}.{edited.held.version}")


@dataclass(frozen=True, slots=True)
class NewLead:
    """A lead that somebody writes down."""

    async def show(self, visit: Visit) -> Response:
        """Show an empty form."""
        campaign = await visit.read(visit.campaign)
        default = campaign.default_status
        texts = (default.slug,) if default else ()
        empty = [
            each if each.name != "status" else _with(each, texts)
            for each in inputs.empty(visit.said, campaign)
        ]
        return _new(visit, campaign, empty, secrets.token_hex(16))

    async def add(self, visit: Visit) -> Response:
        """Add it; a form that is sent twice adds one."""
        key, now = visit.text("key"), visit.hub.now

        def job(connection: Connection) -> tuple[int, str]:
            campaign = visit.held(connection)
            writing = changing.begin(visit, connection, campaign)
            lineage = writing.history.author
            sent = Key(campaign.id, lineage, _ROUTE, key, b"")
            known = replays.find(connection, sent, now)
            if known is not None:
                writing.close()
                return int(known["lead"]), "added"
            typed = inputs.typed(visit.form, inputs.empty(visit.said, campaign))
            given = inputs.read(visit.said, campaign, typed, is_new=True)
            outcome = writing.save(given)
            writing.close()
            replays.keep(connection, sent, {"lead": outcome.lead.id}, now)
            return outcome.lead.id, "added" if outcome.is_new else "merged"

        try:
            lead_id, notice = await visit.write(job)
        except (InvalidLead, DuplicateLead) as error:
            campaign = await visit.read(visit.campaign)
            empty = list(inputs.empty(visit.said, campaign))
            shown = inputs.with_problems(_over(visit, empty), error)
            return _new(visit, campaign, shown, key, 422)
        return visit.go(f"{path_of(visit)}/{lead_id}", notice)


async def _shown(visit: Visit, error: InvalidLead | None) -> Response:
    def job(connection: Connection) -> dict[str, Any]:
        campaign = visit.campaign(connection)
        held = changing.held(visit, connection, campaign, lead_of(visit))
        return _content(visit, connection, held, error)

    content = await visit.read(job)
    return visit.page("leads/lead.html", content, 422 if error else 200)


def _content(
    visit: Visit, connection: Connection, held: Held, error: InvalidLead | None
) -> dict[str, Any]:
    shown = inputs.of_lead(visit.said, held.campaign, held.lead)
    version = held.version
    if error is not None:
        version = number(visit, "version")
        shown = inputs.with_problems(_over(visit, shown), error)
    return {
        **framed(visit, held.campaign),
        "lead": held.lead,
        "version": version,
        "inputs": shown,
        "has_problems": error is not None,
        "alike": sorted(alike(visit, connection, held.campaign, held.lead["id"])),
        "history": past.told(visit.said, connection, held.campaign, held.lead["id"]),
        "query": "",
        "back": "lead",
    }


def _new(
    visit: Visit,
    campaign: Campaign,
    shown: Sequence[Input],
    key: str,
    status: int = 200,
) -> Response:
    content = {**framed(visit, campaign), "inputs": shown, "key": key}
    return visit.page(
        "leads/new.html", content | {"has_problems": status != 200}, status
    )


def _over(visit: Visit, shown: Sequence[Input]) -> list[Input]:
    """Show what was typed instead of what is there."""
    typed = {each.name: each for each in inputs.typed(visit.form, shown)}
    return [typed.get(each.name, each) for each in shown]


def _with(each: Input, texts: tuple[str, ...]) -> Input:
    return Input(each.name, each.label, each.widget, texts, each.options)
