"""What somebody may do counts when they write, not when their request began."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from leadwell.admin import app as admin
from leadwell.admin.gate import signed_in
from leadwell.admin.visit import Visit
from leadwell.api.app import Beside, app, route
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.token import digest
from leadwell.model.user import Role, User
from leadwell.store import accounts
from leadwell.store.people import users
from tests import make
from tests.admin.conftest import Sit
from tests.desk import PASSWORD, Desk, text_of
from tests.forms import form_of

WORK = "/campaigns/362/work"


def rights(role: Role, *campaigns: int, account: int = 1) -> User:
    return User(account, 1, "Ann", "ann@example.com", role, frozenset(campaigns))


@pytest.mark.parametrize(
    ("now", "then", "may"),
    [
        (rights(Role.MEMBER, 1, 2), rights(Role.MEMBER, 1), True),
        (rights(Role.MEMBER, 2), rights(Role.MEMBER, 1), False),
        (rights(Role.MEMBER, 1), rights(Role.ADMINISTRATOR), False),
        (rights(Role.ADMINISTRATOR), rights(Role.MEMBER, 1), True),
        (rights(Role.ADMINISTRATOR), rights(Role.ADMINISTRATOR), True),
        (rights(Role.ADMINISTRATOR, account=2), rights(Role.MEMBER), False),
    ],
)
def test_rights_are_compared(now: User, then: User, may: bool) -> None:
    assert now.may_all_that(then) is may


def taken_away(desk: Desk) -> None:
    """Take somebody's campaigns away."""
    user = replace(desk.user, role=Role.MEMBER, campaigns=frozenset())
    desk.hub.database.write(lambda c: users.change(c, user)).result()


def removed(desk: Desk) -> None:
    """Let somebody sign in no longer."""
    email = desk.user.email
    desk.hub.database.write(lambda c: users.remove(c, email)).result()


def at_work(desk: Desk, meanwhile) -> None:
    """A page that writes, and before that has something else happen."""

    async def page(visit: Visit):
        await visit.read(visit.campaign)
        await asyncio.to_thread(meanwhile, desk)
        name = visit.text("name")
        owner = visit.user.account_id
        await visit.write(
            lambda c: accounts.add_person(c, accounts.find_by_id(c, owner), name)
        )
        return visit.go("/campaigns")

    own = route("/campaigns/{campaign_id:id}/work", POST=signed_in(desk.hub, page))
    whole = app(desk.hub, beside=Beside(leads=admin.leads(desk.hub), pages=[own]))
    desk.client.app = whole
    desk.client._transport.app = whole


def people(hub: Hub, account: Account) -> list[str]:
    with hub.database.reading() as connection:
        return [each.name for each in accounts.find_people(connection, account.id)]


@pytest.mark.parametrize("role", list(Role))
def test_who_loses_rights_while_a_request_is_at_work_writes_nothing(
    sit: Sit, hub: Hub, account: Account, campaign: Campaign, role: Role
) -> None:
    desk = sit(role, campaign)
    at_work(desk, taken_away)
    page = desk.post(WORK, name="Eve")
    assert page.status_code == 403
    assert "somebody has just changed what you may do" in text_of(page)
    assert "Eve" not in people(hub, account)


def test_who_is_signed_out_while_a_request_is_at_work_is_asked_to_sign_in(
    sit: Sit, hub: Hub, account: Account, campaign: Campaign
) -> None:
    desk = sit(Role.MEMBER, campaign)
    at_work(desk, removed)
    page = desk.post(WORK, name="Eve")
    assert page.status_code == 401
    assert 'name="typed.name" value="Eve"' in page.text
    assert "Eve" not in people(hub, account)


def test_the_role_counts_before_what_is_sent_is_read(sit: Sit) -> None:
    member = sit(Role.MEMBER)
    # A body that could not be read as a form at all.
    answer = member.client.post(
        "/campaigns/import",
        content=b"nonsense",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 403


def test_a_body_that_was_long_on_its_way_counts_for_todays_rights(
    sit: Sit, hub: Hub
) -> None:
    desk = sit(Role.ADMINISTRATOR)

    def body():
        yield f"_word={desk.word}".encode()
        taken_away(desk)
        yield b"&name=Late"

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = desk.client.post("/campaigns", content=body(), headers=kind)
    assert answer.status_code == 403


def test_a_login_form_takes_no_file_and_not_any_number_of_fields(
    client: TestClient,
) -> None:
    many = {f"typed.{number}": "x" for number in range(5_011)}
    answer = client.post("/login", data=many)
    assert answer.status_code == 400
    assert "Too many fields" in text_of(answer)
    answer = client.post("/login", data={"email": "x"}, files={"file": b"x"})
    assert answer.status_code == 400


def test_the_language_of_somebody_says_nothing_of_their_rights(
    sit: Sit, hub: Hub, campaign: Campaign
) -> None:
    desk = sit(Role.MEMBER, campaign)
    desk.post("/me", name=desk.user.name, was=desk.user.name, language="da")
    taken_away(desk)
    with hub.database.reading() as connection:
        kept = users.known(connection, desk.user.email).user
        session = users.find_session(connection, digest(hub.key, desk.secret))
    assert (kept.language, kept.campaigns) == ("da", frozenset())
    assert session is not None


def test_a_button_pressed_after_the_session_ended_is_told_to_be_not_done(
    desk: Desk, clock: make.Clock
) -> None:
    clock.now += timedelta(hours=13)
    shown = "https://hub.example/campaigns/362/api-documentation/x?lead=1&_done=saved"
    cases = {
        shown: "/campaigns/362/api-documentation/x?lead=1&_done=not-done",
        "https://evil.example/campaigns/362": "/campaigns?_done=not-done",
        "https://hub.example//evil.example": "/campaigns?_done=not-done",
        "": "/campaigns?_done=not-done",
    }
    for referer, wanted in cases.items():
        asked = desk.submit(
            "/account/tokens/x/revoke", {}, headers={"Referer": referer}
        )
        assert asked.status_code == 401
        (found,) = re.findall('name="next" value="(.*?)"', asked.text)
        assert found.replace("&amp;", "&") == wanted
    given = {"email": desk.user.email, "password": PASSWORD, "next": wanted}
    page = desk.client.post("/login", data=given)
    assert "You had been signed out, so nothing was done." in text_of(page)


def test_a_form_of_thousands_of_fields_waits_for_its_sender(
    desk: Desk, clock: make.Clock
) -> None:
    clock.now += timedelta(hours=13)
    typed = {f"v.field-{n}": f"text {n}" for n in range(1_500)} | {"long": "å" * 90_000}
    asked = desk.submit("/campaigns/362/leads/new", typed)
    assert asked.status_code == 401
    waiting = form_of(asked, "/login")
    given = waiting | {"email": desk.user.email, "password": PASSWORD}
    again = desk.client.post("/login", data=given)
    sent = form_of(again, "/leads/new")
    assert {name: sent[name] for name in typed} == {k: [v] for k, v in typed.items()}
    assert desk.submit("/campaigns/362/leads/new", sent).status_code != 401
