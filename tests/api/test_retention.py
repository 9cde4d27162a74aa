"""What readers are told of leads that were kept long enough, and what is left."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.hub import Hub
from leadwell.model.campaign import Campaign, Column
from leadwell.server import retention
from leadwell.store import campaigns, readers
from leadwell.store.engines.sqlite import SQLiteDatabase
from leadwell.store.retention import rules, working
from leadwell.store.retention.rules import Action, Rule
from tests import make
from tests.mirror import Mirror
from tests.writer import Office

MARKER = "Zebulon Quixote"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "erasures"


def carry_out(hub: Hub, campaign: Campaign, rule: Rule, file: Path) -> None:
    now = make.us(make.MIDNIGHT)
    hub.database.write(
        lambda c: rules.add(c, campaigns.hold(c, campaign.id), rule, now)
    ).result()
    then = make.MIDNIGHT + timedelta(days=99)
    later = replace(hub, erasure_file=file, clock=lambda: then)
    retention.carry_out(later, Event())


def anonymise(campaign: Campaign, *slugs: str) -> Rule:
    fields = tuple(campaign.field_by_slug[slug].id for slug in slugs)
    return Rule(Column.CREATED_AT, 30, Action.ANONYMISE, fields=fields)


def test_every_reader_that_ever_held_one_is_told_to_erase_it(
    client: TestClient, office: Office, file: Path
) -> None:
    database, account, campaign = office.database, office.account, office.campaign
    partner = office.writer()
    west = make.a_token(database, account, campaign, "source=partner-west", name="West")
    north = make.a_token(database, account, campaign, "source=partner-north")
    every = make.a_token(database, account, campaign)
    mirrors = [Mirror(client, token) for token in (every, west, north)]
    lead = partner.add(name=MARKER, source="partner-west")
    for mirror in mirrors:
        mirror.follow()
    partner.change(lead["id"], {"fields": {"source": "website"}})
    for mirror in mirrors:
        mirror.follow()
    carry_out(office.hub, campaign, Rule(Column.CREATED_AT, 30, Action.ERASE), file)
    for mirror in mirrors:
        mirror.follow()
    assert [mirror.reasons for mirror in mirrors] == [
        ["erased"],
        ["left_scope", "erased"],
        [],
    ]
    with database.reading() as connection:
        found = readers.receipts(connection, campaign, lead["id"])
    assert "West" in {each.name for each in found}


def test_readers_get_an_anonymised_lead_again_without_what_it_held(
    client: TestClient, office: Office, file: Path
) -> None:
    database, account, campaign = office.database, office.account, office.campaign
    partner = office.writer()
    named = make.a_token(database, account, campaign, f"name={MARKER}")
    whole = make.a_token(database, account, campaign)
    mirrors = [Mirror(client, token) for token in (whole, named)]
    lead = partner.add(name=MARKER, email="zq@example.com", budget=7)
    for mirror in mirrors:
        mirror.follow()
    carry_out(office.hub, campaign, anonymise(campaign, "name", "email"), file)
    for mirror in mirrors:
        mirror.follow()
    shown: dict[str, Any] = mirrors[0].copy[lead["id"]]["fields"]
    assert (shown["name"], shown["email"], shown["budget"]) == (None, None, 7)
    assert mirrors[1].copy == {}
    assert mirrors[1].reasons == ["left_scope"]
    assert partner.lead(lead["id"])["fields"]["name"] is None


def test_nothing_that_was_emptied_is_left_in_any_file(
    office: Office, file: Path, tmp_path: Path
) -> None:
    campaign, partner = office.campaign, office.writer()
    lead = partner.add(name=MARKER, email="zq@example.com")
    partner.change(lead["id"], {"fields": {"name": f"{MARKER} the second"}})

    def places() -> list[str]:
        files = [path for path in tmp_path.rglob("leads.db*") if path.is_file()]
        return [path.name for path in files if MARKER.encode() in path.read_bytes()]

    if isinstance(office.database, SQLiteDatabase):
        assert places()
    carry_out(office.hub, campaign, anonymise(campaign, "name", "email"), file)
    assert places() == []


class Overtaken:
    """A database in which somebody else does the same chunk first."""

    def __init__(self, hub: Hub, campaign: Campaign, file: Path, times: int) -> None:
        self.reading = hub.database.reading
        self.times = times
        self._all = hub.database, campaign.id, 1, lambda: NOW, file

    def write(self, job: Any) -> Any:
        for _ in range(self.times):
            working.work(*self._all)
        return self._all[0].write(job)


NOW = make.us(make.MIDNIGHT + timedelta(days=99))


@pytest.mark.parametrize("times", [1, 2])
def test_whoever_is_overtaken_does_nothing_twice(
    office: Office, file: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    database, campaign, partner = office.database, office.campaign, office.writer()
    monkeypatch.setattr(working, "CHUNK", 2)
    for _ in range(3):
        partner.add(name=MARKER)
    rule = Rule(Column.CREATED_AT, 30, Action.ERASE)
    now = make.us(make.MIDNIGHT)
    database.write(
        lambda c: rules.add(c, campaigns.hold(c, campaign.id), rule, now)
    ).result()
    late: Any = Overtaken(office.hub, campaign, file, times)
    is_left = working.work(late, campaign.id, 1, lambda: NOW, file)
    assert is_left is (times == 1)
    while working.work(database, campaign.id, 1, lambda: NOW, file):
        pass
    assert len(file.read_text("utf-8").splitlines()) == 3
    with database.reading() as connection:
        assert rules.known(connection, campaign.id, 1).ran == 3
