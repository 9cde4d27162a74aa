"""A page in a real browser, and everything that it asked for and complained about."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
)

from tests import equipment

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""A browser that itself asks nobody anything, and may run as root."""
SCREENSHOTS = equipment.BUILD / "screenshots"


@dataclass(frozen=True)
class Shape:
    """How large a window is, in the pixels of CSS."""

    width: int
    height: int = 900
    scale: int = 1


WIDE = Shape(1280)
NARROW = Shape(320)
ZOOMED = Shape(640, 450, 2)
"""What a window of 1280 pixels shows at 200 %."""
SHAPES = {"wide": WIDE, "narrow": NARROW, "zoomed": ZOOMED}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass
class Seen:
    """A page that is shown, with what went over the network for it."""

    page: Page
    host: str
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What stands in the console of the browser but for notes."""

    @property
    def elsewhere(self) -> list[str]:
        """The requests that left the host."""
        urls = [request.url for request in self.requests]
        return [url for url in urls if not self.is_here(url)]

    def is_here(self, url: str) -> bool:
        """Whether the hub itself is asked, or nobody."""
        parts = urlsplit(url)
        return parts.netloc == self.host or parts.scheme in {"data", "blob"}

    def note(self, request: Request) -> None:
        """Keep what is asked for."""
        self.requests.append(request)

    def hear(self, said: ConsoleMessage) -> None:
        """Keep what the browser complains about."""
        if said.type in {"error", "warning"}:
            self.complaints.append(said.text)

    def open(self, url: str) -> None:
        """Go to a page, and wait until it has asked for all that it needs."""
        answer = self.page.goto(url, wait_until="networkidle")
        assert answer is not None
        assert answer.ok, answer.status

    def is_scrolled_sideways(self) -> bool:
        asked = "({scrollWidth, clientWidth}) => scrollWidth > clientWidth"
        found: bool = self.page.locator("html").evaluate(asked)
        return found

    def violations(self, of: str = "html", but: str | None = None) -> list[str]:
        """What axe has to say of a part of the page, every rule of it."""
        axe = equipment.npm() / "axe-core/axe.min.js"
        # Not as a script of the page, which the page's own policy refuses.
        self.page.evaluate(axe.read_text("utf-8"))
        context = {"include": [of], "exclude": [but] if but else []}
        found = self.page.evaluate("context => axe.run(context)", context)
        return [_told(each) for each in found["violations"]]

    def keep(self, name: str, *, is_whole: bool = True) -> Path:
        """Keep a screenshot, to be looked at by people."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        # What moves is at its end, so that two screenshots of a page are alike.
        self.page.screenshot(path=path, full_page=is_whole, animations="disabled")
        return path


def launch(playwright: Playwright) -> Browser:
    """Start the machine's Chromium."""
    return playwright.chromium.launch(
        executable_path=equipment.chromium(), args=list(QUIET)
    )


@contextmanager
def shown(
    browser: Browser,
    host: str,
    shape: Shape = WIDE,
    token: str | None = None,
    **options: Any,
) -> Iterator[Seen]:
    """Open a window that may ask `host` alone; whatever else it asks is cut off.

    With a token every request of the window carries it.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    context = browser.new_context(
        viewport={"width": shape.width, "height": shape.height},
        device_scale_factor=shape.scale,
        extra_http_headers=headers,
        reduced_motion="reduce",
        service_workers="block",
        **options,
    )
    try:
        yield _watched(context, host)
    finally:
        context.close()


def _watched(context: BrowserContext, host: str) -> Seen:
    seen = Seen(context.new_page(), host)
    context.on("request", seen.note)
    context.route(lambda url: not seen.is_here(url), lambda route: route.abort())
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on("console", seen.hear)
    seen.page.on("websocket", lambda opened: seen.complaints.append(opened.url))
    return seen


def _told(violation: dict[str, Any]) -> str:
    nodes = [node["html"][:160] for node in violation["nodes"][:3]]
    return f"{violation['id']}: {violation['help']} {nodes}"
