"""Every page in a real browser: whole without scripts, and usable by everybody."""

import pytest
from playwright.sync_api import Browser

from leadwell.describe.pages.contents import PAGES
from tests.browser.conftest import Site
from tests.browsing import SCHEMES, SHAPES, Seen, shown

pytestmark = pytest.mark.proof
ROOTS = ("/docs", "/d/{secret}", "/a/demo/api-documentation")
"""Where documentation stands: of everybody, of a link, of an account."""
ERRORS = ("/docs/errors/not_found", "/docs/errors/invalid_query")
OURS = [
    *(
        f"{root}/{entry.name}"
        for root in ROOTS
        for entry in PAGES
        if not (entry.needs_write and root.startswith("/a/"))
    ),
    *ERRORS,
]
"""The pages that are drawn by us alone."""
CONSOLES = [f"{root}/console" for root in ROOTS]


def called(path: str) -> str:
    """The name of a page's screenshots."""
    name = path.strip("/").replace("{secret}", "link").replace("/", "-")
    return f"{name}-first" if path.endswith("/") else name


def is_sound(seen: Seen) -> None:
    assert seen.elsewhere == []
    assert seen.complaints == []


@pytest.mark.parametrize("path", [*OURS, *CONSOLES])
@pytest.mark.parametrize("runs_scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_page_is_whole_and_asks_nobody_else(
    browser: Browser, site: Site, path: str, runs_scripts: bool
) -> None:
    options = {"java_script_enabled": runs_scripts}
    with shown(browser, site.host, token=site.token_for(path), **options) as seen:
        seen.open(site.url(path))
        seen.page.locator("h1").first.wait_for()
        is_sound(seen)
        assert seen.page.title().endswith("Leadwell")
        scripts = [x for x in seen.requests if x.resource_type == "script"]
        assert bool(scripts) == (runs_scripts and path in CONSOLES)


@pytest.mark.parametrize("path", OURS)
@pytest.mark.parametrize("name", SHAPES)
def test_a_page_can_be_used_by_everybody(
    browser: Browser, site: Site, path: str, name: str
) -> None:
    shape, token = SHAPES[name], site.token_for(path)
    with shown(browser, site.host, shape, token) as seen:
        seen.open(site.url(path))
        for scheme in SCHEMES:
            seen.page.emulate_media(color_scheme=scheme)
            seen.keep(f"{called(path)}-{name}-{scheme}")
            assert seen.violations() == []
        assert not seen.is_scrolled_sideways()
        is_sound(seen)
