"""The tab Filters: built in rows, seen before it is saved, safe for its tokens."""

import html
import re
from typing import Any

import httpx2
import pytest

from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from leadwell.schema import wording
from leadwell.store import campaigns, filters
from leadwell.store.filters import Filter
from tests import make
from tests.admin.conftest import Sit
from tests.admin.test_schema import AWFUL, hidden, now
from tests.desk import Desk, text_of

AT = "/campaigns/362/filters"


def kept(hub: Hub) -> list[Filter]:
    with hub.database.reading() as connection:
        campaign = campaigns.known(connection, 362)
        return filters.find_all(connection, campaign)


def queries(hub: Hub) -> dict[str | None, str]:
    return {
        each.name: wording.as_query(now(hub), each.conditions) for each in kept(hub)
    }


def form_of(page: httpx2.Response) -> dict[str, Any]:
    """What a browser sends of the page's form, without a button."""
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", page.text):
        read = dict(re.findall(r'(name|value|type)="([^"]*)"', tag))
        if read.get("type") in {"checkbox", "radio"} and " checked" not in tag:
            continue
        if "name" in read and read["name"] != "_word":
            name, value = read["name"], html.unescape(read.get("value", ""))
            found.setdefault(name, []).append(value)
    for name, options in re.findall(
        r'<select id="[^"]*" name="([^"]*)".*?>(.*?)</select>', page.text, re.DOTALL
    ):
        chosen = re.findall(r'value="([^"]*)" selected', options)
        first = re.findall(r'value="([^"]*)"', options)[:1]
        found[name] = chosen or first
    return found


def made(desk: Desk, name: str, query: str, **more: str) -> httpx2.Response:
    """Save a filter by its query, as somebody who types it would."""
    given = {"name": name, "c.query": query, "save": "yes"} | more
    return desk.submit(f"{AT}/new", given)


@pytest.fixture
def three(hub: Hub, desk: Desk) -> Campaign:
    """Three leads: budgets of 5, 50 and 500, one of them of Partner West."""
    del desk
    campaign = now(hub)
    given = [
        {"fields": {"name": "Ann", "budget": 5, "source": "partner-west"}},
        {"fields": {"name": "<b>Bo</b>", "budget": 50}},
        {"fields": {"name": "Cy", "budget": 500}},
    ]
    make.leads(hub.database, campaign, given)
    return campaign


def test_a_filter_is_built_row_by_row_without_scripts(
    desk: Desk, hub: Hub, three: Campaign
) -> None:
    budget = three.field_by_slug["budget"].id
    page = desk.get(f"{AT}/new")
    assert "3 leads every lead" in text_of(page)
    form = form_of(page) | {"name": "Large", "c.about": str(budget), "c.do": "add"}
    page = desk.submit(f"{AT}/new", form)
    assert "is at least" in page.text
    form = form_of(page) | {"c.0.is": "gte", "c.0.value": "50", "c.do": "show"}
    page = desk.submit(f"{AT}/new", form)
    told = text_of(page)
    assert "2 leads Budget is at least 50" in told
    assert "<b>Bo</b>" in told
    assert 'value="budget[gte]=50"' in page.text
    assert kept(hub) == []
    page = desk.submit(f"{AT}/new", form_of(page) | {"save": "yes"})
    assert "Saved." in text_of(page)
    assert "Budget is at least 50" in text_of(page)
    assert queries(hub) == {"Large": "budget[gte]=50"}
    again = desk.submit(f"{AT}/new", form | {"save": "yes"})
    assert again.url.path == AT
    assert len(kept(hub)) == 1


def test_a_filter_is_begun_with_what_the_leads_tab_shows(
    desk: Desk, three: Campaign
) -> None:
    page = desk.get(f"{AT}/new", params={"filter": "source=partner-west"})
    assert "1 lead Source is Partner West" in text_of(page)
    broken = desk.get(f"{AT}/new", params={"filter": "source=nowhere"})
    assert broken.status_code == 200
    assert "is not an option of source" in text_of(broken)
    assert "Mend the conditions first." in text_of(broken)


def test_a_filter_is_changed_and_called_otherwise(
    desk: Desk, hub: Hub, three: Campaign
) -> None:
    made(desk, "Large", "budget[gte]=50")
    path = f"{AT}/{kept(hub)[0].id}"
    page = desk.get(path)
    form = form_of(page) | {"name": "Huge", "c.0.value": "500", "save": "yes"}
    assert "Saved." in text_of(desk.submit(path, form))
    assert queries(hub) == {"Huge": "budget[gte]=500"}
    assert "1" in text_of(desk.get(AT))
    assert "Saved." in text_of(desk.submit(path, form))


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("", "budget=5", "Write 1 to 120 characters"),
        ("x" * 10_000, "budget=5", "Write 1 to 120 characters"),
        ("a=b", "budget=5", "without =."),
        ("Taken", "budget=5", "There is a filter of this name already."),
        ("Empty", "", "Add at least one condition."),
        ("Wrong", "budget=many", "many"),
        ("Unknown", "nothing=1", "nothing"),
    ],
)
def test_what_is_wrong_with_a_filter_is_told_and_nothing_is_lost(
    desk: Desk, hub: Hub, name: str, query: str, said: str
) -> None:
    made(desk, "Taken", "budget=4")
    page = made(desk, name, query)
    assert page.status_code == 422
    assert said in text_of(page)
    assert f'value="{name}"' in page.text
    assert queries(hub) == {"Taken": "budget=4"}


