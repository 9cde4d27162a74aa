"""Times on the pages by the clock of who reads them."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from leadwell.admin import building
from leadwell.admin.words import clocks, words
from leadwell.api.hub import Hub
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from leadwell.schema import times
from leadwell.store.connection import Database
from leadwell.store.people import users
from tests import make
from tests.admin.conftest import Sit
from tests.desk import PASSWORD, Desk, text_of
from tests.forms import form_of

HERE = "Europe/Copenhagen"
DANISH = replace(words("da"), zone=ZoneInfo(HERE))
LEADS = "/campaigns/362/leads"
AT = datetime(2026, 11, 28, 13, 5, tzinfo=UTC)


def test_each_language_writes_a_moment_its_own_way() -> None:
    assert words("en").by_clock("").moment(AT) == "2026-11-28 13:05"
    assert DANISH.moment(AT) == "28.11.2026 14.05"
    assert DANISH.day(datetime(2026, 11, 28, 23, 30, tzinfo=UTC)) == "29.11.2026"
    late = AT.replace(second=7, microsecond=250_000)
    assert words("en").exact(late) == "2026-11-28 13:05:07.25"
    assert DANISH.exact(late) == "28.11.2026 14.05.07,25"
    assert DANISH.exact(AT) == "28.11.2026 14.05"


def test_a_zone_that_is_none_is_utc() -> None:
    for name in ("", "UTC", "Mars/Olympus", "../etc/passwd"):
        assert clocks.zone_of(name) is UTC
    assert {HERE, "UTC"} <= set(clocks.zone_names())


@given(
    st.integers(0, 3 * 10**9).map(lambda s: datetime.fromtimestamp(s, UTC)),
    st.sampled_from([HERE, "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_what_an_input_shows_is_the_same_moment(at: datetime, name: str) -> None:
    zone, text = clocks.zone_of(name), times.show(at)
    assert times.show(times.read(clocks.local(text, zone), zone=zone)) == text


def test_an_hour_that_a_clock_shows_twice_keeps_its_offset() -> None:
    zone = ZoneInfo(HERE)
    assert clocks.local("2026-10-25T00:30:00.000000Z", zone) == "2026-10-25T02:30:00"
    assert clocks.local("2026-10-25T01:30:00.000000Z", zone) == "2026-10-25T01:30:00Z"


def test_a_filter_is_by_the_clock_of_who_builds_it() -> None:
    campaign = make.a_campaign()
    query = "created_after=2026-11-28T14:05:00&visit_at[lt]=2026-12-01T00:00:00"
    built = building.typed(DANISH, campaign, f"{query}&_tz={HERE}")
    assert [row.value for row in built.rows] == [
        "2026-11-28T14:05:00",
        "2026-12-01T00:00:00",
    ]
    assert built.pairs[-1] == ("_tz", HERE)
    assert built.query.endswith("&_tz=Europe%2FCopenhagen")
    again, conditions = building.checked(DANISH, campaign, built, is_final=True)
    assert again.is_sound
    assert conditions[0].values == (AT,)
    elsewhere = building.shown(words("en"), campaign, conditions)
    assert elsewhere.query == (
        "created_after=2026-11-28T13:05:00&visit_at[lt]=2026-11-30T23:00:00"
    )


def test_moments_with_an_offset_need_no_zone() -> None:
    campaign = make.a_campaign()
    twice = "2026-10-25T01:30:00Z"
    built = building.typed(DANISH, campaign, f"created_after={twice}")
    (row,) = built.rows
    assert (row.value, row.widget) == (twice, "text")
    assert built.pairs == [("created_after", twice)]
    assert building.typed(DANISH, campaign, "follow-up=2026-11-28").pairs == [
        ("follow-up", "2026-11-28")
    ]


@pytest.fixture
def dane(sit: Sit, campaign: Campaign, hub: Hub, database: Database) -> Desk:
    """A member who reads Danish, by the clock of Copenhagen; and a lead."""
    desk = sit(Role.MEMBER, campaign)
    email = desk.user.email
    hub.database.write(lambda c: users.set_tastes(c, email, "da", HERE)).result()
    with database.reading() as connection:
        now = make.campaigns.known(connection, campaign.id)
    make.a_lead(
        database, now, AT, fields={"name": "Bo", "visit_at": "2026-06-01T10:00:00Z"}
    )
    return desk


def test_pages_show_times_by_the_readers_clock(dane: Desk) -> None:
    table = dane.get(f"{LEADS}?_fields=name,visit_at")
    assert "01.06.2026 12.00" in text_of(table)
    assert (
        '<time datetime="2026-11-28T13:05:00.000000Z">28.11.2026 14.05</time>'
        in table.text
    )
    assert "Tidszone: Europe/Copenhagen" in text_of(table)


def test_a_moment_is_typed_by_the_readers_clock(dane: Desk) -> None:
    page = dane.get(f"{LEADS}/1")
    form = form_of(page, "/leads/1")
    assert form["v.visit_at"] == ["2026-06-01T12:00:00"]
    saved = dane.submit(f"{LEADS}/1", form | {"v.visit_at": "2026-12-01T12:00"})
    assert form_of(saved, "/leads/1")["v.visit_at"] == ["2026-12-01T12:00:00"]
    assert "01.06.2026 12.00 → 01.12.2026 12.00" in text_of(saved)
    odd = dane.submit(
        f"{LEADS}/1",
        form_of(saved, "/leads/1") | {"v.visit_at": "2026-10-25T01:30:00Z"},
    )
    assert 'type="text" value="2026-10-25T01:30:00Z"' in odd.text
    wrong = dane.submit(f"{LEADS}/1", form_of(odd, "/leads/1") | {"v.visit_at": "x"})
    assert wrong.status_code == 422


def test_the_request_beside_a_filter_carries_the_zone(dane: Desk) -> None:
    given = {
        "c.0.about": "created_at",
        "c.0.is": "gt",
        "c.0.value": "2026-11-28T14:04",
        "c.query": "",
        "c.was": "",
        "c.do": "go",
    }
    page = dane.submit(f"{LEADS}/filter", given)
    asked = "created_after=2026-11-28T14:04&_tz=Europe%2FCopenhagen"
    assert str(page.url).endswith(f"?{asked}")
    assert f"/v2/campaigns/362/leads?{asked}" in page.text.replace("&amp;", "&")
    assert "28.11.2026 14.04" in text_of(page)
    assert ">1<" in page.text
    none = dane.submit(f"{LEADS}/filter", given | {"c.0.value": "2026-11-28T14:05"})
    assert ">1</a></th>" not in none.text


def test_a_zone_is_guessed_when_somebody_signs_in_and_chosen_after(
    sit: Sit, campaign: Campaign, client: TestClient, hub: Hub
) -> None:
    desk = sit(Role.MEMBER, campaign)
    login = {"email": desk.user.email, "password": PASSWORD}
    for zone, wanted in (("Mars/X", ""), (HERE, HERE), ("Asia/Tokyo", HERE)):
        client.post("/login", data=login | {"zone": zone})
        with hub.database.reading() as connection:
            kept = users.known(connection, desk.user.email).user
        assert kept.time_zone == wanted
    page = desk.get("/me")
    assert re.search(rf"<option selected>{HERE}</option>", page.text)
    form = {"name": desk.user.name, "was": desk.user.name, "language": ""}
    for zone, wanted in (("Asia/Tokyo", "Asia/Tokyo"), ("Mars/X", "Asia/Tokyo")):
        page = desk.post("/me", **form, time_zone=zone)
        assert f"Times by the clock of {wanted}" in text_of(page)
