"""Retention rules on the pages: nothing is kept that was not shown, then confirmed."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from leadwell.api.hub import Hub
from leadwell.errors import Unavailable
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from leadwell.server import retention
from leadwell.store.retention import rules
from leadwell.store.retention.rules import DAY_US, Rule
from tests import make
from tests.admin.conftest import Sit
from tests.admin.test_schema import hidden, now
from tests.desk import Desk, text_of

AT = "/campaigns/362/settings"
NEW = f"{AT}/retention"
ANN = [{"fields": {"name": "Ann"}}]
ERASE = {"age_of": "created_at", "days": "30", "action": "erase"}


def kept(hub: Hub) -> list[Rule]:
    with hub.database.reading() as connection:
        return rules.find_all(connection, 362)


def confirmed(desk: Desk, given: dict[str, object]) -> None:
    page = desk.submit(NEW, given)
    sent = given | {"seen": hidden(page, "seen"), "confirm": "yes"}
    assert "Added." in text_of(desk.submit(NEW, sent))


def later(hub: Hub, days: int, file: Path) -> Hub:
    return replace(
        hub, erasure_file=file, clock=lambda: make.MIDNIGHT + timedelta(days=days)
    )


def test_a_rule_is_shown_confirmed_carried_out_and_removed(
    desk: Desk, hub: Hub, campaign: Campaign, tmp_path: Path
) -> None:
    make.leads(hub.database, now(hub), ANN * 3)
    assert "Leads are kept until somebody deletes" in text_of(desk.get(AT))
    assert desk.get(NEW).status_code == 200
    look = desk.submit(NEW, ERASE)
    assert look.status_code == 200
    assert "0 leads of before" in text_of(look)
    assert kept(hub) == []
    for _ in range(2):
        confirmed(desk, ERASE)
    (rule,) = kept(hub)
    page = text_of(desk.get(AT))
    assert "Leads that were added more than 30 days ago: they are erased" in page
    assert "For the first time on" in page
    account = text_of(desk.get("/account"))
    assert "Leads that were added more than 30 days ago: they are erased" in account
    then = later(hub, 31, tmp_path / "erasures")
    retention.carry_out(then, Event())
    (rule,) = kept(hub)
    assert rule.ran == 3
    assert "3 leads." in text_of(desk.get(AT))
    told = text_of(desk.get("/campaigns/362/activity"))
    assert "A retention rule erased leads that were kept long enough: 3" in told
    assert "confirmed the retention rule created_at > 30 d · erase" in told
    erased = text_of(desk.get("/campaigns/362/activity?kind=erasures"))
    assert "Who may have had it" in erased
    seen = re.findall(r'name="seen" value="(\w+)"', desk.get(AT).text)[-1]
    at = f"{NEW}/{rule.id}/remove"
    assert desk.submit(at, {"seen": "another"}).status_code == 409
    for _ in range(2):
        assert "Removed." in text_of(desk.submit(at, {"seen": seen}))
    assert kept(hub) == []
    assert "no rule" in text_of(desk.get("/account"))


def test_what_it_would_do_is_told_with_the_first_leads(
    desk: Desk, hub: Hub, campaign: Campaign
) -> None:
    make.leads(hub.database, now(hub), ANN * 7, make.MIDNIGHT - timedelta(days=31))
    name = campaign.field_by_slug["name"].id
    given = {"age_of": "updated_at", "days": "30", "action": "anonymise", "field": name}
    page = desk.submit(NEW, given)
    said = text_of(page)
    assert "7 leads of before" in said
    assert "changed last more than 30 days ago: these fields are emptied: Name." in said
    assert page.text.count("/campaigns/362/leads/") == 5
    assert "cannot be undone" in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"days": "0"}, "Write a whole number from 1 to 36,500."),
        ({"days": "two years"}, "Write a whole number"),
        ({"days": "9" * 400}, "Write a whole number"),
        ({"action": "anonymise"}, "Tick at least one field."),
        ({"status": "999"}, "A status is gone"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    desk: Desk, hub: Hub, changed: dict[str, str], said: str
) -> None:
    for more in ({}, {"confirm": "yes"}):
        page = desk.submit(NEW, ERASE | changed | more)
        assert page.status_code == 422
        assert said in text_of(page)
        assert 'role="alert"' in page.text
    assert kept(hub) == []


def test_another_rule_than_was_shown_is_not_confirmed(desk: Desk, hub: Hub) -> None:
    seen = hidden(desk.submit(NEW, ERASE), "seen")
    sent = ERASE | {"days": "3", "seen": seen, "confirm": "yes"}
    page = desk.submit(NEW, sent)
    assert page.status_code == 422
    assert "another one than was shown" in text_of(page)
    assert 'value="3"' in page.text
    assert kept(hub) == []


def test_no_campaign_has_more_rules_than_are_looked_at(desk: Desk, hub: Hub) -> None:
    for days in range(rules.RULES_MAX):
        confirmed(desk, ERASE | {"days": str(days + 1)})
    page = desk.submit(NEW, ERASE | {"days": "99"})
    sent = ERASE | {"days": "99", "seen": hidden(page, "seen"), "confirm": "yes"}
    refused = desk.submit(NEW, sent)
    assert refused.status_code == 422
    assert "remove one first" in text_of(refused)


def test_members_may_not_say_how_long_leads_are_kept(
    sit: Sit, campaign: Campaign
) -> None:
    member = sit(Role.MEMBER, campaign)
    assert member.get(NEW).status_code == 403
    assert member.submit(NEW, ERASE | {"confirm": "yes"}).status_code == 403
    assert member.submit(f"{NEW}/1/remove", {}).status_code == 403


def test_a_clock_that_jumped_ahead_erases_nothing(
    desk: Desk, hub: Hub, campaign: Campaign, tmp_path: Path
) -> None:
    make.leads(hub.database, now(hub), ANN * 2)
    confirmed(desk, ERASE)

    def guard(moment: object) -> None:
        raise Unavailable("the clock was put ahead", hint="look at it")

    then = later(hub, 4_000, tmp_path / "erasures")
    retention.carry_out(replace(then, guard=guard), Event())
    retention.carry_out(replace(then, erasure_file=None), Event())
    # The clock of the database says something else.
    other = replace(then, agreed_clock=lambda: hub.moment)
    retention.carry_out(other, Event())
    stopped = Event()
    stopped.set()
    retention.carry_out(then, stopped)
    (rule,) = kept(hub)
    assert (rule.ran_at, rule.done) == (0, 0)
    # The one that was told to stop holds its turn for a while; then another one may.
    retention.carry_out(later(hub, 4_001, tmp_path / "erasures"), Event())
    assert kept(hub)[0].ran == 2


def test_one_campaign_that_fails_keeps_no_other_from_its_turn(
    desk: Desk, hub: Hub, campaign: Campaign, tmp_path: Path
) -> None:
    make.leads(hub.database, now(hub), ANN * 1)
    confirmed(desk, ERASE)
    # A folder where the file should be: nothing can be noted, so nothing is erased.
    then = later(hub, 99, tmp_path)
    retention.carry_out(then, Event())
    assert kept(hub)[0].ran_at == 0
    stale = later(hub, 100, tmp_path / "erasures")
    retention.carry_out(stale, Event())
    assert kept(hub)[0].ran == 1
    assert kept(hub)[0].due_at == make.us(stale.clock()) + DAY_US


def test_the_history_of_a_lead_says_that_it_was_emptied(
    desk: Desk, hub: Hub, campaign: Campaign, tmp_path: Path
) -> None:
    make.leads(hub.database, now(hub), ANN * 1)
    name = campaign.field_by_slug["name"].id
    confirmed(desk, ERASE | {"action": "anonymise", "field": str(name)})
    retention.carry_out(later(hub, 99, tmp_path / "erasures"), Event())
    page = text_of(desk.get("/campaigns/362/leads/1"))
    assert "A retention rule" in page
    assert "emptied fields, and what they held is kept nowhere" in page
    told = text_of(desk.get("/campaigns/362/activity?kind=leads"))
    assert "A retention rule emptied fields of the lead 1" in told
