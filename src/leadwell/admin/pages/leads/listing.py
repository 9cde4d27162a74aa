"""The leads of a campaign as a table; any page of it costs the same."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec
from starlette.responses import Response

from leadwell.admin import building, comparing
from leadwell.admin.building import Built
from leadwell.admin.pages.leads import asking, columns, exporting, told
from leadwell.admin.pages.leads.asking import Asked
from leadwell.admin.pages.leads.framing import framed, path_of
from leadwell.admin.visit import Visit
from leadwell.model.campaign import Campaign
from leadwell.model.grant import LeadQuery
from leadwell.model.page import Page
from leadwell.schema import wording
from leadwell.store import filters, pages
from leadwell.store.connection import Connection
from leadwell.store.edits import choices

SIZES = (25, 50, 100)
Content = dict[str, Any]
Find = Callable[..., pages.Found | None]
Build = Callable[[Connection], Built]


@dataclass(frozen=True, slots=True)
class Listing:
    """The tab."""

    async def show(self, visit: Visit) -> Response:
        """Show one page of the leads that match."""
        raw: bytes = visit.request.scope["query_string"]
        return await _shown(visit, raw, None)

    async def filter(self, visit: Visit) -> Response:
        """Show the conditions as they are made; the form's own button asks them."""
        rest = visit.text("rest")

        def job(connection: Connection) -> Built:
            campaign = visit.campaign(connection)
            built = building.read(visit.said, campaign, visit.form)
            return building.checked(visit.said, campaign, built, is_final=False)[0]

        built = await visit.hub.look_up(job)
        query = asking.joined(built.query if built.is_sound else "", rest)
        if visit.text("c.do") == "go" and built.is_sound:
            return visit.go(path_of(visit, query))
        return await _shown(visit, query.encode(), built)

    async def choose(self, visit: Visit) -> Response:
        """Keep which columns somebody wants to see of this campaign."""
        wanted = [
            each for each in visit.form.getlist("column") if isinstance(each, str)
        ]

        def job(connection: Connection) -> None:
            campaign = visit.campaign(connection)
            names = columns.names_kept(campaign, wanted)
            choices.keep(connection, campaign.id, visit.user, names)

        await visit.write(job)
        return visit.go(path_of(visit, visit.text("query")), "saved")


async def _shown(visit: Visit, raw: bytes, built: Built | None) -> Response:
    job = partial(_content, visit, raw, built)
    content = await visit.hub.look_up(partial(job, pages.find_quickly))
    if content is None:
        content = await visit.read(partial(job, pages.find))
    is_sound = content is not None and content["built"].is_sound
    return visit.page("leads/list.html", content or {}, 200 if is_sound else 422)


def _content(
    visit: Visit, raw: bytes, built: Built | None, find: Find, connection: Connection
) -> Content | None:
    """Return what the page shows; `None`: that takes longer than `find` may take."""
    campaign = visit.campaign(connection)
    chosen = choices.find(connection, campaign.id, visit.user)
    asked = asking.read(campaign, raw, columns.names_kept(campaign, chosen))
    built = built or _built(visit, campaign, asked)
    query = visit.user.grant(campaign).query(campaign, asked.question)
    page = _page(visit, connection, campaign, query, find) if built.is_sound else _NONE
    if page is None:
        return None
    shown = columns.all_of(campaign, asked.question.shown, visit.said)
    return {
        **framed(visit, campaign),
        **_asked(visit, campaign, asked, page.number),
        "built": built,
        "built_at": f"/campaigns/{campaign.id}/leads/filter",
        "columns": shown,
        "headings": columns.headings([each for each in shown if each.is_shown], asked),
        "page": page,
        "leads": [msgspec.json.decode(body) for body in page.items],
        "saved": _saved(connection, campaign, asked),
        "is_building": visit.request.method == "POST" or not built.is_sound,
    }


_NONE: Page[bytes] = Page((), 1, 1, 0)


def _page(
    visit: Visit,
    connection: Connection,
    campaign: Campaign,
    query: LeadQuery,
    find: Find,
) -> Page[bytes] | None:
    found = find(connection, visit.hub.indexes, campaign, query)
    return None if found is None else found.page


def _built(visit: Visit, campaign: Campaign, asked: Asked) -> Built:
    """Show the conditions; those that are refused as they were typed, and why."""
    built = building.shown(visit.said, campaign, asked.question.conditions)
    if not asked.problems:
        return built
    told_of = ". ".join(visit.said.refusal(each.message) for each in asked.problems)
    return replace(built, rows=(), query=asked.conditions, problem=told_of)


def _asked(visit: Visit, campaign: Campaign, asked: Asked, number: int) -> Content:
    """Return what the page says of its question, and of how to ask it elsewhere."""
    query = asked.on_page(number)
    conditions = asked.question.conditions
    return {
        "asked": asked,
        "query": query,
        "conditions": wording.as_query(campaign, conditions),
        "clauses": [
            {
                "words": comparing.in_words(visit.said, campaign, [each]),
                "without": asking.joined(
                    wording.as_query(
                        campaign, [other for other in conditions if other is not each]
                    ),
                    asked.rest,
                ),
            }
            for each in conditions
        ],
        "words": dict(asked.pairs).get("_q", ""),
        "sizes": SIZES,
        "told": told.request_of(visit, query),
        "exports": exporting.FORMATS,
        "is_all": not (conditions or asked.question.search or asked.problems),
    }


def _saved(connection: Connection, campaign: Campaign, asked: Asked) -> list[Content]:
    """Return the saved filters as tabs."""
    now = wording.as_query(campaign, asked.question.conditions)
    queries = [
        (each.name, wording.as_query(campaign, each.conditions))
        for each in filters.find_all(connection, campaign)
    ]
    size = dict(asked.pairs).get("per_page", "")
    rest = f"per_page={size}" if size else ""
    return [
        {"name": name, "query": asking.joined(query, rest), "is_current": query == now}
        for name, query in queries
        if query
    ]
