"""The tab Leads in a real browser: by keyboard, without scripts, and for everybody."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from leadwell.admin import passwords
from leadwell.model.user import Role, User
from leadwell.schema import question
from leadwell.store import accounts, campaigns, filters
from leadwell.store.connection import Connection
from leadwell.store.people import users
from tests import make, served
from tests.browser.conftest import FIELDS
from tests.browser.offices import EMAIL, Office
from tests.browsing import SCHEMES, Shape
from tests.desk import PASSWORD

pytestmark = pytest.mark.proof
PHONE = Shape(390)
LEADS = "/campaigns/362/leads"
NAMES = ["Jane Doe", "Søren Ærø", "<b>Bob</b> & Co", "🏠 Roof", "W" * 200]
PAGES = {
    "table": f"{LEADS}?per_page=25",
    "filtered": f"{LEADS}?source=website&status=new&_q=o&_sort=-budget",
    "refused": f"{LEADS}?sourze=website",
    "nothing": f"{LEADS}?_q=nobody",
    "lead": f"{LEADS}/4",
    "new": f"{LEADS}/new",
    "edit": f"{LEADS}/4/edit?field=tags",
    "remove": f"{LEADS}/4/remove",
    "merge": f"{LEADS}/4/merge?into=5",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("leads")
    _fill(folder)
    hub = served.a_hub(folder, "none")
    yield Office(hub)
    hub.stop()


def _fill(folder: Path) -> None:
    (folder / "leads.db.key").write_text(served.KEY.hex())
    database = make.a_database(folder / "leads.db")
    account = make.an_account(database)
    made = make.a_kept_campaign(database, account, fields=FIELDS)

    def people(connection: Connection) -> None:
        person = accounts.add_person(connection, account, "Ann")
        user = User(account.id, person.id, "Ann", EMAIL, Role.ADMINISTRATOR)
        users.add(connection, user, passwords.hash_now(PASSWORD), now=0)
        asked = question.conditions(made, [("source", "partner-west")])
        filters.keep(connection, made, "From <West>", asked, now=0)

    database.write(people).result()
    campaign = database.write(lambda c: campaigns.known(c, made.id)).result()
    given: list[dict[str, Any]] = [
        {
            "status": "new",
            "fields": {
                "name": f"{NAMES[n % 5]} {n}",
                "source": ["website", "partner-west"][n % 2],
                "budget": n * 100,
                "html": "<script>alert(1)</script>",
            },
        }
        for n in range(60)
    ]
    make.leads(database, campaign, given)
    database.close()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_page_is_usable_by_everybody(
    browser: Browser, place: Office, name: str, scheme: Any
) -> None:
    with place.window(browser, color_scheme=scheme) as seen:
        seen.page.goto(place.url(PAGES[name]), wait_until="networkidle")
        assert not seen.violations()
        seen.keep(f"leads-{name}-{scheme}")
        complaints = [each for each in seen.complaints if "422" not in each]
        assert not complaints
        assert not seen.elsewhere
    with place.window(browser, PHONE, color_scheme=scheme) as seen:
        seen.page.goto(place.url(PAGES[name]), wait_until="networkidle")
        assert not seen.is_scrolled_sideways()
        seen.keep(f"leads-{name}-{scheme}-390")


def test_a_cell_is_edited_by_keyboard_and_taken_back(
    browser: Browser, place: Office
) -> None:
    with place.window(browser) as seen:
        seen.open(place.url(f"{LEADS}?_fields=name,budget&_sort=-budget"))
        page = seen.page
        row = page.locator("tbody tr").nth(1)
        row.locator("a.cell").nth(1).focus()
        page.keyboard.press("Enter")
        box = row.locator("input[type=text]")
        box.wait_for()
        assert box.evaluate("each => each === document.activeElement")
        box.fill("much")
        page.keyboard.press("Enter")
        row.get_by_role("alert").wait_for()
        assert "is not a number" in row.inner_text()
        assert not seen.violations()
        row.locator("input[type=text]").fill("7,5")
        page.keyboard.press("Enter")
        row.get_by_role("button", name="Undo").wait_for()
        assert "7.5" in row.inner_text()
        row.get_by_role("button", name="Undo").click()
        row.get_by_text("5800").wait_for()
        row.locator("a.cell").nth(1).click()
        row.get_by_text("Cancel").click()
        row.locator("input[type=text]").wait_for(state="detached")
        assert not [each for each in seen.complaints if "422" not in each]


def test_table_and_request_follow_the_filter_as_it_is_made(
    browser: Browser, place: Office
) -> None:
    with place.window(browser) as seen:
        seen.open(place.url(LEADS))
        page = seen.page
        page.get_by_text("Filter", exact=True).click()
        page.locator("#c-about").select_option(label="Source")
        page.locator("#builder").get_by_role("button", name="Add").click()
        page.locator("#builder").get_by_label("Our website").check()
        page.get_by_role("heading", name="30 leads").wait_for()
        assert page.locator("#t-url").inner_text().endswith("/leads?source=website")
        page.get_by_role("button", name="Show these leads").click()
        page.wait_for_url("**/leads?source=website")
        page.get_by_label("All 30 leads that match").check()
        page.get_by_role("button", name="Go on").click()
        page.get_by_label("Status").select_option(label="Won")
        page.get_by_role("button", name="Change 30 leads").click()
        page.get_by_text("30 of 30 leads are done.").wait_for()
        assert not seen.violations()
        page.get_by_role("button", name="Undo the change of 30 leads").click()
        page.get_by_text("30 leads were changed.").wait_for()
        assert not seen.complaints


def test_a_box_that_somebody_has_resized_breaks_no_rule_when_it_is_swapped(
    browser: Browser, place: Office
) -> None:
    with place.window(browser) as seen:
        seen.open(place.url(f"{LEADS}?source=website"))
        page = seen.page
        page.get_by_text("Filter", exact=True).click()
        # As a browser does itself with what is pulled by its corner.
        page.locator("#c-query").evaluate("each => { each.style.width = '20rem' }")
        drop = page.locator("#builder [name='c.do'][value^=drop]")
        drop.click()
        drop.wait_for(state="detached")
        page.wait_for_load_state("networkidle")
        assert not seen.complaints


def test_all_of_it_works_without_scripts(browser: Browser, place: Office) -> None:
    with place.window(browser, java_script_enabled=False) as seen:
        page = seen.page
        page.goto(place.url(f"{LEADS}?_fields=name,status&source=website"))
        page.locator("tbody tr a.cell").nth(1).click()
        page.locator("main input[type=text]").fill("Without scripts")
        page.get_by_role("button", name="Save").click()
        assert "source=website&_undo=1." in page.url
        assert "Without scripts" in page.locator("table.leads").inner_text()
        page.get_by_role("button", name="Undo").click()
        assert "Without scripts" not in page.locator("table.leads").inner_text()
        page.get_by_text("Filter", exact=True).click()
        page.locator("#c-about").select_option(label="Source")
        page.locator("#builder").get_by_role("button", name="Add").click()
        page.locator("#builder").get_by_label("Partner West").first.check()
        page.get_by_role("button", name="Show these leads").click()
        assert "partner-west" in page.url


def test_what_is_typed_outlives_a_session(browser: Browser, place: Office) -> None:
    with place.window(browser) as seen:
        seen.open(place.url(f"{LEADS}?_fields=name,budget"))
        page = seen.page
        page.locator("tbody tr a.cell").nth(1).click()
        page.locator("tbody input[type=text]").fill("123")
        page.context.clear_cookies()
        page.keyboard.press("Enter")
        page.get_by_text("what you typed is kept").wait_for()
        page.locator("#f-email").fill(EMAIL)
        page.locator("#f-password").fill(PASSWORD)
        page.locator("main form button.first").click()
        page.get_by_role("button", name="Send it").click()
        page.get_by_text("Lead 1 is saved.").wait_for()
        page.get_by_role("button", name="Undo").click()
