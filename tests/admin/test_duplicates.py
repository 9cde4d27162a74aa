"""Leads of one person on the pages: decided, shown, merged, and left apart."""

import re

import pytest

from leadwell.api.hub import Hub
from leadwell.model.campaign import Campaign, Duplicates, Policy
from leadwell.model.user import Role
from leadwell.store.people import activity
from tests import make
from tests.admin.conftest import Sit
from tests.admin.test_schema import AWFUL, hidden, now
from tests.desk import Desk, text_of

SETTINGS = "/campaigns/362/settings"
AT = "/campaigns/362/duplicates"
LEADS = "/campaigns/362/leads"
BOTH = ["email", "phone"]
JANE = {"name": "Jane", "email": "jane@example.com"}


def decide(desk: Desk, policy: str, identifying: list[str] = BOTH) -> None:
    given = {
        "decided": hidden(desk.get(SETTINGS), "decided"),
        "policy": policy,
        "identifying": identifying,
    }
    page = desk.submit(f"{SETTINGS}/duplicates", given)
    assert page.status_code == 200, text_of(page)
    assert "Saved." in text_of(page)


def add(hub: Hub, *names: str, **fields: str) -> None:
    given = [{"fields": JANE | {"name": name} | fields} for name in names]
    make.leads(hub.database, now(hub), given)


def test_it_is_decided_in_the_settings(desk: Desk, hub: Hub) -> None:
    assert "This campaign does not look" in text_of(desk.get(AT))
    decide(desk, "merge")
    assert now(hub).duplicates == Duplicates(Policy.MERGE)
    decide(desk, "flag", ["phone"])
    phone = now(hub).field_by_slug["phone"].id
    assert now(hub).duplicates == Duplicates(Policy.FLAG, (phone,))
    with hub.database.reading() as connection:
        noted = activity.find(connection, now(hub), 10**17, 10)
    assert [(each.what, each.about) for each in noted] == [
        ("duplicates-changed", "flag"),
        ("duplicates-changed", "merge"),
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"policy": "none"}, "there is no policy"),
        ({"policy": "flag"}, "no field is named"),
        ({"policy": "flag", "identifying": ["name"]}, "'name' is no field"),
    ],
)
def test_what_cannot_be_decided_is_told(
    desk: Desk, hub: Hub, given: dict[str, object], said: str
) -> None:
    given = given | {"decided": hidden(desk.get(SETTINGS), "decided")}
    page = desk.submit(f"{SETTINGS}/duplicates", given)
    assert page.status_code == 422
    assert said in text_of(page)
    assert now(hub).duplicates == Duplicates()


def test_two_who_decide_at_once_overwrite_nothing(desk: Desk, hub: Hub) -> None:
    seen = hidden(desk.get(SETTINGS), "decided")
    decide(desk, "flag")
    given = {"decided": seen, "policy": "reject", "identifying": BOTH}
    page = desk.submit(f"{SETTINGS}/duplicates", given)
    assert page.status_code == 422
    assert "Now it is: Show" in text_of(page)
    assert 'value="reject" checked' in page.text
    assert now(hub).duplicates.policy is Policy.FLAG


def test_leads_that_are_there_are_shown_and_merged(desk: Desk, hub: Hub) -> None:
    add(hub, "Jane", AWFUL)
    add(hub, "Ann", email="ann@example.com")
    decide(desk, "reject")
    page = desk.get(AT)
    assert "2 leads" in text_of(page)
    assert AWFUL in text_of(page)
    assert "<script>alert" not in page.text
    assert "ann@example.com" not in page.text
    assert f"{AT}" in desk.get(f"{LEADS}/2").text
    assert "This looks like the same person as lead: 1." in text_of(
        desk.get(f"{LEADS}/2")
    )
    assert "looks like the same" not in text_of(desk.get(f"{LEADS}/3"))
    (into,) = re.findall(r'href="([^"]*leads/2/merge\?into=1)"', page.text)
    compared = desk.get(into.replace("&amp;", "&"))
    names = ("into", "version", "into_version")
    given = {name: hidden(compared, name) for name in names}
    assert "Saved." in text_of(desk.submit(f"{LEADS}/2/merge", given))
    assert "No two leads" in text_of(desk.get(AT))


def test_they_are_left_apart_until_another_one_comes(desk: Desk, hub: Hub) -> None:
    decide(desk, "flag")
    add(hub, "Jane", "John")
    page = desk.get(AT)
    given = {name: hidden(page, name) for name in ("key", "leads")}
    add(hub, "Joe")
    page = desk.submit(AT, given)
    assert page.status_code == 409
    assert "these leads have changed meanwhile" in text_of(page)
    given = {name: hidden(page, name) for name in ("key", "leads")}
    assert "Noted:" in text_of(desk.submit(AT, given))
    assert "No two leads" in text_of(desk.get(AT))
    assert desk.submit(AT, {"key": "x", "leads": "a"}).status_code == 409
    add(hub, "Jack")
    assert "4 leads" in text_of(desk.get(AT))


def test_many_groups_fill_pages(desk: Desk, hub: Hub) -> None:
    decide(desk, "flag")
    for number in range(21):
        add(hub, "Jane", "John", email=f"{number}@example.com")
    assert "Page 1 of 2" in text_of(desk.get(AT))
    last = desk.get(f"{AT}?page=2")
    assert "0@example.com" in text_of(last)
    assert "No two leads" in text_of(desk.get(f"{AT}?page=99"))
    assert "Page 1 of 2" in text_of(desk.get(f"{AT}?page=x"))


def test_a_new_lead_is_refused_at_its_field(desk: Desk, hub: Hub) -> None:
    decide(desk, "reject")
    add(hub, "Jane")
    given = {"key": "k", "v.name": "J.", "v.email": "JANE@example.com"}
    page = desk.submit(f"{LEADS}/new", given)
    assert page.status_code == 422
    assert "lead 1 has the same email" in text_of(page)
    assert "JANE@example.com" in page.text


def test_a_new_lead_is_merged(desk: Desk, hub: Hub) -> None:
    decide(desk, "merge")
    add(hub, "Jane")
    given = {"key": "k", "v.name": "J.", "v.email": "jane@example.com"}
    page = desk.submit(f"{LEADS}/new", given | {"v.phone": "32123456"})
    assert "This person had a lead already" in text_of(page)
    assert page.url.path == f"{LEADS}/1"
    assert "+4532123456" in page.text


def test_members_see_them_and_others_do_not(
    sit: Sit, desk: Desk, hub: Hub, campaign: Campaign
) -> None:
    decide(desk, "flag")
    add(hub, "Jane", "John")
    member = sit(Role.MEMBER, campaign)
    page = member.get(AT)
    assert "jane@example.com" in text_of(page)
    assert "/merge" not in page.text
    assert sit(Role.MEMBER).get(AT).status_code == 404
    given = {"decided": "", "policy": "off"}
    assert member.submit(f"{SETTINGS}/duplicates", given).status_code == 403
