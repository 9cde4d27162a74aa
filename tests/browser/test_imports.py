"""Import, activity and the start page in a real browser, from the setup link on."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.admin.uploads import ROWS
from tests.browsing import NARROW, SCHEMES, WIDE, Seen, Shape, shown

pytestmark = pytest.mark.proof
PHONE = Shape(390)
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Opened:
    """A demonstration, and the way in to its pages."""

    host: str
    setup: str

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """What `leadwell demo` starts, as a newcomer does."""
    folder = tmp_path_factory.mktemp("demo")
    process = subprocess.Popen(
        [sys.executable, "-m", "leadwell.cli", "demo", "--port", "0"],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if found := re.search(r"open http://([^/\s]+)(/setup/\S+)", said):
            yield Opened(found[1], found[2])
            break
    process.terminate()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def state(browser: Browser, demo: Opened, tmp_path_factory) -> str:
    """The cookies of who has chosen a password, and loaded a file."""
    path = tmp_path_factory.mktemp("state") / "state.json"
    file = path.with_name("leads.csv")
    file.write_text("\n".join(ROWS), "utf-8")
    with shown(browser, demo.host) as seen:
        page = seen.page
        page.goto(demo.url(demo.setup))
        page.get_by_label("Your name").fill("Mette Kjær")
        page.get_by_label("E-mail").fill("mette@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Begin").click()
        page.get_by_role("heading", name="Campaigns", level=1).wait_for()
        page.context.storage_state(path=path)
        load(seen, demo, file)
    return str(path)


def load(seen: Seen, demo: Opened, file: Path) -> str:
    """Load a file; return the path of its page."""
    page = seen.page
    page.goto(demo.url("/campaigns/362/import"))
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload and look").click()
    page.get_by_role("button", name="Check every row").click()
    waited(seen, "Load 2 rows")
    page.get_by_role("button", name="Load 2 rows").click()
    waited(seen, "The file is loaded")
    return page.url.removeprefix(demo.url(""))


def waited(seen: Seen, text: str) -> None:
    """Wait as a browser without scripts does: by the link of the page."""
    for _ in range(100):
        if seen.page.get_by_text(text).count():
            return
        again = seen.page.get_by_role("link", name="Look again")
        if again.count():
            again.click()
        seen.page.wait_for_timeout(50)
    raise AssertionError(text)


PATHS = {
    "start": "/campaigns",
    "import": "/campaigns/362/import",
    "activity": "/campaigns/362/activity",
    "reading": "/campaigns/362/activity?kind=reading",
    "imports": "/campaigns/362/activity?kind=imports",
    "erasures": "/campaigns/362/activity?kind=erasures",
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "width", [WIDE, PHONE, NARROW], ids=["wide", "phone", "narrow"]
)
@pytest.mark.parametrize("name", PATHS)
def test_a_page_can_be_used_by_everybody(
    browser: Browser, demo: Opened, state: str, name: str, width: Shape, scheme: str
) -> None:
    options = {"storage_state": state, "color_scheme": scheme, "locale": "da-DK"}
    with shown(browser, demo.host, width, **options) as seen:
        seen.open(demo.url(PATHS[name]))
        assert seen.violations() == []
        assert not seen.is_scrolled_sideways()
        assert seen.complaints == []
        assert seen.elsewhere == []
        seen.keep(f"admin-{name}-{width.width}-{scheme}")


@pytest.mark.parametrize("runs_scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_file_is_loaded_and_undone(
    browser: Browser, demo: Opened, state: str, tmp_path: Path, runs_scripts: bool
) -> None:
    file = tmp_path / "mine.csv"
    rows = [row.replace("Åse", f"Åse {runs_scripts}") for row in ROWS]
    rows[3] = rows[3].replace("Ib", f"Ib {runs_scripts}")
    file.write_text("\n".join(rows), "utf-8")
    options = {"storage_state": state, "java_script_enabled": runs_scripts}
    with shown(browser, demo.host, **options) as seen:
        page = seen.page
        path = load(seen, demo, file)
        if runs_scripts:
            assert seen.violations() == []
        with page.expect_download() as download:
            page.get_by_role("link", name="Download the refused rows").click()
        assert "is not an e-mail address" in download.value.path().read_text("utf-8")
        page.get_by_role("link", name="Undo this import").click()
        page.get_by_role("button", name="Delete 2 leads").click()
        waited(seen, "2 leads are taken back")
        page.goto(demo.url(path))
        page.get_by_text("The import is undone").wait_for()
        assert seen.complaints == []
