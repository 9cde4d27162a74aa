"""The account, its people, and everybody's own page."""

import asyncio
import re
from dataclasses import replace

import httpx2
import pytest
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.testclient import TestClient

from leadwell.admin.pages.people.person import Person
from leadwell.admin.visit import Visit
from leadwell.api.hub import Hub
from leadwell.errors import NotAllowed
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from leadwell.store import accounts, campaigns
from leadwell.store.connection import Database
from leadwell.store.people import users
from tests import make
from tests.admin.conftest import Sit
from tests.desk import PASSWORD, Desk, a_user, text_of

ONE = "/account/people/1"
"""Sales One, who does not sign in."""
MEMBER = {"role": "member", "campaign": "362"}


def link_in(page: httpx2.Response) -> str:
    found = re.search(r'value="https://hub\.example(/setup/\w+)"', page.text)
    assert found, text_of(page)
    return found[1]


def state_in(page: httpx2.Response) -> str:
    found = re.search('name="state" value="(.*?)"', page.text)
    assert found
    return found[1]


def login_of(hub: Hub, email: str) -> users.Login | None:
    with hub.database.reading() as connection:
        return users.find(connection, email)


def test_somebody_is_added_and_renamed(
    desk: Desk, database: Database, campaign: Campaign
) -> None:
    page = desk.post("/account", name=" Jørgen ")
    person = page.url.path
    assert "Added." in text_of(page)
    assert "Jørgen" in text_of(desk.get("/account"))
    page = desk.post(f"{person}/name", name="Jørn", was="Jørgen")
    assert "Saved." in text_of(page)
    with database.reading() as connection:
        names = [p.name for p in accounts.find_people(connection, campaign.account_id)]
    assert names == ["Sales One", "Administrator", "Jørn"]


@pytest.mark.parametrize(
    ("name", "said"), [(" ", "Write a name."), ("x" * 201, "The name is too long.")]
)
def test_nobody_is_without_a_name(desk: Desk, name: str, said: str) -> None:
    for path in ("/account", f"{ONE}/name"):
        page = desk.post(path, name=name, was="Sales One")
        assert page.status_code == 422
        assert said in text_of(page)


def test_two_who_rename_somebody_at_once_are_told(desk: Desk) -> None:
    desk.post(f"{ONE}/name", name="Theirs", was="Sales One")
    page = desk.post(f"{ONE}/name", name="Mine", was="Sales One")
    assert page.status_code == 422
    assert "changed the name to Theirs meanwhile" in text_of(page)
    assert 'value="Mine"' in page.text
    assert desk.post(f"{ONE}/name", name="Mine", was="Theirs").status_code == 200
    # The same form, sent twice.
    assert desk.post(f"{ONE}/name", name="Mine", was="Theirs").status_code == 200


def test_somebody_is_let_in_by_a_link_that_is_shown_once(
    desk: Desk, client: TestClient, hub: Hub
) -> None:
    page = desk.post(f"{ONE}/invite", email="One@Example.com", **MEMBER)
    first = link_in(page)
    again = link_in(desk.post(f"{ONE}/invite", email="one@example.com", **MEMBER))
    assert client.get(first).status_code == 410
    assert "/setup/" not in desk.get(ONE).text
    assert "has not chosen a password yet" in text_of(desk.get("/account"))
    page = client.post(again, data={"password": PASSWORD})
    assert "Sales One" in text_of(page)
    assert client.get("/campaigns/362/leads").status_code == 200
    assert client.get("/account").status_code == 403
    assert "Member of 1 campaign" in text_of(desk.get("/account"))
    login = login_of(hub, "one@example.com")
    assert login is not None
    assert login.user.campaigns == {362}


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("nobody", "no e-mail address"),
        ("administrator2@example.com", "somebody signs in with"),
    ],
)
def test_an_address_that_cannot_be_is_told(desk: Desk, email: str, said: str) -> None:
    page = desk.post(f"{ONE}/invite", email=email, role="administrator")
    assert page.status_code == 422
    assert said in text_of(page)
    assert f'value="{email}"' in page.text


def test_rights_are_changed_and_taken_away(
    desk: Desk, hub: Hub, account: Account, campaign: Campaign, sit: Sit
) -> None:
    member = sit(Role.MEMBER, campaign)
    one = f"/account/people/{member.user.person_id}"
    form = desk.get(one)
    assert 'value="362" checked' in form.text
    wanted = {"role": "administrator", "state": state_in(form)}
    assert "Saved." in text_of(desk.post(f"{one}/rights", **wanted))
    assert member.get("/account").status_code == 200
    stale = desk.post(f"{one}/rights", **wanted | {"role": "member"})
    assert stale.status_code == 422
    assert "Somebody else has changed this meanwhile" in text_of(stale)
    wanted = {"role": "member", "state": state_in(desk.get(one)), "campaign": "999"}
    desk.post(f"{one}/rights", **wanted)
    assert member.get("/campaigns/362/leads").status_code == 404
    assert link_in(desk.post(f"{one}/link"))
    assert "Removed." in text_of(desk.post(f"{one}/remove"))
    assert "Sign in" in text_of(member.get("/campaigns"))
    assert desk.post(f"{one}/remove").status_code == 200
    assert desk.post(f"{one}/link").status_code == 404
    assert desk.post(f"{one}/rights", **wanted).status_code == 404


