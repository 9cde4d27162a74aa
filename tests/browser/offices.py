"""A hub where somebody signs in with a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser

from tests.browsing import WIDE, Seen, Shape, shown
from tests.desk import PASSWORD
from tests.served import Served

EMAIL = "ann@example.com"
"""Who signs in; tests keep them with `PASSWORD`."""


@dataclass(frozen=True)
class Office:
    """A hub of a browser's test."""

    hub: Served
    filter: int = 0
    """A saved filter, where a test has one: `{filter}` in a path."""
    token: str = ""
    """The public id of a token, likewise: `{token}` in a path."""

    @property
    def host(self) -> str:
        """The host of its URLs."""
        return f"127.0.0.1:{self.hub.port}"

    def url(self, path: str) -> str:
        """Return the URL of a page."""
        return f"http://{self.host}{path.format(filter=self.filter, token=self.token)}"

    @contextmanager
    def window(
        self, browser: Browser, shape: Shape = WIDE, **options: Any
    ) -> Iterator[Seen]:
        """Open a window where somebody has signed in."""
        with shown(browser, self.host, shape, **options) as seen:
            seen.open(self.url("/login"))
            seen.page.locator("#f-email").fill(EMAIL)
            seen.page.locator("#f-password").fill(PASSWORD)
            seen.page.locator("main form button.first").click()
            seen.page.wait_for_url("**/campaigns")
            yield seen
