"""Every page for people in a real browser, found by following their links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext

from leadwell.admin import sessions
from leadwell.api.hub import Hub
from leadwell.model.keyring import Keyring
from leadwell.model.token import digest
from leadwell.server import clock
from leadwell.store.people import users
from tests import make, served
from tests.browser.conftest import FIELDS
from tests.browsing import SCHEMES, Seen, Shape, shown
from tests.desk import a_user

pytestmark = pytest.mark.proof
PHONE = Shape(390, 844)
NOT_PAGES = re.compile(r"/(docs|d|a|static|feed|v2)(/|\Z)|export|download|errors\.csv")
"""Documentation has its own proofs; what is downloaded is no page."""
PAGES_MIN = 25
LEADS = 60


@dataclass(frozen=True)
class House:
    """A hub with somebody who is signed in."""

    port: int
    secret: str

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def sign_in(self, context: BrowserContext) -> None:
        cookie = {"name": "leadwell", "value": self.secret, "url": self.url("/")}
        context.add_cookies([cookie])  # type: ignore[list-item]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    secret = a_house(folder)
    hub = served.a_hub(folder, "")
    yield House(hub.port, secret)
    hub.stop()


def a_house(folder: Path) -> str:
    """A campaign of hard names with leads; returns the secret of a session."""
    (folder / "leads.db.key").write_text(served.KEY.hex())
    database = make.a_database(folder / "leads.db")
    account = make.an_account(database)
    campaign = make.a_kept_campaign(
        database, account, fields=FIELDS, duplicates={"policy": "flag"}
    )
    for number in range(LEADS):
        values = {"source": "partner-west", "html": f"<i>{number}</i>", "emoji": "🏠"}
        # Each is there twice.
        values["email"] = f"jane.{number // 2}@example.com"
        make.a_lead(database, campaign, fields=values)
    make.a_token(database, account, campaign, key=served.KEY)
    hub = Hub(database, Keyring.of(served.KEY), clock.now, "http://127.0.0.1")
    user = a_user(hub, account)
    secret = sessions.new_secret()
    key = digest(served.KEY, secret)
    database.write(lambda c: users.add_session(c, key, user.email, hub.moment)).result()
    database.close()
    return secret


def shape_of(url: str) -> str:
    """One page of a kind stands for all: other numbers and ids, the same page."""
    path = re.sub(r"\d+", "N", urlsplit(url).path)
    return re.sub(r"/[0-9A-Za-z]{8}(?=/|\Z)", "/ID", path)


def pages(seen: Seen, start: str) -> Iterator[str]:
    """Open one page of each kind that can be reached."""
    waiting, met = [start], {shape_of(start)}
    while waiting:
        url = waiting.pop(0)
        seen.open(url)
        yield url
        links = "links => links.map(link => link.getAttribute('href'))"
        for href in seen.page.locator("a[href]:not([download])").evaluate_all(links):
            found = urljoin(url, href).partition("#")[0]
            kind = shape_of(found)
            is_page = seen.is_here(found) and not NOT_PAGES.search(kind)
            if is_page and kind not in met:
                met.add(kind)
                waiting.append(found)


def called(url: str) -> str:
    return "people" + shape_of(url).replace("/", "-")


@pytest.mark.parametrize("runs_scripts", [True, False], ids=["scripts", "no-scripts"])
def test_every_page_is_sound_and_can_be_used_by_everybody(
    browser: Browser, house: House, *, runs_scripts: bool
) -> None:
    faults: dict[str, list[str]] = {}
    with shown(browser, house.host, java_script_enabled=runs_scripts) as seen:
        house.sign_in(seen.page.context)
        visited = list(_looked_at(seen, house.url("/campaigns"), faults, runs_scripts))
    assert not faults
    assert len(visited) >= PAGES_MIN, visited
    assert seen.elsewhere == []
    assert seen.complaints == []


def _looked_at(
    seen: Seen, start: str, faults: dict[str, list[str]], runs_scripts: bool
) -> Iterator[str]:
    for url in pages(seen, start):
        found = list(_faults(seen, called(url))) if runs_scripts else []
        if seen.page.locator("h1").count() != 1:
            found.append("not one h1")
        if found:
            faults[url] = found
        yield url


def _faults(seen: Seen, name: str) -> Iterator[str]:
    for scheme in SCHEMES:
        seen.page.emulate_media(color_scheme=scheme)
        seen.keep(f"{name}-{scheme}")
        yield from seen.violations()
    seen.page.set_viewport_size({"width": PHONE.width, "height": PHONE.height})
    seen.keep(f"{name}-phone")
    if seen.is_scrolled_sideways():
        yield "scrolled sideways on a phone"
    seen.page.set_viewport_size({"width": 1280, "height": 900})
    seen.page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_where_one_signs_in_can_be_used_by_everybody(
    browser: Browser, house: House, scheme: str
) -> None:
    with shown(browser, house.host, PHONE, color_scheme=scheme) as seen:
        seen.open(house.url("/campaigns"))
        assert urlsplit(seen.page.url).path == "/login"
        seen.keep(f"people-login-{scheme}")
        assert seen.violations() == []
        assert not seen.is_scrolled_sideways()
        assert seen.complaints == []
