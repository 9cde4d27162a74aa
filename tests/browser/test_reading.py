"""Pages without a mouse, and on paper."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Site
from tests.browsing import Shape, shown

pytestmark = pytest.mark.proof
PAPER = Shape(720)


def test_the_keyboard_reaches_the_content_first(browser: Browser, site: Site) -> None:
    with shown(browser, site.host) as seen:
        seen.open(site.url("/docs/changes"))
        page = seen.page
        page.keyboard.press("Tab")
        skip = page.locator(":focus")
        assert skip.inner_text() == "Skip to the content"
        assert skip.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_printed_page_has_no_navigation(browser: Browser, site: Site) -> None:
    with shown(browser, site.host, PAPER) as seen:
        page = seen.page
        page.emulate_media(media="print", color_scheme="dark")
        seen.open(site.url("/docs/filters"))
        seen.keep("docs-filters-printed")
        assert not page.locator("nav").is_visible()
        assert page.locator("h1").is_visible()
        colour = page.locator("main p").first.evaluate("e => getComputedStyle(e).color")
        assert max(int(each) for each in colour[4:-1].split(",")) < 128
        wraps = page.locator("pre").first.evaluate(
            "e => getComputedStyle(e).whiteSpace"
        )
        assert wraps == "pre-wrap"
