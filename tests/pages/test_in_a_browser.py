"""The pages as Chromium shows them: whole without scripts, and all of it ours."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from leadwell.describe.pages.contents import PAGES
from tests import served

CHROMIUM = shutil.which("chromium") or ""
NAMES = [*(entry.name for entry in PAGES), "errors/cursor_lost"]
CONTRAST_MIN = 4.5
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CONTRASTS = """() => {
  const paint = document.createElement("canvas").getContext("2d", {
    willReadFrequently: true,
  });
  const rgba = (colour) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) =>
    [r, g, b]
      .map((each) => each / 255)
      .map((x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4))
      .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const found = rgba(getComputedStyle(each).backgroundColor);
      if (found[3] === 255) return found;
    }
    throw "there is nothing behind it";
  };
  const texts = [...document.querySelectorAll("body *")].filter((each) =>
    [...each.childNodes].some((kid) => kid.nodeType === 3 && kid.data.trim()),
  );
  return texts.map((each) => {
    const colours = [rgba(getComputedStyle(each).color), behind(each)].map(light);
    return (Math.max(...colours) + 0.05) / (Math.min(...colours) + 0.05);
  });
}"""
"""How much each text stands out from what is behind it (WCAG 2.2, 1.4.3)."""

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here"),
]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[served.Served]:
    folder = tmp_path_factory.mktemp("hub")
    running = served.a_hub(folder, served.a_folder(folder))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened
        opened.close()


@pytest.mark.parametrize("with_scripts", [False, True])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 640, 1280])
def test_a_page_is_whole_and_can_be_read(
    hub: served.Served, browser: Browser, scheme: str, width: int, with_scripts: bool
) -> None:
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 900},
        java_script_enabled=with_scripts,
        extra_http_headers={"Authorization": f"Bearer {hub.token}"},
    )
    page = context.new_page()
    own = f"http://127.0.0.1:{hub.port}"
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    for name in NAMES:
        answer = page.goto(f"{own}/docs/{name}")
        assert answer
        assert answer.status == 200
        assert page.locator("h1").is_visible()
        _check_look(page, with_scripts=with_scripts)
    context.close()
    assert all(url.startswith(f"{own}/") for url in asked)
    assert said == []


def _check_look(page: Page, *, with_scripts: bool) -> None:
    box = page.locator("main").bounding_box()
    assert box
    assert box["width"] > 300
    if with_scripts:
        # Wide tables and listings scroll by themselves, never the page.
        assert page.evaluate(OVERFLOW) <= 0
        assert min(page.evaluate(CONTRASTS)) >= CONTRAST_MIN


def test_the_keyboard_reaches_the_content_first(
    hub: served.Served, browser: Browser
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"http://127.0.0.1:{hub.port}/docs/changes")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to the content"
    outline = "e => getComputedStyle(e).outlineStyle"
    assert skip.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_printed_page_has_no_navigation(hub: served.Served, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 720, "height": 900})
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(f"http://127.0.0.1:{hub.port}/docs/filters")
    assert not page.locator("nav").is_visible()
    assert page.locator("h1").is_visible()
    colour = page.locator("main p").first.evaluate("e => getComputedStyle(e).color")
    assert max(int(each) for each in colour[4:-1].split(",")) < 128
    assert page.locator("pre").first.evaluate(
        "e => getComputedStyle(e).whiteSpace"
    ) == ("pre-wrap")
