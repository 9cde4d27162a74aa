"""Edits of a lead: in its cell, on its page, by two at once, and taken back."""

import re
from typing import Any

import httpx2
import pytest

from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Author
from leadwell.model.lead import Lead
from leadwell.model.user import Role
from leadwell.store import accounts, campaigns
from leadwell.store.connection import Database
from leadwell.store.writes import rows
from tests import make
from tests.admin.conftest import Sit
from tests.desk import Desk, text_of
from tests.forms import form_of

LEADS = "/campaigns/362/leads"
PART = {"HX-Request": "true"}
FULL: dict[str, Any] = {
    "name": " Two  spaces, and a\nsecond line ",
    "email": "jane@example.com",
    "phone": "+4532123456",
    "website": "https://example.com/a?b=c&d",
    "project-notes": "\nbegins with a newline\r\n\tand 🏠 " + "x" * 10_000,
    "source": "website",
    "customer-type": "private",
    "tags": ["a", "c"],
    "budget": 1200.5,
    "price": "1200.50",
    "newsletter": False,
    "follow-up": "2026-11-29",
    "visit_at": "2026-11-29T10:12:13.123456Z",
    "df_lines": {"sku": ["A1", None, 1.0], "text": '<"&'},
}


@pytest.fixture
def known(desk: Desk, database: Database, campaign: Campaign) -> Campaign:
    """The campaign with whoever sits at the desk."""
    del desk
    return database.write(lambda c: campaigns.known(c, campaign.id)).result()


@pytest.fixture
def lead(database: Database, known: Campaign) -> Lead:
    """A lead that holds something in every field."""
    given = dict(FULL)
    return make.a_lead(
        database, known, status="new", assigned_person=1, fields=given, external_id="x"
    )


def held(database: Database, campaign: Campaign, lead: Lead) -> Lead:
    with database.reading() as connection:
        found = rows.find(connection, campaign, lead.id)
    assert found is not None
    return found


def edit(desk: Desk, lead: Lead, name: str, value: Any, **more: Any) -> httpx2.Response:
    """Type something into a cell, as it was when the lead was read."""
    form = {"version": str(lead.version), "field": name, f"v.{name}": value, **more}
    headers = form.pop("headers", {})
    return desk.submit(f"{LEADS}/{lead.id}/edit", form, headers=headers)


def test_a_form_that_nobody_has_touched_changes_nothing(
    desk: Desk, database: Database, known: Campaign, lead: Lead
) -> None:
    form = form_of(desk.get(f"{LEADS}/1"), "/leads/1")
    assert len(form) == len(FULL) + 4
    page = desk.submit(f"{LEADS}/1", form)
    assert "Saved." in text_of(page)
    assert held(database, known, lead) == lead


@pytest.mark.parametrize("name", [*FULL, "status", "assigned_person"])
def test_each_thing_has_a_form_of_its_own(
    name: str, desk: Desk, database: Database, known: Campaign, lead: Lead
) -> None:
    for headers in ({}, PART):
        page = desk.get(f"{LEADS}/1/edit?field={name}", headers=headers)
        desk.submit(f"{LEADS}/1/edit", form_of(page, "/1/edit"), headers=headers)
        assert held(database, known, lead) == lead


@pytest.mark.parametrize(
    ("name", "typed", "shown"),
    [
        ("status", "won", "New → Won"),
        ("assigned_person", "", "Sales One →"),
        ("source", "", "Our website →"),
        ("tags", ["", "b"], "A, C → B"),
        ("tags", [""], "A, C →"),
        ("budget", "7", "1200.5 → 7"),
        ("price", "7,25", "1200.50 → 7.25"),
        ("newsletter", "true", "No → Yes"),
        ("visit_at", "2026-11-30T10:12", "→ 2026-11-30 10:12"),
        ("project-notes", "one\r\ntwo", "→ one two"),
        ("df_lines", "[1, 2]", "→ 1, 2"),
        ("df_lines", " ", "Lines:"),
        ("phone", "32 12 34 57", "→ +4532123457"),
    ],
)
def test_what_is_typed_is_saved_and_stands_in_the_history(
    name: str, typed: Any, shown: str, desk: Desk, lead: Lead
) -> None:
    page = edit(desk, lead, name, typed, query="status=new&_fields=name")
    assert page.url.query == b"status=new&_fields=name&_undo=1.2"
    assert "Lead 1 is saved." in text_of(page)
    history = text_of(desk.get(f"{LEADS}/1"))
    assert shown in history
    assert "Administrator changed" in history


