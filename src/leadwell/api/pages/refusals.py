"""What went wrong, for who reads pages: the same as the problem, as one of them."""

import re
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Scope

from leadwell.api.entrance import Told
from leadwell.api.hub import Hub
from leadwell.api.pages.accepting import HTML, JSON, preferred
from leadwell.api.pages.rendering import HEADERS, Frame, Place, html
from leadwell.describe.pages.document import Code, Facts, Label, Link, Page, paragraph
from leadwell.errors import LeadwellError, NotFound, title_of

_FOR_PEOPLE = re.compile(r"/(docs|d|a)(/|\Z)")
_FOR_PROGRAMS = re.compile(
    r"/(v2|leads|mcp|feed|static|health|metrics|\.well-known)(/|\Z)"
)
_FORMS = ("application/problem+json", JSON, HTML)


@dataclass(frozen=True, slots=True)
class Refusals:
    """How a problem looks to who reads pages; it leads to the general reference."""

    hub: Hub
    lost: Told | None = None
    """Tells people that there is no page, outside of the documentation."""

    def shown(self, scope: Scope, error: LeadwellError, problem: Response) -> Response:
        """Answer as the problem does: with a page, if that is what is asked for."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if _FOR_PROGRAMS.match(path) or preferred(scope, _FORMS) != HTML:
            return problem
        if not _FOR_PEOPLE.match(path):
            if self.lost is None or error.code != NotFound.code:
                # What is served there says itself what is wrong.
                return problem
            return self.lost(scope, error, problem)
        page = _page(error, problem.status_code, scope["state"]["request_id"])
        place = Place(self.hub.public_url, "/docs")
        content = html(page, place, Frame((), ("Something is wrong",)))
        head = problem.headers.items()
        kept = {k: v for k, v in head if not k.startswith("content-")}
        return Response(content, problem.status_code, {**kept, **HEADERS}, HTML)


def _page(error: LeadwellError, status: int, request_id: str) -> Page:
    facts = Facts(
        (
            ("Status", (f"{status}",)),
            ("Code", (Link(error.code, f"errors/{error.code}", is_code=True),)),
            ("Request", (Code(request_id),)),
        )
    )
    blocks = (
        paragraph(Label(f"{error.detail[:1].upper()}{error.detail[1:]}.")),
        facts,
        paragraph(Link("To the first page of the documentation", ""), "."),
    )
    return Page("", title_of(error.code), "", blocks)
