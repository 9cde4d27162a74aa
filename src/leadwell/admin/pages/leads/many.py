"""Edit many leads at once: what, for how many, how far it is, and the way back."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pyroaring import BitMap
from starlette.responses import Response

from leadwell.admin.pages.leads import asking, changing, inputs
from leadwell.admin.pages.leads.editing import number
from leadwell.admin.pages.leads.framing import framed, path_of
from leadwell.admin.pages.leads.inputs import Input
from leadwell.admin.pages.leads.running import Running
from leadwell.admin.visit import Visit
from leadwell.errors import InvalidLead, InvalidQuestion, NotFound
from leadwell.model.campaign import Campaign
from leadwell.store import exports
from leadwell.store.connection import Connection
from leadwell.store.edits import bulk
from leadwell.store.edits.bulk import Bulk

IDLE_US = 15_000_000
"""An edit that nobody has worked at for so long has been interrupted."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be changed, and of which leads."""

    campaign: Campaign
    leads: BitMap
    input: Input


@dataclass(frozen=True, slots=True)
class Many:
    """Edits of many leads."""

    running: Running = field(default_factory=Running)

    async def choose(self, visit: Visit) -> Response:
        """Show what is to be changed of how many leads: nothing is changed yet."""
        chosen = await visit.read(lambda c: _chosen(visit, c))
        return _form(visit, chosen, 200 if chosen.leads else 422)

    async def begin(self, visit: Visit) -> Response:
        """Begin an edit; it is done when the next page is shown, or goes on beside."""
        chosen = await visit.read(lambda c: _chosen(visit, c))
        typed = inputs.typed(visit.form, [chosen.input])
        try:
            inputs.read(visit.said, chosen.campaign, typed, is_new=False)
        except InvalidLead as error:
            wrong = Chosen(
                chosen.campaign, chosen.leads, inputs.with_problems(typed, error)[0]
            )
            return _form(visit, wrong, 422)
        if not typed or len(chosen.leads) != number(visit, "count"):
            # Others have written meanwhile: the new number is shown first.
            return _form(visit, chosen, 409)
        given = inputs.given_of(visit.said, typed)

        def job(connection: Connection) -> Bulk:
            campaign = visit.campaign(connection)
            author, now = changing.author_of(visit, campaign).lineage, visit.hub.now
            leads = chosen.leads
            edit = bulk.made(chosen.campaign, _id(visit), author, leads, given, now)
            return bulk.begin(connection, campaign, edit, now)

        return await self._run(visit, await visit.write(job))

    async def show(self, visit: Visit) -> Response:
        """Show how far an edit is."""

        def job(connection: Connection) -> dict[str, Any]:
            campaign = visit.campaign(connection)
            edit = bulk.known(connection, campaign.id, _named(visit))
            idle = visit.hub.moment - edit.touched_at
            return {
                **framed(visit, campaign),
                "edit": edit,
                "is_running": not edit.is_done and idle < IDLE_US,
                "key": secrets.token_hex(16),
            }

        return visit.page("leads/bulk_edit.html", await visit.read(job))

    async def go_on(self, visit: Visit) -> Response:
        """Go on with an edit that was interrupted."""

        def job(connection: Connection) -> Bulk:
            campaign = visit.campaign(connection)
            return bulk.known(connection, campaign.id, _named(visit))

        return await self._run(visit, await visit.read(job))

    async def undo(self, visit: Visit) -> Response:
        """Undo an edit, of the leads that nobody has changed since."""

        def job(connection: Connection) -> Bulk:
            campaign = visit.campaign(connection)
            author, now = changing.author_of(visit, campaign).lineage, visit.hub.now
            edit = bulk.known(connection, campaign.id, _named(visit))
            undone = bulk.undoing_of(edit, _id(visit), author, now)
            return bulk.begin(connection, campaign, undone, now)

        return await self._run(visit, await visit.write(job))

    async def _run(self, visit: Visit, edit: Bulk) -> Response:
        await self.running.run(visit.hub, visit.campaign_id, edit)
        return visit.go(f"{path_of(visit)}/bulk/{edit.id}")


def _chosen(visit: Visit, connection: Connection) -> Chosen:
    campaign = visit.campaign(connection)
    what = visit.text("what")
    known = {each.name: each for each in inputs.empty(visit.said, campaign)}
    if what not in known:
        raise NotFound(
            f"leads have no {what[:64]!r} to edit", hint="choose another one"
        )
    return Chosen(campaign, _leads(visit, connection, campaign), known[what])


def _leads(visit: Visit, connection: Connection, campaign: Campaign) -> BitMap:
    if visit.text("all"):
        asked = asking.read(campaign, visit.text("query").encode())
        if asked.problems:
            raise InvalidQuestion(asked.problems)
        query = visit.user.grant(campaign).query(campaign, asking.unpaged(asked))
        return exports.members(connection, visit.hub.indexes, campaign, query)
    given = [each for each in visit.form.getlist("lead") if isinstance(each, str)]
    ids = [int(each) for each in given if each.isdecimal() and len(each) < 11]
    return BitMap([each for each in ids if 0 < each <= exports.LEAD_ID_MAX])


def _form(visit: Visit, chosen: Chosen, status: int) -> Response:
    is_all = bool(visit.text("all"))
    leads: Sequence[int] = () if is_all else list(chosen.leads)
    content = {
        **framed(visit, chosen.campaign),
        "input_": chosen.input,
        "count": len(chosen.leads),
        "leads": leads,
        "is_all": is_all,
        "query": visit.text("query"),
        "key": visit.text("key") or secrets.token_hex(16),
        "has_grown": status == 409,
    }
    return visit.page("leads/bulk.html", content, status)


def _id(visit: Visit) -> str:
    """Return the random id that a form carries, so that twice is once."""
    given = visit.text("key")
    return given if given.isalnum() and len(given) <= 64 else secrets.token_hex(16)


def _named(visit: Visit) -> str:
    return str(visit.request.path_params["edit"])
