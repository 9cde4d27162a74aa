"""The consoles in a real browser: they send a request with the token that is typed."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response

from tests.browser.conftest import Site
from tests.browsing import SCHEMES, SHAPES, Seen, shown

pytestmark = pytest.mark.proof
HTML = "text/html; charset=utf-8"
LEADS = "/v2/campaigns/362/leads"
LEADS_ROUTE = "/v2/campaigns/{campaign_id}/leads"
EVERY = ("scalar", "swagger-ui")


def type_token(page: Page, token: str) -> None:
    page.get_by_label("Your token").fill(token)
    page.get_by_role("button", name="Use it").click()


def find_with_scalar(page: Page) -> None:
    page.get_by_role("button", name="Search").first.click()
    page.get_by_role("combobox").fill("read leads")
    page.get_by_role("option", name="Read leads, page by page").click()


def send_with_scalar(page: Page) -> Response:
    page.get_by_role("button", name=f"Test Request (get {LEADS_ROUTE})").click()
    with page.expect_response(lambda answer: LEADS in answer.url) as answered:
        page.get_by_role("button", name="Send").first.click()
    page.get_by_text("200 OK").first.wait_for()
    return answered.value


def send_with_swagger_ui(page: Page) -> Response:
    page.get_by_text("Read leads, page by page").click()
    page.get_by_role("button", name="Try it out").click()
    with page.expect_response(lambda answer: LEADS in answer.url) as answered:
        page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table").first.wait_for()
    return answered.value


SENDERS = {"scalar": send_with_scalar, "swagger-ui": send_with_swagger_ui}


def is_sound(seen: Seen) -> None:
    assert seen.elsewhere == []
    assert seen.complaints == []


def stored(page: Page) -> str:
    """Everything that the page leaves behind in the browser."""
    found: Any = page.evaluate(
        "async () => [{...localStorage}, {...sessionStorage}, document.cookie,"
        " await indexedDB.databases(), await caches.keys()]"
    )
    return json.dumps(found)


@pytest.mark.parametrize("console", EVERY, indirect=True)
def test_a_typed_token_reads_its_leads_and_is_kept_nowhere(
    browser: Browser, site: Site, console: str
) -> None:
    with shown(browser, site.host) as seen:
        seen.open(site.url("/docs/console"))
        type_token(seen.page, site.token)
        seen.page.get_by_text("Leads of Roofs").first.wait_for()
        if console == "scalar":
            find_with_scalar(seen.page)
        answer = SENDERS[console](seen.page)
        seen.keep(f"docs-console-{console}-sent", is_whole=False)
        assert answer.status == 200
        assert answer.json()["pagination"]["total"] == 1
        assert answer.request.headers["authorization"] == f"Bearer {site.token}"
        # What is optional is left out, or leads that meet all of it would be asked for.
        assert answer.url == site.url(LEADS)
        assert site.token not in stored(seen.page)
        assert not [each for each in seen.requests if site.token in each.url]
        is_sound(seen)


def test_scalars_own_box_takes_a_token_too(browser: Browser, site: Site) -> None:
    with shown(browser, site.host) as seen:
        seen.open(site.url("/d/{secret}/console"))
        seen.page.get_by_placeholder("Token").first.fill(site.token)
        find_with_scalar(seen.page)
        answer = send_with_scalar(seen.page)
        assert answer.status == 200
        assert answer.request.headers["authorization"] == f"Bearer {site.token}"
        assert site.token not in stored(seen.page)
        is_sound(seen)


@pytest.mark.parametrize("console", EVERY, indirect=True)
def test_a_wrong_token_is_said_and_the_console_stays(
    browser: Browser, site: Site, console: str
) -> None:
    with shown(browser, site.host) as seen:
        seen.open(site.url("/docs/console"))
        type_token(seen.page, "lw_wrong")
        said = seen.page.get_by_role("status").filter(has_text="is not valid")
        said.wait_for()
        assert seen.page.get_by_text("Leadwell: Leads").first.is_visible()
        assert seen.elsewhere == []


@pytest.mark.parametrize("console", EVERY, indirect=True)
@pytest.mark.parametrize("name", SHAPES)
def test_the_frame_of_the_console_can_be_used_by_everybody(
    browser: Browser, site: Site, console: str, name: str
) -> None:
    for scheme in SCHEMES:
        with shown(browser, site.host, SHAPES[name], color_scheme=scheme) as seen:
            seen.open(site.url("/docs/console"))
            seen.page.get_by_text("Leadwell: Leads").first.wait_for()
            seen.keep(f"docs-console-{console}-{name}-{scheme}", is_whole=False)
            # What others have drawn within is theirs; our pages say the same.
            assert seen.violations(of=".lw-top") == []
            assert not seen.is_scrolled_sideways()
            is_sound(seen)


@pytest.mark.parametrize("name", SHAPES)
def test_without_scripts_the_console_leads_elsewhere(
    browser: Browser, site: Site, name: str
) -> None:
    url = site.url("/docs/console")
    with shown(browser, site.host, SHAPES[name], java_script_enabled=False) as seen:
        seen.open(url)
        page = seen.page.content()
        seen.page.get_by_role("link", name="the reference").click()
        assert seen.page.url == site.url("/docs/")
    with shown(browser, site.host, SHAPES[name]) as seen:
        # Axe is a script itself: what stands there without any is shown to it as it is.
        plain = re.sub(r"</?noscript>|<script.*?</script>", "", page)
        seen.page.route(url, lambda route: route.fulfill(body=plain, content_type=HTML))
        seen.open(url)
        for scheme in SCHEMES:
            seen.page.emulate_media(color_scheme=scheme)
            seen.keep(f"docs-console-without-{name}-{scheme}")
            assert seen.violations() == []
        assert not seen.is_scrolled_sideways()
