"""A page as HTML: what is said comes from `describe`, how it looks from templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, Template
from markupsafe import Markup
from starlette.requests import Request

from leadwell.api import static
from leadwell.describe.pages import contents
from leadwell.describe.pages.document import (
    Code,
    Download,
    Label,
    Link,
    Page,
    Section,
    Span,
    Text,
    visible,
)
from leadwell.describe.pages.entry import Entry
from leadwell.describe.reader import Reader

SECTIONS_MAX = 40
"""More sections than that make no list at a glance."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    # The address of a shared page is a secret: no other host may be told it.
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a documentation stands: its paths never come from `Host`."""

    public_url: str
    root: str
    """Its path below the public URL, as `/docs`."""

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return self.public_url + self.root

    @property
    def prefix(self) -> str:
        """The path under which a proxy shows the whole hub."""
        return urlsplit(self.public_url).path

    @classmethod
    def asked(cls, public_url: str, root: str, request: Request) -> "Place":
        """Return where what a request asks for stands; `root` names its parameters."""
        given = {k: quote(v, safe="") for k, v in request.path_params.items()}
        return cls(public_url, root.format_map(given))

    def path(self, name: str, anchor: str = "") -> str:
        """Return where a page is."""
        return f"{self.prefix}{self.root}/{name}" + (f"#{anchor}" if anchor else "")


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page."""

    entries: Sequence[Entry]
    whose: Text
    """For whom the pages are."""
    twin: str = ""
    """Where the same page is as Markdown; empty: nowhere."""
    has_console: bool = False
    """Whether there is a console beside the pages."""


def html(page: Page, place: Place, frame: Frame) -> str:
    """Write a page with its frame as a whole document."""

    def text(spans: Text) -> Markup:
        return _text(spans, place)

    sections = [each for each in page.blocks if isinstance(each, Section)]
    return _environment.get_template("page.html").render(
        page=page,
        place=place,
        frame=frame,
        sections=sections if len(sections) <= SECTIONS_MAX else [],
        style=static.path_of(place.public_url, "pages.css"),
        icon=static.path_of(place.public_url, "icon.svg"),
        text=text,
    )


def whose(reader: Reader, place: Place) -> Markup:
    """Write for whom the pages are."""
    return _text(contents.whose(reader), place)


def template(name: str) -> Template:
    """Return a template by its file's name."""
    return _environment.get_template(name)


def _text(spans: Text, place: Place) -> Markup:
    return Markup().join(_span(span, place) for span in spans)


def _span(span: Span, place: Place) -> Markup:
    # The format strings are ours; `Markup.format` escapes what is put into them.
    if isinstance(span, str):
        return Markup("{}").format(visible(span))
    if isinstance(span, Link | Download):
        return Markup('<a href="{}">{}</a>').format(_target(span, place), _shown(span))
    return _shown(span)


def _shown(span: Code | Label | Link | Download) -> Markup:
    is_code = isinstance(span, Code) or (isinstance(span, Link) and span.is_code)
    form = Markup("<code>{}</code>") if is_code else Markup("<bdi>{}</bdi>")
    return form.format(visible(span.text))


def _target(span: Link | Download, place: Place) -> str:
    if isinstance(span, Download):
        return place.path(span.path)
    if span.page is None:
        return f"#{span.anchor}"
    return place.path(span.page, span.anchor)


def _kind(block: object) -> str:
    return type(block).__name__


_environment = Environment(
    loader=PackageLoader("leadwell.api"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {"kind": _kind, "visible": visible}