def test_a_row_without_a_value_is_refused_where_it_stands(
    desk: Desk, hub: Hub, three: Campaign
) -> None:
    budget = str(three.field_by_slug["budget"].id)
    given = {"name": "Half", "c.0.about": budget, "c.0.is": "gte", "save": "yes"}
    page = desk.submit(f"{AT}/new", given)
    assert page.status_code == 422
    assert "A value is missing." in text_of(page)
    assert kept(hub) == []


def test_what_tokens_would_see_is_agreed_to_first(
    desk: Desk, hub: Hub, account: Account, three: Campaign
) -> None:
    made(desk, "Large", "budget[gte]=50")
    token = make.a_token(hub.database, account, now(hub), named="Large", name="Wanda")
    path = f"{AT}/{kept(hub)[0].id}"
    form = form_of(desk.get(path)) | {"c.query": "budget[lt]=100", "save": "yes"}
    asked = desk.submit(path, form)
    told = text_of(asked)
    assert "1 lead comes into view." in told
    assert "1 lead goes out of view" in told
    assert "Wanda" in told
    assert queries(hub) == {"Large": "budget[gte]=50"}
    done = desk.submit(path, form_of(asked) | {"save": "yes"})
    assert "Saved." in text_of(done)
    assert queries(hub) == {"Large": "budget[lt]=100"}
    answer = desk.client.get(
        "/v2/campaigns/362/leads",
        headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
    )
    assert [lead["id"] for lead in answer.json()["data"]] == [1, 2]


def test_an_edit_that_a_token_could_not_write_is_refused(
    desk: Desk, hub: Hub, account: Account, three: Campaign
) -> None:
    made(desk, "Named", "name=Ann")
    readable = frozenset({three.field_by_slug["name"].id})
    make.a_token(
        hub.database,
        account,
        now(hub),
        named="Named",
        name="Wanda",
        may_write=True,
        readable=readable,
    )
    path = f"{AT}/{kept(hub)[0].id}"
    form = form_of(desk.get(path)) | {"c.query": "budget=50", "save": "yes"}
    page = desk.submit(path, form)
    assert page.status_code == 422
    assert "Wanda" in text_of(page)
    assert queries(hub) == {"Named": "name=Ann"}


def test_a_filter_goes_only_when_no_token_has_it(
    desk: Desk, hub: Hub, account: Account
) -> None:
    made(desk, "Free", "budget=1")
    made(desk, "Held", "budget=2")
    make.a_token(hub.database, account, now(hub), named="Held", name="Wanda")
    free, held = kept(hub)
    assert "while a token has it" in text_of(desk.get(f"{AT}/{held.id}"))
    refused = desk.post(f"{AT}/{held.id}/remove")
    assert refused.status_code == 422
    assert "Wanda" in text_of(refused)
    for _ in range(2):
        assert "Removed." in text_of(desk.post(f"{AT}/{free.id}/remove"))
    assert queries(hub) == {"Held": "budget=2"}
    assert desk.get(f"{AT}/{free.id}").status_code == 404
    gone = {"name": "Free", "c.query": "budget=3", "save": "yes"}
    assert desk.submit(f"{AT}/{free.id}", gone).status_code == 404


def test_two_people_at_once_overwrite_nothing(sit: Sit, desk: Desk, hub: Hub) -> None:
    made(desk, "Large", "budget[gte]=50")
    path = f"{AT}/{kept(hub)[0].id}"
    mine = form_of(desk.get(path)) | {"c.query": "budget[gte]=70", "save": "yes"}
    other = sit(Role.ADMINISTRATOR)
    theirs = form_of(other.get(path)) | {"c.query": "budget[gte]=60", "save": "yes"}
    other.submit(path, theirs)
    page = desk.submit(path, mine)
    assert page.status_code == 422
    assert "Now it is: Large: Budget is at least 60" in text_of(page)
    assert 'value="budget[gte]=70"' in page.text
    assert queries(hub) == {"Large": "budget[gte]=60"}
    desk.submit(path, form_of(page) | {"save": "yes"})
    assert queries(hub) == {"Large": "budget[gte]=70"}


def test_names_are_shown_as_they_were_written(desk: Desk, hub: Hub) -> None:
    name = AWFUL.replace("=", "")
    made(desk, name, "budget=1")
    for path in (AT, f"{AT}/{kept(hub)[0].id}"):
        page = desk.get(path)
        assert name in text_of(page)
        assert "<script>alert" not in page.text


def test_conditions_are_said_in_danish(desk: Desk, three: Campaign) -> None:
    made(desk, "Store", "budget[gte]=50&source[exists]=false")
    page = desk.get(AT, headers={"Accept-Language": "da"})
    assert "Budget er mindst 50 og Source er tom" in text_of(page)


def test_members_and_strangers_get_nothing(
    sit: Sit, desk: Desk, hub: Hub, campaign: Campaign
) -> None:
    made(desk, "Large", "budget[gte]=50")
    path = f"{AT}/{kept(hub)[0].id}"
    member = sit(Role.MEMBER, campaign)
    for each in (AT, f"{AT}/new", path):
        assert member.get(each).status_code == 403
    assert member.post(f"{path}/remove").status_code == 403
    other = make.an_account(hub.database, "other")
    make.a_kept_campaign(hub.database, other, id=700)
    for each in ("700", "999"):
        assert desk.get(f"/campaigns/{each}/filters").status_code == 404
        given = {"name": "Mine", "c.query": "budget=1", "save": "yes"}
        new = desk.submit(f"/campaigns/{each}/filters/new", given)
        assert new.status_code == 404
    assert hidden(desk.get(path), "seen")
