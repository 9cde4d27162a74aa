"""The first page: what comes in, in numbers and drawn."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest

from leadwell.admin import charts
from leadwell.admin.pages import campaigns as page_of_campaigns
from leadwell.admin.rendering import day
from leadwell.admin.words import words
from leadwell.model.grant import Grant
from leadwell.model.query import Question
from leadwell.model.user import Role
from leadwell.schema.times import from_microseconds
from leadwell.store import campaigns
from leadwell.store.indexes import Indexes
from tests import make
from tests.admin.conftest import Sit
from tests.desk import Desk, text_of

DAY_US = 86_400_000_000


def some_leads(hub, campaign, given: list[tuple[int, str]]) -> None:
    """Leads of so many days ago, each with its source."""
    with hub.database.reading() as connection:
        now = campaigns.known(connection, campaign.id)
    fields = [
        {"name": "Åse", **({"source": slug} if slug else {})} for _, slug in given
    ]
    created = [from_microseconds(hub.moment - ago * DAY_US) for ago, _ in given]
    leads = [
        {"fields": each, "created_at": at.isoformat()}
        for each, at in zip(fields, created, strict=True)
    ]
    make.leads(hub.database, now, leads, now=hub.clock())


def test_who_begins_is_told_what_to_do_in_three_steps(sit: Sit) -> None:
    page = text_of(sit(Role.ADMINISTRATOR).get("/campaigns"))
    assert "Three steps to begin with" in page
    member = text_of(sit(Role.MEMBER).get("/campaigns"))
    assert "Ask an administrator" in member
    assert "New campaign" not in member


def test_leads_are_drawn_by_day_and_source_with_the_table_behind(
    desk: Desk, campaign, hub
) -> None:
    given = [(0, "website")] * 3 + [(0, ""), (1, "partner-west"), (29, "website")]
    some_leads(hub, campaign, [*given, (30, "website"), (400, "partner-north")])
    page = desk.get("/campaigns")
    told = text_of(page)
    assert "6 new leads in the last 30 days" in told
    assert "2025-02-21 3 0 1 4".replace(" ", "") in told.replace(" ", "")
    assert "2025-01-23" in told
    assert "2025-01-22" not in told
    bars = re.findall(r'<rect class="(c\d)" x="([\d.]+)" y="([\d.]+)"', page.text)
    assert [bar[0] for bar in bars] == ["c0", "c1", "c0", "c5"]
    assert min(float(bar[2]) for bar in bars) == 0
    assert "New 8" in re.sub(r"New(?=\d)", "New ", told)


def test_it_is_counted_again_when_a_lead_or_the_day_changes(
    desk: Desk, campaign, hub, clock: make.Clock
) -> None:
    some_leads(hub, campaign, [(0, "website"), (29, "website")])
    for _ in range(2):
        assert "2 new leads in" in text_of(desk.get("/campaigns"))
    some_leads(hub, campaign, [(0, "website")])
    assert "3 new leads in" in text_of(desk.get("/campaigns"))
    clock.now += timedelta(days=1)
    figures = charts.per_day(counted(hub, campaign))
    assert figures.total == 2


def counted(hub, campaign, zone: tzinfo = UTC):
    today = from_microseconds(hub.moment).astimezone(zone).date()
    with hub.database.reading() as connection:
        now = campaigns.known(connection, campaign.id)
        query = make_query(now)
        found = hub.indexes.counted(
            connection,
            now,
            query,
            lambda index, ids: charts.counts(now, index, ids, today, zone),
        )
    assert found is not None
    return found


def test_days_are_those_of_who_reads(desk: Desk, campaign, hub) -> None:
    """Just after midnight it is still the day before elsewhere."""
    some_leads(hub, campaign, [(0, "website")])
    days = re.compile(r'<th scope="row" class="nowrap">([0-9-]+)</th>')
    assert days.findall(desk.get("/campaigns").text) == ["2025-02-21"]
    desk.post("/me", name="Administrator", time_zone="America/New_York")
    assert days.findall(desk.get("/campaigns").text) == ["2025-02-20"]


def test_a_day_on_which_summer_begins_loses_no_lead(
    desk: Desk, campaign, hub, clock: make.Clock
) -> None:
    """There it begins at midnight, which that day does not have."""
    del desk
    cairo, begins = ZoneInfo("Africa/Cairo"), datetime(2025, 4, 24, 22, 0, tzinfo=UTC)
    for apart_s in (-1, 0, 23 * 3_600 - 1):
        clock.now = begins + timedelta(seconds=apart_s)
        some_leads(hub, campaign, [(0, "website")])
    found = dict(counted(hub, campaign, cairo).days)
    assert found[date(2025, 4, 24)].total == 1
    assert found[date(2025, 4, 25)].total == 2


def make_query(campaign):
    return Grant.of_operator(campaign).query(campaign, Question())


def test_a_campaign_whose_leads_are_not_counted_yet_says_so(
    desk: Desk, campaign, hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_leads(hub, campaign, [(0, "website")])
    monkeypatch.setattr("leadwell.store.indexes.SMALL", 0)
    assert "are being counted" in text_of(desk.get("/campaigns"))
    hub.indexes.settle()
    assert "1 new lead in" in text_of(desk.get("/campaigns"))


def test_only_so_many_campaigns_are_drawn(
    desk: Desk, campaign, hub, account, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make.a_kept_campaign(hub.database, account, slug="other", id=363)
    for each in (campaign, other):
        some_leads(hub, each, [(0, "website")])
    assert text_of(desk.get("/campaigns")).count("1 new lead") == 2
    monkeypatch.setattr(page_of_campaigns, "CHARTS_MAX", 1)
    assert text_of(desk.get("/campaigns")).count("1 new lead") == 1


def test_the_field_that_leads_are_told_apart_by() -> None:
    whole = make.a_campaign()
    source = charts.source_of(whole)
    assert source is not None
    assert source.slug == "source"
    without = [each for each in make.FIELDS if each["slug"] != "source"]
    first = charts.source_of(make.a_campaign(fields=without))
    assert first is not None
    assert first.slug == "customer-type"
    assert charts.source_of(make.a_campaign(fields=[{"label": "Name"}])) is None


def test_a_campaign_without_selects_is_drawn_as_one(sit: Sit, hub, account) -> None:
    desk = sit(Role.ADMINISTRATOR)
    plain = make.a_kept_campaign(
        hub.database, account, fields=[{"slug": "name", "label": "Name"}]
    )
    some_leads(hub, plain, [(0, ""), (3, "")])
    page = desk.get("/campaigns")
    assert "2 new leads" in text_of(page)
    assert 'class="keys"' not in page.text


def test_days_are_short() -> None:
    assert day(date(2026, 11, 9), words("en")) == "9 Nov"
    assert day(date(2026, 11, 9), words("da")) == "9.11."


def test_indexes_say_nothing_of_what_is_not_there_yet(hub, campaign) -> None:
    some_leads(hub, campaign, [(0, "website")])
    indexes = Indexes(hub.database)
    indexes.close()
    with hub.database.reading() as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr("leadwell.store.indexes.SMALL", 0)
        now = campaigns.known(connection, campaign.id)
        found = indexes.counted(connection, now, make_query(now), lambda *_: 1)
    assert found is None


@pytest.mark.parametrize("page", ["leads", "fields", "settings", "filters"])
def test_a_proxy_that_asks_for_a_password_does_not_hide_the_pages(
    desk: Desk, page: str
) -> None:
    path = f"/campaigns/362/{page}"
    shown = desk.get(path, headers={"Authorization": "Basic b3duZXI6c2VjcmV0"})
    assert shown.status_code == 200, shown.text[:200]
    assert text_of(shown) == text_of(desk.get(path))
