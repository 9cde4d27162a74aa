"""The article's journey: from a first start to a vendor who reads exactly his leads.

Each action is named by what the screen says.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import urllib3
from playwright.sync_api import Browser, Page

from tests import served
from tests.browsing import Seen, shown
from tests.served import Served

pytestmark = pytest.mark.proof
ACTIONS_MAX = 12
SOURCES = ("Website", "Vendor West", "Vendor North")
LEADS = 90
WEST = LEADS // len(SOURCES)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    lines = ["Name,E-mail,Source,Budget"]
    for number in range(LEADS):
        source = SOURCES[number % len(SOURCES)]
        lines.append(f"Jane {number},jane{number}@example.com,{source},{number * 100}")
    path = tmp_path / "summer.csv"
    path.write_text("\n".join(lines))
    return path


def setup_link(hub: Served) -> str:
    """What the operator reads at the terminal."""
    log = (Path(f"/proc/{hub.process.pid}/cwd").resolve() / "log").read_text()
    found = re.search(r"http://\S+/setup/\S+", log)
    assert found, log
    return found[0]


class Walk:
    """Somebody who clicks, and counts."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.page: Page = seen.page
        self.actions: list[str] = []

    def press(self, name: str) -> None:
        """Press what the screen calls so, a button or a link."""
        self.actions.append(name)
        found = self.page.get_by_role("button", name=name, exact=True).or_(
            self.page.get_by_role("link", name=name, exact=True)
        )
        found.first.click()
        self.page.wait_for_load_state("networkidle")

    def fill(self, **fields: str) -> None:
        for label, text in fields.items():
            self.page.get_by_label(label.replace("_", " ")).first.fill(text)


@pytest.mark.parametrize("runs_scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_vendor_reads_exactly_his_leads_after_twelve_actions(
    browser: Browser,
    tmp_path_factory: pytest.TempPathFactory,
    file: Path,
    *,
    runs_scripts: bool,
) -> None:
    hub = served.a_hub(tmp_path_factory.mktemp("journey"), "")
    try:
        host = f"127.0.0.1:{hub.port}"
        with shown(browser, host, java_script_enabled=runs_scripts) as seen:
            walk = Walk(seen)
            curl, token = journey(walk, setup_link(hub), file, runs_scripts)
            assert len(walk.actions) <= ACTIONS_MAX, walk.actions
            assert seen.complaints == []
            assert seen.elsewhere == []
        reads_his_leads(hub, curl, token)
    finally:
        hub.stop()


def journey(walk: Walk, link: str, file: Path, runs_scripts: bool) -> tuple[str, str]:
    """Return the command and the token that the last page shows."""
    page = walk.page
    walk.actions.append("open the link of the terminal")
    walk.seen.open(link)
    walk.fill(Your_company="Roofs A/S", Your_name="Ann", Password="tag over hovedet")
    page.get_by_label("E-mail").fill("ann@example.com")
    walk.press("Begin")
    page.locator("input[type=file]").set_input_files(file)
    walk.press("Upload and look")
    walk.press("Check every row")
    wait_for(walk, f"Load {LEADS} rows")
    walk.press(f"Load {LEADS} rows")
    wait_for(walk, "See the leads")
    walk.press("See the leads")
    walk.actions.append("Filter")
    page.get_by_text("Filter", exact=True).first.click()
    page.get_by_label("Add a condition").select_option(label="Source")
    walk.press("Add")
    page.get_by_label("Vendor West").check()
    walk.press("Show these leads")
    assert page.get_by_text(f"{WEST} leads").first.is_visible()
    walk.press("Make a token of this filter")
    walk.fill(**{"Whose_token_is_it?": "Vendor West"})
    assert page.get_by_text(f"It sees {WEST} of {LEADS} leads.").is_visible()
    keep(walk, "token", runs_scripts)
    walk.press("Make the token")
    keep(walk, "made", runs_scripts)
    assert page.get_by_role("heading", name="It works").is_visible()
    token = page.get_by_label("Token", exact=True).input_value()
    return page.locator("#curl").inner_text(), token


def wait_for(walk: Walk, name: str) -> None:
    """Load the page again until it has come so far."""
    wanted = walk.page.get_by_role("button", name=name).or_(
        walk.page.get_by_role("link", name=name)
    )
    for _ in range(40):
        if wanted.count():
            return
        walk.page.wait_for_timeout(250)
        walk.page.reload()
    raise AssertionError(walk.page.locator("main").inner_text())


def keep(walk: Walk, name: str, runs_scripts: bool) -> None:
    if runs_scripts:
        walk.seen.keep(f"journey-{name}")


def reads_his_leads(hub: Served, curl: str, token: str) -> None:
    """The vendor pastes the command, and then pulls everything."""
    command = shlex.split(curl.replace("\\\n", " "))
    assert command[0] == "curl"
    url = next(part for part in command if part.startswith("http"))
    asked = {"Authorization": f"Bearer {token}"}
    answer = urllib3.request("GET", url, headers=asked, retries=False)
    assert answer.status == 200
    everything = f"http://127.0.0.1:{hub.port}/v2/campaigns/1/leads?per_page=1000"
    found = urllib3.request("GET", everything, headers=asked, retries=False).json()
    sources = {lead["fields"]["source"]["label"] for lead in found["data"]}
    assert (found["pagination"]["total"], sources) == (WEST, {"Vendor West"})
    sync = [sys.executable, "-m", "leadwell.cli", "sync"]
    sync += [f"http://127.0.0.1:{hub.port}/v2/campaigns/1", "--to", "ndjson:-"]
    done = subprocess.run(
        sync,
        env=os.environ | {"LEADWELL_TOKEN": token},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == WEST