def test_every_campaign_of_an_account_is_found_however_many_there_are(
    database: Database, account: Account
) -> None:
    # A page of rights that shows only some of them would take the others away.
    for number in range(1, 6):
        make.a_kept_campaign(database, account, id=number, name=f"Campaign {number}")
    with database.reading() as connection:
        for at_once in (1, 2, 5, 9):
            found = campaigns.of_account(connection, account.id, at_once)
            assert [each.id for each in found] == [1, 2, 3, 4, 5]


def test_no_administrator_takes_away_their_own_rights(desk: Desk) -> None:
    own = f"/account/people/{desk.user.person_id}"
    assert "This is you." in text_of(desk.get(own))
    for path in (f"{own}/remove", f"{own}/rights"):
        page = desk.post(path, role="member")
        assert page.status_code == 422
        assert "You cannot take your own rights away." in text_of(page)
    assert desk.get("/account").status_code == 200


@pytest.mark.parametrize("name", ["change", "remove", "invite", "send_link"])
def test_who_has_lost_their_rights_meanwhile_changes_those_of_nobody(
    hub: Hub, account: Account, name: str
) -> None:
    first, second = a_user(hub, account), a_user(hub, account)
    scope = {
        "type": "http",
        "headers": [],
        "path_params": {"person_id": first.person_id},
    }
    form = FormData({"role": "member", "state": "administrator:"})
    visit = Visit(hub, Request(scope), second, b"", form)
    member = replace(second, role=Role.MEMBER)
    hub.database.write(lambda c: users.change(c, member)).result()
    with pytest.raises(NotAllowed):
        asyncio.run(getattr(Person(), name)(visit))
    login = login_of(hub, first.email)
    assert login
    assert login.user == first


def test_people_of_another_account_are_not_found(
    desk: Desk, database: Database, hub: Hub
) -> None:
    stranger = make.an_account(database, "other")
    theirs = [a_user(hub, stranger, email=f"{n}@example.org") for n in range(3)]
    one = f"/account/people/{theirs[-1].person_id}"
    assert desk.get(one).status_code == 404
    forms = {"name": "x", "was": "x", "email": "x@example.com", "role": "member"}
    for below in ("name", "invite", "link", "rights", "remove"):
        assert desk.post(f"{one}/{below}", **forms).status_code == 404, below
    assert "example.org" not in desk.get("/account").text


def test_everybody_has_a_page_of_their_own(sit: Sit, campaign: Campaign) -> None:
    member = sit(Role.MEMBER, campaign)
    page = member.post("/me", name="Mette", was="Member", language="da")
    assert "Gemt." in text_of(page)
    assert "Din egen side" in text_of(page)
    assert "Mette" in text_of(page)
    page = member.post("/me", name="", language="en")
    assert page.status_code == 422
    assert "Skriv et navn." in text_of(page)
    page = member.post("/me", name="Mette", was="Mette", language="xx")
    assert "Saved." in text_of(page)


def test_a_password_is_changed_by_who_knows_the_old_one(
    desk: Desk, client: TestClient, hub: Hub
) -> None:
    elsewhere = Desk.of(hub, client, desk.user)
    new = "another long password"
    wrong = desk.post("/me/password", old="nonsense", new=new)
    assert wrong.status_code == 422
    assert "The old password is wrong." in text_of(wrong)
    short = desk.post("/me/password", old=PASSWORD, new="short")
    assert "too short" in text_of(short)
    page = desk.post("/me/password", old=PASSWORD, new=new)
    assert "Saved." in text_of(page)
    assert "Sign in" in text_of(elsewhere.get("/me"))
    login = {"email": desk.user.email, "password": new}
    assert client.post("/login", data=login).status_code == 200


def test_the_old_password_is_not_guessed(desk: Desk) -> None:
    email = desk.user.email
    for _ in range(4):
        desk.hub.database.write(lambda c: users.note_failure(c, email, 0, 0)).result()
    page = desk.post("/me/password", old="nonsense", new="another long password")
    assert "Try again in 15 seconds." in text_of(page)


def test_somebody_signs_out_everywhere(
    desk: Desk, client: TestClient, hub: Hub
) -> None:
    elsewhere = Desk.of(hub, client, desk.user)
    assert "Sign in" in text_of(desk.post("/me/sign-out"))
    assert "Sign in" in text_of(elsewhere.get("/me"))


def test_the_account_names_its_documentation(desk: Desk) -> None:
    page = desk.get("/account")
    assert 'value="https://hub.example/a/demo/api-documentation"' in page.text
    assert "There is no token yet." in text_of(page)
