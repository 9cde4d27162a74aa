"""What went wrong, for who reads pages: the same as the problem, as one of them."""

from starlette.responses import Response
from starlette.types import Scope

from leadwell.api.pages.accepting import HTML, JSON, preferred
from leadwell.api.pages.rendering import HEADERS, Frame, Place, html
from leadwell.describe.pages.document import Code, Facts, Label, Link, Page, paragraph
from leadwell.errors import LeadwellError, title_of

_FOR_PEOPLE = ("/docs", "/d/", "/a/")
_PROBLEM = "application/problem+json"


def is_wanted(scope: Scope, path: str) -> bool:
    """Whether somebody asks for a page, with a program that shows pages."""
    offered = (_PROBLEM, JSON, HTML)
    return path.startswith(_FOR_PEOPLE) and preferred(scope, offered) == HTML


def page(
    error: LeadwellError, problem: Response, public_url: str, request_id: str
) -> Response:
    """Answer as the problem does, with a page that leads to the general reference."""
    facts = Facts(
        (
            ("Status", (f"{problem.status_code}",)),
            ("Code", (Link(error.code, f"errors/{error.code}", is_code=True),)),
            ("Request", (Code(request_id),)),
        )
    )
    blocks = (
        paragraph(Label(f"{error.detail[:1].upper()}{error.detail[1:]}.")),
        facts,
        paragraph(Link("To the first page of the documentation", ""), "."),
    )
    found = Page("", title_of(error.code), "", blocks)
    frame = Frame((), ("Something is wrong",))
    content = html(found, Place(public_url, "/docs"), frame)
    kept = {k: v for k, v in problem.headers.items() if not k.startswith("content-")}
    return Response(content, problem.status_code, {**kept, **HEADERS}, HTML)
