"""Personal fields on the pages: marked with what it means, and chosen for a token."""

import re
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign, Field
from leadwell.model.token import Token
from leadwell.store import campaigns, tokens
from leadwell.store.people import activity
from tests import make
from tests.desk import Desk, text_of
from tests.forms import form_of

AT = "/campaigns/362"
TAB = f"{AT}/api-documentation"


@pytest.fixture
def lead(hub: Hub, desk: Desk) -> None:
    given: dict[str, Any] = {"email": "jane@example.com", "budget": 5}
    make.a_lead(hub.database, now(hub), fields=given)


def now(hub: Hub) -> Campaign:
    with hub.database.reading() as connection:
        return campaigns.known(connection, 362)


def field(hub: Hub, slug: str) -> Field:
    return now(hub).field_by_slug[slug]


def newest(hub: Hub) -> Token:
    with hub.database.reading() as connection:
        return tokens.find_all(connection)[-1]


def sent(desk: Desk, path: str, **changes: Any) -> httpx2.Response:
    """Open a form, change some of it as a browser would, and send it."""
    given = form_at(desk.get(path), path) | changes
    return desk.submit(path, {name: text for name, text in given.items() if text})


def form_at(page: httpx2.Response, path: str) -> dict[str, Any]:
    """What the form holds that is sent to a path; of one name the last counts."""
    return {name: texts[-1] for name, texts in form_of(page, path).items()}


def shown_to(client: TestClient, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    (lead,) = client.get("/v2/campaigns/362/leads", headers=headers).json()["data"]
    return lead["fields"]


def secret_in(page: httpx2.Response) -> str:
    found = re.search("lw_[0-9A-Za-z]+_[0-9A-Za-z]{49}", page.text)
    assert found, text_of(page)
    return found[0]


def test_new_fields_are_personal_by_their_type_or_as_somebody_says(
    desk: Desk, hub: Hub
) -> None:
    ways = [("email", "", True), ("email", "no", False), ("text", "yes", True)]
    for number, (kind, personal, is_personal) in enumerate(ways):
        given = {"label": f"New {number}", "type": kind, "personal": personal}
        sent(desk, f"{AT}/fields/new", save="yes", **given)
        assert field(hub, f"new-{number}").is_personal == is_personal
    assert "Personal" in text_of(desk.get(f"{AT}/fields"))


def test_what_a_mark_means_for_tokens_is_agreed_to_first(
    desk: Desk, hub: Hub, account: Account, campaign: Campaign, lead: None
) -> None:
    make.a_token(hub.database, account, campaign, name="Wanda", masks=True)
    path = f"{AT}/fields/{field(hub, 'budget').id}"
    asked = sent(desk, path, personal="yes")
    told = text_of(asked)
    assert "Personal from now on" in told
    assert "is refused: Wanda" in told
    assert "1 lead changes for all who read it" in told
    assert not field(hub, "budget").is_personal
    agreed = desk.submit(path, form_at(asked, path) | {"agreed": "yes"})
    assert "Saved." in text_of(agreed)
    assert field(hub, "budget").is_personal
    back = sent(desk, path, personal="no")
    assert "see from now on what this field holds: Wanda" in text_of(back)
    desk.submit(path, form_at(back, path) | {"agreed": "yes"})
    assert not field(hub, "budget").is_personal
    with hub.database.reading() as connection:
        noted = activity.find(connection, campaign, 2**62, 2)
    assert [each.what for each in noted] == ["field-unmarked", "field-marked"]


def test_a_mark_that_no_token_feels_is_saved_at_once(desk: Desk, hub: Hub) -> None:
    path = f"{AT}/fields/{field(hub, 'name').id}"
    assert "Saved." in text_of(sent(desk, path, personal="yes"))
    assert field(hub, "name").is_personal
    # A page that does not know of it leaves it as it is.
    given = form_at(desk.get(path), path)
    del given["personal"]
    desk.submit(path, given | {"label": "Whole name"})
    assert field(hub, "name").is_personal


@pytest.mark.parametrize(("choice", "mask"), [("masked", True), ("all", False)])
def test_a_token_sees_masks_or_values_as_was_chosen(
    desk: Desk, hub: Hub, client: TestClient, lead: None, choice: str, mask: bool
) -> None:
    form = desk.get(f"{TAB}/new")
    assert form_at(form, f"{TAB}/new")["fields"] == "masked"
    assert "Personal: E-mail, Phone" in text_of(form)
    page = sent(desk, f"{TAB}/new", name="Wanda", fields=choice, make="yes")
    seen = shown_to(client, secret_in(page))
    assert seen["email"] == ("***@***" if mask else "jane@example.com")
    assert ("jane@example.com" in page.text) != mask
    one = f"{TAB}/{newest(hub).public_id}"
    told = "<dt>Masked</dt><dd><bdi>E-mail</bdi>, <bdi>Phone</bdi></dd>"
    assert (told in desk.get(one).text) == mask
    assert ("Personal masked" in text_of(desk.get(TAB))) == mask


def test_the_choice_is_changed_and_rotated_along(
    desk: Desk, hub: Hub, client: TestClient, lead: None
) -> None:
    secret = secret_in(sent(desk, f"{TAB}/new", name="Wanda", make="yes"))
    one = f"{TAB}/{newest(hub).public_id}"
    edit = desk.get(f"{one}/edit")
    assert form_at(edit, f"{one}/edit")["fields"] == "masked"
    sent(desk, f"{one}/edit", fields="all", make="yes")
    assert shown_to(client, secret)["email"] == "jane@example.com"
    stale = desk.submit(f"{one}/edit", form_at(edit, f"{one}/edit") | {"make": "yes"})
    assert "Somebody else has changed this token" in text_of(stale)
    sent(desk, f"{one}/edit", fields="masked", make="yes")
    assert shown_to(client, secret)["email"] == "***@***"
    given = {
        "once": form_at(desk.get(f"{TAB}/new"), f"{TAB}/new")["once"],
        "overlap": "1h",
    }
    rotated = desk.submit(f"{one}/rotate", given | {"ends": "30"})
    assert shown_to(client, secret_in(rotated))["email"] == "***@***"


def test_a_token_of_the_account_masks_unless_somebody_says_otherwise(
    desk: Desk, hub: Hub, client: TestClient, lead: None
) -> None:
    base = "/account/tokens"
    masked = secret_in(sent(desk, f"{base}/new", name="BI", make="yes"))
    assert shown_to(client, masked)["email"] == "***@***"
    one = f"{base}/{newest(hub).public_id}"
    assert "<dt>Masked</dt><dd>Personal fields</dd>" in desk.get(one).text
    sent(desk, f"{one}/edit", fields="all", make="yes")
    assert shown_to(client, masked)["email"] == "jane@example.com"


def test_who_signs_in_sees_what_is_there(desk: Desk, lead: None) -> None:
    assert "jane@example.com" in desk.get(f"{AT}/leads").text
