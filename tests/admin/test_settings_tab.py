"""The tab Settings: what a campaign is called, and who may open it."""

import re

import pytest

from leadwell.api.hub import Hub
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from leadwell.schema import definition
from tests import make
from tests.admin.conftest import Sit
from tests.admin.test_schema import AWFUL, hidden, now
from tests.desk import Desk, text_of

AT = "/campaigns/362/settings"


def test_a_campaign_gets_another_name_and_country(desk: Desk, hub: Hub) -> None:
    page = desk.get(AT)
    given = {"seen": hidden(page, "seen"), "name": AWFUL, "country": "se"}
    for _ in range(2):
        page = desk.submit(AT, given)
        assert "Saved." in text_of(page)
    assert (now(hub).name, now(hub).country) == (AWFUL, "SE")
    assert AWFUL in text_of(page)
    assert "<script>alert" not in page.text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "Write 1 to 255 characters."),
        ({"name": "x" * 10_000}, "Write 1 to 255 characters."),
        ({"country": "Danmark"}, "Two letters"),
        ({"country": "1"}, "Two letters"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    desk: Desk, hub: Hub, changed: dict[str, str], said: str
) -> None:
    before = now(hub)
    given = {"seen": hidden(desk.get(AT), "seen"), "name": "Roofs", "country": "DK"}
    page = desk.submit(AT, given | changed)
    assert page.status_code == 422
    assert said in text_of(page)
    assert 'aria-invalid="true"' in page.text
    assert now(hub) == before


def test_two_people_at_once_overwrite_nothing(desk: Desk, hub: Hub) -> None:
    seen = hidden(desk.get(AT), "seen")
    desk.post(AT, seen=seen, name="Theirs", country="DK")
    page = desk.post(AT, seen=seen, name="Mine", country="DK")
    assert page.status_code == 422
    assert "Now it is: Theirs, DK" in text_of(page)
    assert 'value="Mine"' in page.text
    assert now(hub).name == "Theirs"
    desk.post(AT, seen=hidden(page, "seen"), name="Mine", country="DK")
    assert now(hub).name == "Mine"


def test_members_are_let_in_and_kept_out_at_once(
    sit: Sit, desk: Desk, campaign: Campaign
) -> None:
    assert "There are no members yet." in text_of(desk.get(AT))
    inside, outside = sit(Role.MEMBER, campaign), sit(Role.MEMBER)
    page = desk.get(AT)
    checked = re.findall(r'name="open" value="(\d+)" checked', page.text)
    assert checked == [str(inside.user.person_id)]
    given = {"opened": hidden(page, "opened"), "open": str(outside.user.person_id)}
    for _ in range(2):
        assert "Saved." in text_of(desk.submit(f"{AT}/people", given))
    assert outside.get("/campaigns/362/leads").status_code == 200
    assert inside.get("/campaigns/362/leads").status_code == 404
    stale = desk.submit(f"{AT}/people", given | {"open": str(inside.user.person_id)})
    assert stale.status_code == 422
    assert "somebody else has changed this meanwhile" in text_of(stale)
    assert inside.get("/campaigns/362/leads").status_code == 404


def test_nobody_of_another_account_is_let_in(
    desk: Desk, hub: Hub, campaign: Campaign
) -> None:
    other = make.an_account(hub.database, "other")
    made = make.a_kept_campaign(hub.database, other, id=700)
    given = {"opened": "", "open": str(desk.user.person_id), "name": "Mine"}
    for path in ("", "/people"):
        at = f"/campaigns/700/settings{path}"
        assert desk.submit(at, given).status_code == 404
    for path in ("", "/schema.json", "/lead.json"):
        assert desk.get(f"/campaigns/700/settings{path}").status_code == 404
    assert now(hub, 700) == made


def test_the_schema_is_handed_out_as_files(desk: Desk, hub: Hub) -> None:
    file = desk.get(f"{AT}/schema.json")
    assert file.headers["content-disposition"] == (
        'attachment; filename="campaign-362-schema.json"'
    )
    read = definition.read(file.json()).campaign
    assert [field.slug for field in read.fields] == [
        field.slug for field in now(hub).fields
    ]
    lead = desk.get(f"{AT}/lead.json").json()
    assert "budget" in lead["properties"]["fields"]["properties"]


def test_a_member_sees_no_settings(sit: Sit, campaign: Campaign) -> None:
    member = sit(Role.MEMBER, campaign)
    assert member.get(AT).status_code == 403
    assert member.post(f"{AT}/people", open="1").status_code == 403
    assert member.get(f"{AT}/schema.json").status_code == 403
