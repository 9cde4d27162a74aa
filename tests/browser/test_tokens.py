"""The pages of tokens and of people, in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from leadwell.admin import passwords
from leadwell.model.account import Account
from leadwell.model.token import public_id_of
from leadwell.model.user import Role, User
from leadwell.store import accounts
from leadwell.store.connection import Connection, Database
from leadwell.store.people import users
from tests import make, served
from tests.browser.conftest import FIELDS, HARD
from tests.browser.offices import EMAIL, Office
from tests.browsing import SCHEMES, Seen, Shape
from tests.desk import PASSWORD

pytestmark = pytest.mark.proof
PHONE = Shape(390)
TAB = "/campaigns/362/api-documentation"
PAGES = {
    "list": TAB,
    "new": f"{TAB}/new?filter=source=partner-west",
    "token": f"{TAB}/{{token}}?lead=2",
    "edit": f"{TAB}/{{token}}/edit",
    "account": "/account",
    "account-tokens": "/account/tokens",
    "account-new": "/account/tokens/new",
    "audit": "/account/audit?token={token}",
    "person": "/account/people/1",
    "person-data": "/account/person-data",
    "me": "/me",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("tokens")
    (folder / "leads.db.key").write_text(served.KEY.hex())
    database = make.a_database(folder / "leads.db")
    token = _filled(database, make.an_account(database))
    database.close()
    hub = served.a_hub(folder, token, LEADWELL_AUDIT_EVERY_S="0.2")
    hub.get("/v2/campaigns/362/leads?stat=new")
    hub.get("/v2/campaigns/362/leads")
    yield Office(hub, token=public_id_of(token))
    hub.stop()


def _filled(database: Database, account: Account) -> str:
    def people(connection: Connection) -> None:
        person = accounts.add_person(connection, account, HARD[0]["label"])
        user = User(account.id, person.id, person.name, EMAIL, Role.ADMINISTRATOR)
        users.add(connection, user, passwords.hash_now(PASSWORD), now=0)

    database.write(people).result()
    campaign = make.a_kept_campaign(database, account, fields=FIELDS)
    for source in ("partner-west", "partner-north", "partner-west"):
        make.a_lead(database, campaign, fields={"source": source})
    given: dict[str, Any] = {"key": served.KEY, "may_write": True}
    for each in HARD:
        make.a_token(database, account, campaign, name=each["label"], **given)
    make.a_token(database, account, None, name="Figures", **given)
    west = "source=partner-west"
    return make.a_token(database, account, campaign, west, name="West", **given)


def is_sound(seen: Seen) -> None:
    assert seen.violations() == []
    assert seen.complaints == []
    assert seen.elsewhere == []
    assert not seen.is_scrolled_sideways()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_pages_are_usable_by_everybody(
    browser: Browser, office: Office, scheme: Any
) -> None:
    with office.window(browser, color_scheme=scheme) as seen:
        for name, path in PAGES.items():
            seen.open(office.url(path))
            seen.keep(f"tokens-{name}-{scheme}")
            is_sound(seen)


def test_the_pages_fit_a_phone_in_danish(browser: Browser, office: Office) -> None:
    with office.window(browser, PHONE, locale="da-DK") as seen:
        for name, path in PAGES.items():
            seen.open(office.url(path))
            assert seen.page.locator("html").get_attribute("lang") == "da"
            seen.keep(f"tokens-{name}-390")
            is_sound(seen)


def make_token(page: Page, name: str, *, runs_scripts: bool) -> None:
    """Make a token of the leads of Partner West, as people do."""
    page.get_by_role("link", name="New token").click()
    page.get_by_label("Whose token is it?").fill(name)
    page.get_by_label("Only leads that match conditions").check()
    page.get_by_label("Add a condition about").select_option("Source")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("group", name="Source").get_by_label("Partner West").check()
    if not runs_scripts:
        page.get_by_role("button", name="Show what matches").last.click()
    page.get_by_text("It sees 2 of 3 leads.").wait_for()
    assert page.get_by_label("Whose token is it?").input_value() == name
    page.get_by_role("button", name="Make the token").click()


@pytest.mark.parametrize("runs_scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_vendor_reads_exactly_his_leads_until_he_is_revoked(
    browser: Browser, office: Office, runs_scripts: bool
) -> None:
    with office.window(browser, java_script_enabled=runs_scripts) as seen:
        page = seen.page
        seen.open(office.url(TAB))
        make_token(page, f"Vendor {runs_scripts}", runs_scripts=runs_scripts)
        page.get_by_text("200 OK").wait_for()
        token = page.get_by_label("Token", exact=True).input_value()
        assert token in page.locator("#curl").inner_text()
        link = page.get_by_label("Link to its documentation").input_value()
        seen.keep(f"tokens-once-{runs_scripts}")
        is_sound(seen) if runs_scripts else None
        read = "/v2/campaigns/362/leads"
        header = {"Authorization": f"Bearer {token}"}
        found = office.hub.get(read, **header).json()
        assert found["pagination"]["total"] == 2
        assert office.hub.get(link.removeprefix(office.url("")) + "/").status == 200
        page.get_by_role("link", name="Done: I have copied it").click()
        assert token not in page.content()
        page.get_by_role("button", name="Revoke this token").click()
        page.get_by_role("status").get_by_text("Revoked").wait_for()
        assert office.hub.get(read, **header).status == 401


def test_a_token_is_copied_by_a_button(browser: Browser, office: Office) -> None:
    rights = ["clipboard-read", "clipboard-write"]
    with office.window(browser, permissions=rights) as seen:
        page = seen.page
        seen.open(office.url("/account/tokens"))
        page.get_by_role("link", name="New token").click()
        page.get_by_label("Whose token is it?").fill("Figures again")
        page.get_by_role("button", name="Make the token").click()
        token = page.get_by_label("Token", exact=True).input_value()
        page.get_by_role("button", name="Copy", exact=True).first.click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == token
        assert seen.complaints == []


def test_what_an_edit_means_is_said_before_it_is_saved(
    browser: Browser, office: Office
) -> None:
    with office.window(browser) as seen:
        page = seen.page
        seen.open(office.url(f"{TAB}/{{token}}/edit"))
        page.get_by_label("All leads").check()
        page.get_by_text("1 leads that it does not see now come in").wait_for()
        page.get_by_role("button", name="Save").click()
        page.get_by_role("status").get_by_text("Saved.").wait_for()
        assert seen.complaints == []


def test_somebody_is_looked_for_and_erased(browser: Browser, office: Office) -> None:
    with office.window(browser) as seen:
        page = seen.page
        seen.open(office.url("/account"))
        page.get_by_role("link", name="Look for somebody").click()
        page.get_by_label("E-mail").fill("jane@example.com")
        page.get_by_role("button", name="Look for somebody").click()
        page.get_by_text("Nothing is held of this person.").wait_for()
        jane = {"name": "Jane", "email": "jane@example.com", "source": "partner-west"}
        sent = office.hub.request("POST", "/v2/campaigns/362/leads", {"fields": jane})
        assert sent.status_code == 201
        page.get_by_role("button", name="Look for somebody").click()
        page.get_by_role("heading", name="What was found").wait_for()
        seen.keep("person-data-found")
        is_sound(seen)
        page.get_by_role("button", name="Erase all of it for ever").click()
        page.get_by_text("1 lead was erased.").wait_for()
        assert "jane" not in page.url
        seen.keep("person-data-erased")
        is_sound(seen)
