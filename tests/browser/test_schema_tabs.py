"""The tabs of a campaign's schema, filters and settings, in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from leadwell.admin import passwords
from leadwell.model.account import Account
from leadwell.model.user import Role, User
from leadwell.schema import querystring, question
from leadwell.store import accounts, campaigns, filters
from leadwell.store.connection import Connection, Database
from leadwell.store.people import users
from tests import make, served
from tests.browser.conftest import FIELDS
from tests.browser.offices import Office
from tests.browsing import SCHEMES, WIDE, Shape
from tests.desk import PASSWORD

pytestmark = pytest.mark.proof
PHONE = Shape(390)
AT = "/campaigns/362"
PAGES = {
    "fields": f"{AT}/fields",
    "field": f"{AT}/fields/6",
    "field-removal": f"{AT}/fields/6/remove",
    "field-new": f"{AT}/fields/new?type=select",
    "selects": f"{AT}/selects",
    "options": f"{AT}/selects/6",
    "option": f"{AT}/selects/6/7",
    "statuses": f"{AT}/statuses",
    "filters": f"{AT}/filters",
    "filter": f"{AT}/filters/{{filter}}",
    "filter-new": f"{AT}/filters/new?filter=source=partner-west",
    "settings": f"{AT}/settings",
    "retention": f"{AT}/settings/retention",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("tabs")
    (folder / "leads.db.key").write_text(served.KEY.hex())
    database = make.a_database(folder / "leads.db")
    account = make.an_account(database)
    filter_id = _filled(database, account)
    database.close()
    hub = served.a_hub(folder, "none")
    yield Office(hub, filter_id)
    hub.stop()


def _filled(database: Database, account: Account) -> int:
    def people(connection: Connection) -> None:
        for name, role in (("Ann", Role.ADMINISTRATOR), ("Bo", Role.MEMBER)):
            person = accounts.add_person(connection, account, name)
            email = f"{name.lower()}@example.com"
            user = User(account.id, person.id, name, email, role)
            users.add(connection, user, passwords.hash_now(PASSWORD), now=0)

    database.write(people).result()
    campaign = make.a_kept_campaign(database, account, fields=FIELDS)
    given = [
        {"fields": {"name": f"Lead {n}", "budget": n * 100, "source": "partner-west"}}
        for n in range(30)
    ]
    make.leads(database, campaign, given)

    def saved(connection: Connection) -> int:
        found = campaigns.known(connection, campaign.id)
        asked = querystring.decode(b"source=partner-west&budget[gte]=500")
        read = question.conditions(found, asked)
        return filters.keep(connection, found, "Large of West", read, now=0).id

    kept = database.write(saved).result()
    make.a_token(
        database, account, campaign, named="Large of West", name="Partner West A/S"
    )
    return kept


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_tab_is_usable_by_everybody(
    browser: Browser, place: Office, name: str, scheme: Any
) -> None:
    with place.window(browser, color_scheme=scheme) as seen:
        seen.open(place.url(PAGES[name]))
        seen.keep(f"schema-{name}-{scheme}")
        assert seen.violations() == []
        assert seen.complaints == []
        assert seen.elsewhere == []
        assert not seen.is_scrolled_sideways()


@pytest.mark.parametrize("name", PAGES)
def test_a_tab_fits_a_phone(browser: Browser, place: Office, name: str) -> None:
    with place.window(browser, PHONE) as seen:
        seen.open(place.url(PAGES[name]))
        seen.keep(f"schema-{name}-390")
        assert not seen.is_scrolled_sideways()
        assert seen.violations() == []


@pytest.mark.parametrize("runs_scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_filter_is_built_and_seen_before_it_is_saved(
    browser: Browser, place: Office, runs_scripts: bool
) -> None:
    name = f"Cheap {runs_scripts}"
    with place.window(browser, java_script_enabled=runs_scripts) as seen:
        page = seen.page
        seen.open(place.url(f"{AT}/filters/new"))
        page.get_by_label("Name").fill(name)
        page.get_by_label("Add a condition about").select_option("Budget")
        page.get_by_role("button", name="Add", exact=True).click()
        row = page.get_by_role("group", name="Budget")
        row.get_by_label("Comparison").select_option("is at most")
        row.get_by_label("Value").fill("500")
        if runs_scripts:
            page.evaluate("window.isSame = true")
        else:
            page.get_by_role("button", name="Show what matches").last.click()
        page.get_by_text("Budget is at most 500").wait_for()
        assert "6" in page.locator("#matches .total").inner_text()
        if runs_scripts:
            assert page.evaluate("window.isSame")
        assert page.get_by_label("Name").input_value() == name
        page.get_by_role("button", name="Save").click()
        page.get_by_role("status").get_by_text("Saved.").wait_for()
        assert page.get_by_role("link", name=name).is_visible()
        assert seen.complaints == []


@pytest.mark.parametrize("runs_scripts", [True, False], ids=["scripts", "no-scripts"])
def test_statuses_are_put_in_order_by_keys(
    browser: Browser, place: Office, runs_scripts: bool
) -> None:
    with place.window(browser, java_script_enabled=runs_scripts) as seen:
        page = seen.page
        seen.open(place.url(f"{AT}/statuses"))
        first, second, third = page.locator("tbody th").all_inner_texts()
        page.get_by_role("button", name=f"Up: {third}").focus()
        page.keyboard.press("Enter")
        page.locator("tbody tr:nth-child(2) th", has_text=third).wait_for()
        assert page.locator("tbody th").all_inner_texts() == [first, third, second]
        if runs_scripts:
            focused = page.evaluate("document.activeElement.ariaLabel")
            assert focused == f"Up: {third}"
        assert seen.complaints == []


@pytest.mark.parametrize("name", ["statuses", "options"])
def test_parts_are_dragged_to_their_place(
    browser: Browser, place: Office, name: str
) -> None:
    with place.window(browser) as seen:
        page = seen.page
        seen.open(place.url(PAGES[name]))
        shown = page.locator("tbody th").all_inner_texts()
        drag(page, 0, 2)
        page.locator("tbody tr:nth-child(3) th", has_text=shown[0]).wait_for()
        page.get_by_text("Moved.").wait_for()
        wanted = [*shown[1:3], shown[0], *shown[3:]]
        assert page.locator("tbody th").all_inner_texts() == wanted
        page.reload()
        assert page.locator("tbody th").all_inner_texts() == wanted
        # Another window has moved something since this one was shown.
        with place.window(browser) as other:
            other.open(place.url(PAGES[name]))
            drag(other.page, 2, 0)
            other.page.get_by_text("Moved.").wait_for()
        drag(page, 1, 0)
        page.get_by_text("nothing was moved").wait_for()
        assert page.locator("tbody th").all_inner_texts() == shown
        assert seen.complaints == []


def drag(page: Page, start: int, end: int) -> None:
    """Take a row by its grip, and let it go over another one."""
    grips = page.locator(".grip")
    from_, to = (grips.nth(place).bounding_box() for place in (start, end))
    assert from_
    assert to
    page.mouse.move(from_["x"] + 5, from_["y"] + 5)
    page.mouse.down()
    page.mouse.move(to["x"] + 5, to["y"] + to["height"] * (end > start), steps=5)
    page.mouse.up()


def test_a_new_field_says_what_it_will_be_called(
    browser: Browser, place: Office
) -> None:
    with place.window(browser) as seen:
        page = seen.page
        seen.open(place.url(f"{AT}/fields/new"))
        assert not page.get_by_label("Options").is_visible()
        page.get_by_label("Label").press_sequentially("Årlig indtægt")
        page.get_by_text("aarlig-indtaegt").wait_for()
        page.get_by_label("Select", exact=False).first.check()
        assert page.get_by_label("Options").is_visible()
        assert seen.complaints == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_retention_rule_is_seen_before_it_is_confirmed(
    browser: Browser, place: Office, scheme: Any
) -> None:
    shape = PHONE if scheme == "dark" else WIDE
    given = {"color_scheme": scheme, "java_script_enabled": scheme == "light"}
    with place.window(browser, shape, **given) as seen:
        page = seen.page
        seen.open(place.url(f"{AT}/settings"))
        page.get_by_role("link", name="New retention rule").click()
        page.get_by_label("More than so many days ago").fill("30")
        page.get_by_label("By when they were changed last").check()
        if scheme == "dark":
            page.get_by_label("The fields ticked below are emptied").check()
        page.get_by_role("button", name="Show what it would do").click()
        page.get_by_text("30 leads of before").wait_for()
        seen.keep(f"retention-effect-{scheme}")
        if scheme == "light":
            assert seen.violations() == []
        assert not seen.is_scrolled_sideways()
        page.get_by_role("button", name="Confirm the rule").click()
        page.get_by_role("status").get_by_text("Added.").wait_for()
        assert page.get_by_text("For the first time on").first.is_visible()
        seen.keep(f"retention-kept-{scheme}")
        assert not seen.is_scrolled_sideways()
        assert seen.complaints == []
