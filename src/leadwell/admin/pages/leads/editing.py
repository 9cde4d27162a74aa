"""Edit one thing of a lead: in its cell of the table, or on a small page of its own."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from leadwell.admin import rendering
from leadwell.admin.pages.leads import asking, changing, columns, inputs
from leadwell.admin.pages.leads.changing import Edited, Held
from leadwell.admin.pages.leads.framing import framed, path_of
from leadwell.admin.pages.leads.inputs import Input
from leadwell.admin.visit import Visit
from leadwell.errors import InvalidLead, MalformedRequest, NotFound
from leadwell.schema import querystring
from leadwell.store.connection import Connection
from leadwell.store.edits import undoing

Content = dict[str, Any]
_STALE = 412


@dataclass(frozen=True, slots=True)
class Editing:
    """An edit of one lead, and the way back."""

    async def show(self, visit: Visit) -> Response:
        """Show one thing of a lead as a form."""
        name = visit.request.query_params.get("field", "")

        def job(connection: Connection) -> tuple[Held, Input]:
            held = _held(visit, connection)
            return held, _named(
                inputs.of_lead(visit.said, held.campaign, held.lead), name
            )

        held, wanted = await visit.read(job)
        if "shown" in visit.request.query_params:
            return visit.page("leads/shown.html", _cell(visit, held, name))
        content = _form(visit, held, wanted, _query_before(visit))
        return visit.page(_template(visit), content)

    async def save(self, visit: Visit) -> Response:
        """Save it; what others have changed meanwhile is shown beside it."""
        lead_id, version = lead_of(visit), number(visit, "version")
        name, query = visit.text("field"), visit.text("query")
        try:
            edited = await visit.write(
                lambda c: changing.save(visit, c, lead_id, version)
            )
        except InvalidLead as error:
            return await self._refused(visit, error)
        if edited.differing:
            return differing(visit, edited, name)
        if is_partial(visit):
            made = edited.held.version if edited.is_changed else 0
            content = _cell(visit, edited.held, name) | {"made": made}
            return visit.page("leads/shown.html", content)
        return _back(visit, edited, query)

    async def undo(self, visit: Visit) -> Response:
        """Take back the last change of a lead, while it is the last one."""
        lead_id, version = lead_of(visit), number(visit, "version")
        name, query = visit.text("field"), visit.text("query")

        def job(connection: Connection) -> Held:
            campaign = visit.held(connection)
            writing = changing.begin(visit, connection, campaign)
            undoing.undo(connection, writing, lead_id, version)
            writing.close()
            return changing.held(visit, connection, campaign, lead_id)

        held = await visit.write(job)
        if is_partial(visit):
            return visit.page("leads/shown.html", _cell(visit, held, name))
        if visit.text("back") == "lead":
            return visit.go(f"{path_of(visit)}/{lead_id}", "undone")
        return visit.go(path_of(visit, query), "undone")

    async def _refused(self, visit: Visit, error: InvalidLead) -> Response:
        held = await visit.read(lambda c: _held(visit, c))
        wanted = _named(
            inputs.of_lead(visit.said, held.campaign, held.lead), visit.text("field")
        )
        typed = inputs.with_problems(inputs.typed(visit.form, [wanted]), error)
        content = _form(visit, held, (typed or [wanted])[0], visit.text("query"))
        content["version"] = number(visit, "version")
        return visit.page(_template(visit), content, 422)


def differing(visit: Visit, edited: Edited, name: str = "") -> Response:
    """Show what was typed beside what somebody else has written meanwhile."""
    held = edited.held
    content = {
        **framed(visit, held.campaign),
        "lead": held.lead,
        "version": held.version,
        "differing": edited.differing,
        "field": name,
        "query": visit.text("query"),
    }
    template = (
        "leads/differing_cell.html" if is_partial(visit) else "leads/differing.html"
    )
    return visit.page(template, content, _STALE)


def lead_of(visit: Visit) -> int:
    """Return the lead that the path names."""
    return int(visit.request.path_params["lead_id"])


def number(visit: Visit, name: str) -> int:
    """Return a number that our own forms carry.

    Raises:
        MalformedRequest: it is missing.
    """
    text = visit.text(name)
    if not (text.isascii() and text.isdecimal()) or len(text) > len("999999999999"):
        raise MalformedRequest(
            f"the form has no {name}", hint="load the page again, and send it once more"
        )
    return int(text)


def is_partial(visit: Visit) -> bool:
    """Whether htmx asks for a part of the page."""
    return visit.request.headers.get("hx-request") == "true"


def _template(visit: Visit) -> str:
    return "leads/edit_cell.html" if is_partial(visit) else "leads/edit.html"


def _held(visit: Visit, connection: Connection) -> Held:
    campaign = visit.campaign(connection)
    return changing.held(visit, connection, campaign, lead_of(visit))


def _named(found: list[Input], name: str) -> Input:
    for each in found:
        if each.name == name:
            return each
    raise NotFound(f"leads have no {name[:64]!r} to edit", hint="choose another one")


def _form(visit: Visit, held: Held, wanted: Input, query: str) -> Content:
    return {
        **framed(visit, held.campaign),
        "lead": held.lead,
        "version": held.version,
        "input_": wanted,
        "query": query,
    }


def _cell(visit: Visit, held: Held, name: str) -> Content:
    shown = columns.all_of(held.campaign, None, visit.said)
    column = next((each for each in shown if each.name == name), None)
    if column is None or not column.is_editable:
        raise NotFound(
            f"leads have no {name[:64]!r} to edit", hint="choose another one"
        )
    content = framed(visit, held.campaign)
    value = column.value(held.lead)
    lead_id = held.lead["id"]
    return {**content, "column": column, "value": value, "lead_id": lead_id, "made": 0}


def _back(visit: Visit, edited: Edited, query: str) -> Response:
    """Lead back to the table as it was, with a way to undo the change."""
    if not edited.is_changed:
        return visit.go(path_of(visit, query), "saved")
    mark = f"_undo={edited.held.lead['id']}.{edited.held.version}"
    return visit.go(path_of(visit, asking.joined(query, mark)))


def _query_before(visit: Visit) -> str:
    """Return what the table showed from which somebody comes."""
    parts = urlsplit(visit.request.headers.get("referer", ""))
    if parts.path != rendering.below(visit.hub.public_url, path_of(visit)):
        return ""
    pairs = querystring.decode(parts.query.encode("ascii", "ignore"))
    return querystring.encode([p for p in pairs if p[0] not in asking.OWN])
