"""One hub, one browser, and documentation for everybody, a link and an account."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from leadwell.model.link import LinkKind
from tests import browsing, make, served

HARD = [
    {"slug": "html", "label": "<b>Bold</b> & <script>alert(1)</script>"},
    {"slug": "emoji", "label": "🏠 Roof 👩‍👩‍👧"},
    {"slug": "right-to-left", "label": "נושא \u202e نوع السقف"},
    {"slug": "endless", "label": "W" * 255},
    {"slug": "class", "label": "constructor"},
]
"""Labels that have broken pages before."""
FIELDS: list[dict[str, Any]] = [
    *make.FIELDS,
    *({"type": "text", **each} for each in HARD),
    {"slug": "roof", "label": "Roof", "type": "select", "options": HARD},
]


@dataclass(frozen=True)
class Site:
    """A hub with everything that can be looked at in a browser."""

    port: int
    token: str
    account_token: str
    secret: str
    """That of a link to the token's documentation."""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.host}{path.format(secret=self.secret)}"

    def token_for(self, path: str) -> str | None:
        """What the window has to send: an account's pages are for its own token."""
        return self.account_token if path.startswith("/a/") else None


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser, gone before any other module's test runs in this process.

    The loop of Playwright counts as running in the whole thread until it is stopped,
    and no other loop may run there meanwhile, not that of a test client either.
    """
    with sync_playwright() as playwright:
        opened = browsing.launch(playwright)
        yield opened
        opened.close()


@pytest.fixture(scope="session", params=["scalar"])
def console(request: pytest.FixtureRequest) -> str:
    """Which console the hub has."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, console: str) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp(console)
    filled = a_site(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "LEADWELL_CONSOLE", console)
        hub = served.a_hub(folder, filled["token"])
    yield Site(port=hub.port, **filled)
    hub.stop()


def a_site(folder: Path) -> dict[str, str]:
    """A database with a campaign of hard names; returns the keys to it."""
    (folder / "leads.db.key").write_text(served.KEY.hex())
    database = make.a_database(folder / "leads.db")
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account, fields=FIELDS)
    make.a_lead(database, campaign, fields={"source": "partner-west"})
    keyed: dict[str, Any] = {"key": served.KEY}
    token = make.a_token(database, account, campaign, may_write=True, **keyed)
    filled = {
        "token": token,
        "account_token": make.a_token(database, account, None, **keyed),
        "secret": make.a_link(database, token, LinkKind.DOCUMENTATION, **keyed),
    }
    database.close()
    return filled
