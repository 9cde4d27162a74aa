"""How pages write days and numbers, and addresses that not everybody reaches."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from leadwell.admin import rendering
from leadwell.admin.words import words
from leadwell.api.hub import Hub
from leadwell.model.campaign import Campaign
from tests import make
from tests.admin.test_tokens import current, made
from tests.desk import Desk

REACH = '{% from "access/reach.html" import reach with context %}{{ reach(is_local) }}'


def written(tag: str, template: str, **given: Any) -> str:
    """What a template says in a language."""
    environment = rendering._environment(tag)
    return environment.from_string(template).render(said=words(tag), **given)


@pytest.mark.parametrize(("tag", "text"), [("en", "2026-11-29"), ("da", "29.11.2026")])
def test_a_day_is_written_without_its_time(tag: str, text: str) -> None:
    assert words(tag).day(datetime(2026, 11, 29, 22, 9, 43, 568544, UTC)) == text


@pytest.mark.parametrize(("tag", "text"), [("en", "45,211"), ("da", "45.211")])
def test_thousands_stand_apart_in_what_is_counted(tag: str, text: str) -> None:
    told = written(tag, '{{ ngettext("%(num)s lead", "%(num)s leads", 45211) }}')
    assert told == f"{text} leads"


@pytest.mark.usefixtures("campaign")
def test_moments_of_a_lead_are_written_as_all_others(desk: Desk, hub: Hub) -> None:
    make.a_lead(hub.database, current(hub))
    page = desk.get("/campaigns/362/leads/1", headers={"Accept-Language": "da"})
    assert re.search(
        r"Oprettet</dt><dd><time[^>]*>\d\d\.\d\d\.\d{4} \d\d\.\d\d<", page.text
    )


def test_a_link_that_only_this_machine_opens_is_told(
    desk: Desk, campaign: Campaign
) -> None:
    del campaign
    told = "LEADWELL_PUBLIC_URL"
    assert told not in made(desk).text
    assert told in written("en", REACH, is_local=True)
    assert told not in written("en", REACH, is_local=False)
