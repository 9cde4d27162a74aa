"""What went wrong, for who reads pages: the same as the problem, as one of them."""

from starlette.types import Scope

from leadwell.api.pages.accepting import HTML, JSON, preferred
from leadwell.api.pages.rendering import Frame, Place, html
from leadwell.describe.pages.document import Facts, Label, Link, Page, paragraph
from leadwell.errors import LeadwellError, title_of

_FOR_PEOPLE = ("/docs", "/d/", "/a/")
_PROBLEM = "application/problem+json"


def is_wanted(scope: Scope, path: str) -> bool:
    """Whether somebody asks for a page, with a program that shows pages."""
    offered = (_PROBLEM, JSON, HTML)
    return path.startswith(_FOR_PEOPLE) and preferred(scope, offered) == HTML


def page(error: LeadwellError, status: int, public_url: str, request_id: str) -> bytes:
    """Write an error as a page; it leads to the general documentation."""
    facts = Facts(
        (
            ("Status", (f"{status}",)),
            ("Code", (Link(error.code, f"errors/{error.code}", is_code=True),)),
            ("Request", (Label(request_id),)),
        )
    )
    blocks = (
        paragraph(Label(f"{error.detail[:1].upper()}{error.detail[1:]}.")),
        facts,
        paragraph(Link("To the first page of the documentation", ""), "."),
    )
    found = Page(f"error-{status}", title_of(error.code), "", blocks)
    return html(
        found, Place(public_url, "/docs"), Frame((), ("Something is wrong",))
    ).encode()