def test_a_cell_becomes_a_form_and_a_cell_again(desk: Desk, lead: Lead) -> None:
    form = desk.get(f"{LEADS}/1/edit?field=budget", headers=PART)
    assert not form.text.lstrip().startswith("<!doctype")
    assert 'hx-target="closest td"' in form.text
    back = desk.get(f"{LEADS}/1/edit?field=budget&shown=1", headers=PART)
    assert "1200.5" in back.text
    assert "<form" not in back.text
    saved = edit(desk, lead, "budget", "7", headers=PART)
    assert "Budget: 7" in text_of(saved)
    form = form_of(saved, "/1/undo")
    undone = desk.submit(f"{LEADS}/1/undo", form, headers=PART)
    assert "Budget: 1200.5" in text_of(undone)
    assert "<form" not in undone.text
    same = edit(desk, lead, "budget", "1200.5", headers=PART)
    assert "<form" not in same.text


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("name", "", "required"),
        ("name", "x" * 4_097, "at most 4,096"),
        ("budget", "1.200,50", "is not a number"),
        ("email", "nobody", "is not an e-mail address"),
        ("source", "Our website", "is a label"),
        ("status", "lost", "is not an option"),
        ("assigned_person", "99", "no such person"),
        ("assigned_person", "Sales One", "no such person"),
        ("df_lines", "{", "is not JSON"),
    ],
)
def test_what_is_wrong_is_told_at_its_input(
    name: str, typed: str, said: str, desk: Desk, lead: Lead
) -> None:
    for headers in ({}, PART):
        page = edit(desk, lead, name, typed, headers=headers)
        assert page.status_code == 422
        assert said in text_of(page)
        assert 'aria-invalid="true"' in page.text
        kept = form_of(page, "/1/edit")[f"v.{name}"]
        assert kept == [typed] or name in {"source", "status", "assigned_person"}
    form = form_of(desk.get(f"{LEADS}/1"), "/leads/1") | {f"v.{name}": typed}
    page = desk.submit(f"{LEADS}/1", form)
    assert page.status_code == 422
    assert "Nothing is saved yet" in text_of(page)
    assert said in text_of(page)
    assert "1 lead" in text_of(desk.get(f"{LEADS}?updated_before=2025-02-22"))


def test_all_that_is_wrong_is_told_at_once(desk: Desk, lead: Lead) -> None:
    form = form_of(desk.get(f"{LEADS}/{lead.id}"), "/leads/1")
    form |= {"v.name": "", "v.df_lines": "{", "v.budget": "much"}
    page = desk.submit(f"{LEADS}/1", form)
    assert len(re.findall(r'aria-invalid="true"', page.text)) == 3
    assert 'value="much"' in page.text


def test_two_who_edit_the_same_see_what_the_other_wrote(
    desk: Desk, sit: Sit, database: Database, known: Campaign, lead: Lead
) -> None:
    other = sit(Role.MEMBER, known)
    theirs = form_of(other.get(f"{LEADS}/1"), "/leads/1")
    edit(desk, lead, "budget", "7")
    edit(desk, held(database, known, lead), "status", "won")
    page = other.submit(f"{LEADS}/1", theirs | {"v.budget": "9", "v.name": "Theirs"})
    assert page.status_code == 412
    said = text_of(page)
    assert "Keep what is there now: 7 Save what you typed: 9" in said
    assert "Save what you typed: Theirs" in said
    assert "Status" not in said.partition("Choose for each")[2]
    assert held(database, known, lead).version == 3

    form = form_of(page, "/leads/1") | {"take.budget": "theirs", "take.name": "mine"}
    page = other.submit(f"{LEADS}/1", form)
    assert page.url.query == b"_undo=1.4"
    now = held(database, known, lead)
    values = {known.field_by_id[ref].slug: value for ref, value in now.values.items()}
    assert (values["budget"], values["name"]) == (7, "Theirs")
    assert now.status == known.statuses[2].id
    # The same form again finds what it wanted there.
    page = other.submit(f"{LEADS}/1", theirs | {"v.name": "Theirs"})
    assert "Saved." in text_of(page)


def test_a_stale_cell_shows_both_values(
    desk: Desk, known: Campaign, lead: Lead
) -> None:
    edit(desk, lead, "status", "won")
    for headers in ({}, PART):
        page = edit(desk, lead, "status", "contacted", headers=headers)
        assert page.status_code == 412
        assert "Keep what is there now: Won" in text_of(page)
    form = form_of(page, "/1/edit") | {"take.status": "mine"}
    saved = desk.submit(f"{LEADS}/1/edit", form, headers=PART)
    assert "Status: Contacted" in text_of(saved)
    del known


def test_what_others_have_emptied_or_unassigned_is_told_too(
    desk: Desk, database: Database, known: Campaign, lead: Lead
) -> None:
    for name, value in {"assigned_person": "", "tags": [""], "status": ""}.items():
        edit(desk, held(database, known, lead), name, value)
    form = {"version": "1", "v.tags": ["", "b"], "v.assigned_person": "1"}
    page = desk.submit(f"{LEADS}/1", form)
    # Nobody has touched the person: it is as it was on the form.
    assert "Save what you typed: B" in text_of(page)
    assert "Assigned to" not in text_of(page).partition("Choose for each")[2]


