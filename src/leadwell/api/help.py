"""`/docs/errors/{code}`: the page behind the `type` of every problem."""

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from leadwell.describe import errors
from leadwell.errors import NotFound

_pages = Environment(
    loader=PackageLoader("leadwell.api"), autoescape=select_autoescape()
)
HEADERS = {
    "Cache-Control": "max-age=3600",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'",
}


async def error(request: Request) -> Response:
    """Answer with what an error code means and what to do about it."""
    explained = errors.explained()
    help_ = explained.get(request.path_params["code"])
    if help_ is None:
        raise NotFound("there is no such error code", hint="see /docs/errors/not_found")
    page = _pages.get_template("error.html").render(help=help_, all=explained.values())
    return HTMLResponse(page, headers=HEADERS)
