"""A page of the hub as HTML: templates, and what all of them are given."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.responses import HTMLResponse

from leadwell.admin.words import Words, words
from leadwell.api import static
from leadwell.describe.pages.document import visible
from leadwell.model.campaign import Field
from leadwell.schema import times

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    # With no-referrer browsers send a form's Origin as null.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-store",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def page(
    template: str,
    said: Words,
    public_url: str,
    content: Mapping[str, Any],
    status: int = 200,
) -> HTMLResponse:
    """Write a page in a language."""

    def asset(name: str) -> str:
        return static.path_of(public_url, name)

    def path(to: str) -> str:
        return below(public_url, to)

    given = {"said": said, "asset": asset, "path": path, **content}
    text = _environment(said.tag).get_template(template).render(given)
    return HTMLResponse(text, status, dict(HEADERS))


def below(public_url: str, path: str) -> str:
    """Return a path of the hub as a browser sees it, behind a proxy's prefix."""
    return urlsplit(public_url).path + path


@pass_context
def moment(context: Context, at: datetime | str | None) -> str:
    """Write a moment by the reader's clock, as an element that holds it in UTC."""
    if not at:
        return ""
    said, exact = _read_by(context, at)
    text = Markup('<time datetime="{}">{}</time>')
    return text.format(times.show(exact), said.moment(exact))


@pass_context
def clock(context: Context, at: datetime | str) -> str:
    """Write the same as a text alone, for what holds no elements."""
    said, exact = _read_by(context, at)
    return said.moment(exact)


@pass_context
def held(context: Context, value: Any, field: Field) -> str:
    """Write what a rendered lead holds in a field, for people."""
    is_moment = field.type == "datetime" and value
    return cell(times.read(value) if is_moment else value, context["said"])


@pass_context
def _cell(context: Context, value: Any) -> str:
    return cell(value, context["said"])


@pass_context
def counted(
    context: Context, one: str, many: str, how_many: int, /, **values: Any
) -> Markup:
    """Say a text of as many as there are, with their number as `%(num)s`."""
    said: Words = context["said"]
    text = Markup(said.ngettext(one, many, how_many))  # noqa: S704 - one of ours
    return text % {"num": said.number(how_many), **values}


def _read_by(context: Context, at: datetime | str) -> tuple[Words, datetime]:
    return context["said"], times.read(at) if isinstance(at, str) else at


def day(on: date, said: Words) -> str:
    """Write a day for people, as short as it can be: `29 Nov`, `29.11.`."""
    return f"{on.day}.{on.month}." if said.tag == "da" else f"{on.day} {on:%b}"


def cell(value: Any, said: Words) -> str:
    """Write what a lead holds in a field, as the API shows it, for people."""
    match value:
        case None:
            text = ""
        case datetime():
            text = said.exact(value)
        case bool():
            text = said("Yes") if value else said("No")
        case {"label": str(label)} | {"name": str(label)}:
            text = label
        case [*parts]:
            text = ", ".join(cell(part, said) for part in parts)
        case dict():
            text = msgspec.json.encode(value).decode()
        case _:
            text = str(value)
    return text


@cache
def _environment(tag: str) -> Environment:
    said = words(tag)
    made = Environment(
        loader=PackageLoader("leadwell.admin"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    translations: Any = made
    translations.install_gettext_callables(said.gettext, said.ngettext, newstyle=True)
    names: dict[str, Any] = {"ngettext": counted}
    made.globals.update(names)
    filters: dict[str, Any] = {
        "cell": _cell,
        "clock": clock,
        "day": partial(day, said=said),
        "held": held,
        "moment": moment,
        "number": said.number,
        "refusal": said.refusal,
        "visible": visible,
    }
    made.filters.update(filters)
    return made