def test_without_a_history_all_that_differs_is_shown(
    desk: Desk, database: Database, known: Campaign, lead: Lead
) -> None:
    edit(desk, lead, "status", "won")
    database.write(
        lambda c: c.run("DELETE FROM lead_history WHERE campaign_id = 362")
    ).result()
    page = desk.submit(f"{LEADS}/1", {"version": "1", "v.status": "new"})
    assert page.status_code == 412
    assert "Nothing is kept of it any more." in text_of(desk.get(f"{LEADS}/1"))
    del known


def test_an_edit_is_undone_on_the_page_that_it_was_made_on(
    desk: Desk, database: Database, known: Campaign, lead: Lead
) -> None:
    form = form_of(desk.get(f"{LEADS}/1"), "/leads/1") | {"v.budget": "7"}
    page = desk.submit(f"{LEADS}/1", form)
    undo = form_of(page, "/1/undo")
    undone = desk.submit(f"{LEADS}/1/undo", undo)
    assert undone.url.path == f"{LEADS}/1"
    assert "Undone." in text_of(undone)
    assert held(database, known, lead).values == lead.values
    again = desk.submit(f"{LEADS}/1/undo", undo)
    assert again.status_code == 412
    assert desk.submit(f"{LEADS}/1/undo", {"version": "1"}).status_code == 409


def test_from_the_table_one_comes_back_to_what_it_showed(
    desk: Desk, lead: Lead
) -> None:
    table = f"https://hub.example{LEADS}"
    for referer, query in {
        f"{table}?status=new&_done=saved": "status=new",
        "https://evil.example/?status=new": "",
        table: "",
    }.items():
        page = desk.get(f"{LEADS}/1/edit?field=name", headers={"Referer": referer})
        assert form_of(page, "/1/edit")["query"] == [query]
    del lead


def test_what_is_not_there_is_not_found(desk: Desk, lead: Lead) -> None:
    for path in ("/99", "/99/edit?field=name", "/1/edit?field=nothing", "/1/edit"):
        assert desk.get(f"{LEADS}{path}").status_code == 404
    page = desk.get(f"{LEADS}/1/edit?field=external_id&shown=1", headers=PART)
    assert page.status_code == 404
    assert edit(desk, lead, "nothing", "x", headers=PART).status_code == 404
    assert desk.submit(f"{LEADS}/99", {"version": "1"}).status_code == 404
    assert desk.submit(f"{LEADS}/1", {"version": "one"}).status_code == 400


def test_the_history_names_who_has_changed_a_lead(
    desk: Desk, database: Database, account: Account, known: Campaign
) -> None:
    token = make.a_token(database, account, known, name="<i>Vendor</i>")
    public_id = token.split("_")[1]
    make.a_lead(database, known, author=Author(public_id))
    for author in ("", "person:99", "unknown"):
        now = held(database, known, make.a_lead(database, known, author=Author(author)))
        assert now.version == 1
    assert "The token <i>Vendor</i> added the lead" in text_of(desk.get(f"{LEADS}/1"))
    assert "The operator of the hub added" in text_of(desk.get(f"{LEADS}/2"))
    assert "Somebody who is gone added" in text_of(desk.get(f"{LEADS}/3"))
    assert "unknown added" in text_of(desk.get(f"{LEADS}/4"))


def test_a_new_lead_is_added_once(
    desk: Desk, database: Database, known: Campaign
) -> None:
    form = form_of(desk.get(f"{LEADS}/new"), "/leads/new")
    assert form["v.status"] == ["new"]
    page = desk.submit(f"{LEADS}/new", form)
    assert page.status_code == 422
    assert "name is required" in text_of(page)
    form = form_of(page, "/leads/new") | {"v.name": "Jane Ærø", "v.budget": "12,5"}
    page = desk.submit(f"{LEADS}/new", form)
    assert page.url.path == f"{LEADS}/1"
    assert "Added." in text_of(page)
    assert desk.submit(f"{LEADS}/new", form).url.path == f"{LEADS}/1"
    assert "1 lead" in text_of(desk.get(LEADS))
    del database, known


def test_a_member_writes_down_a_lead_in_danish(
    sit: Sit, database: Database, campaign: Campaign, account: Account
) -> None:
    database.write(lambda c: accounts.add_person(c, account, "Sales Two")).result()
    member = sit(Role.MEMBER, campaign)
    headers = {"Accept-Language": "da"}
    page = member.get(f"{LEADS}/new", headers=headers)
    assert "Nyt lead" in text_of(page)
    page = member.submit(f"{LEADS}/new", {"key": "k", "v.name": "x"}, headers=headers)
    assert "tilføjede leadet" in text_of(page)
    assert "Flet" not in text_of(page)
