"""Retention rules: what they are about, and that nothing more is done, nor less."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadwell.errors import Unavailable
from leadwell.model.campaign import Campaign, Column
from leadwell.model.grant import OPERATOR, Grant
from leadwell.schema import submission
from leadwell.store import campaigns
from leadwell.store.connection import Connection, Database
from leadwell.store.people import activity
from leadwell.store.retention import rules, selecting, working
from leadwell.store.retention.rules import DAY_US, Action, Rule
from leadwell.store.retention.selecting import Count, Selection
from leadwell.store.writes import erasing, history, writing
from leadwell.store.writes.writing import Writing
from tests import make

EVER = 10**17
NOW = make.us(make.MIDNIGHT)
LATER = NOW + 400 * DAY_US
ERASE = Rule(Column.CREATED_AT, 365, Action.ERASE)


def add(database: Database, campaign: Campaign, at: int = NOW, **given: Any) -> int:
    text = {"name": "Åse Holm", "phone": "+45 31 12 34 56"} | given
    status = text.pop("status", None)
    content = {"fields": text} | ({"status": status} if status else {})
    read = submission.read(campaign, content)
    job = lambda c: writing.add(c, campaign, [read], OPERATOR, at)  # noqa: E731
    return database.write(job).result()[0].lead.id


def change(
    database: Database, campaign: Campaign, lead_id: int, at: int, **fields: Any
) -> None:
    read = submission.read(campaign, {"fields": fields}, is_new=False)

    def job(connection: Connection) -> None:
        one = Writing.begin(connection, campaign, OPERATOR, at, 1)
        one.change(lead_id, read)
        one.close()

    database.write(job).result()


def remove(database: Database, campaign: Campaign, lead_id: int, at: int) -> None:
    def job(connection: Connection) -> None:
        one = Writing.begin(connection, campaign, OPERATOR, at, 1)
        one.remove(lead_id)
        one.close()

    database.write(job).result()


def kept(database: Database, campaign: Campaign, rule: Rule, now: int = NOW) -> Rule:
    def job(connection: Connection) -> Rule:
        return rules.add(connection, campaigns.hold(connection, campaign.id), rule, now)

    return database.write(job).result()


def run(
    database: Database,
    campaign: Campaign,
    rule: Rule,
    file: Path,
    clock: Callable[[], int] = lambda: LATER,
) -> Rule:
    while working.work(database, campaign.id, rule.id, clock, file):
        pass
    with database.reading() as connection:
        return rules.known(connection, campaign.id, rule.id)


def ids(database: Database, campaign: Campaign) -> list[int]:
    with database.reading() as connection:
        found = connection.rows(
            "SELECT id FROM lead WHERE campaign_id = :campaign_id ORDER BY id",
            {"campaign_id": campaign.id},
        )
    return [row[0] for row in found]


def count(database: Database, campaign: Campaign, rule: Rule, now: int) -> Count:
    with database.reading() as connection:
        grant = Grant.of_operator(campaign)
        return Selection.of(grant, campaign, rule, now).count(connection)


@pytest.mark.parametrize("window", [1, 2, selecting.WINDOW])
def test_leads_that_are_too_old_are_erased_and_no_others(
    database, campaign, tmp_path, monkeypatch, window
) -> None:
    monkeypatch.setattr(selecting, "WINDOW", window)
    file = tmp_path / "erasures"
    old = add(database, campaign)
    deleted = add(database, campaign)
    remove(database, campaign, deleted, NOW + DAY_US)
    young = add(database, campaign, LATER - 365 * DAY_US)
    lately_deleted = add(database, campaign)
    remove(database, campaign, lately_deleted, LATER - DAY_US)
    rule = kept(database, campaign, ERASE)
    assert count(database, campaign, rule, LATER) == Count(1, 1)
    done = run(database, campaign, rule, file)
    assert (done.ran, done.ran_at, done.beat_at, done.done_to) == (2, LATER, 0, 0)
    assert done.due_at == LATER + DAY_US
    assert ids(database, campaign) == [young]
    with database.reading() as connection:
        for each in (old, deleted):
            assert erasing.is_erased(connection, campaign.id, each)
            assert history.find(connection, campaign.id, each) == []
        assert not erasing.is_erased(connection, campaign.id, lately_deleted)
        assert history.find(connection, campaign.id, lately_deleted)
        (line,) = activity.find(connection, campaign, EVER, 9)
    assert line.what == "retention-erased"
    assert line.about == "2 · created_at > 365 d · erase"
    assert len(file.read_text("utf-8").splitlines()) == 2


def test_a_rule_of_statuses_leaves_other_leads_alone(
    database, campaign, tmp_path
) -> None:
    won = add(database, campaign, status="won")
    new = add(database, campaign)
    deleted = add(database, campaign, status="won")
    remove(database, campaign, deleted, NOW)
    status = next(each for each in campaign.statuses if each.slug == "won")
    asked = Rule(Column.UPDATED_AT, 30, Action.ERASE, (status.id,))
    rule = kept(database, campaign, asked)
    assert rules.in_short(campaign, rule) == "updated_at > 30 d · won · erase"
    run(database, campaign, rule, tmp_path / "erasures")
    assert ids(database, campaign) == [new]
    with database.reading() as connection:
        assert erasing.is_erased(connection, campaign.id, won)
        assert not erasing.is_erased(connection, campaign.id, deleted)


def fields_of(campaign: Campaign, *slugs: str) -> tuple[int, ...]:
    return tuple(campaign.field_by_slug[slug].id for slug in slugs)


def test_what_is_emptied_is_in_no_table_any_more(database, campaign, tmp_path) -> None:
    marks = ["Marker One", "Marker Two", "Marker Three", "Marker Four", "+4531123456"]
    lead = add(database, campaign, name=marks[0], budget=7)
    change(database, campaign, lead, NOW, name=marks[1], budget=9)
    gone = add(database, campaign, name=marks[2])
    remove(database, campaign, gone, NOW)
    emptied = add(database, campaign, name="Somebody", email="old@example.com")
    change(database, campaign, emptied, NOW, name=marks[3], email=None)
    fields = fields_of(campaign, "name", "phone", "email")
    asked = Rule(Column.CREATED_AT, 30, Action.ANONYMISE, fields=fields)
    rule = kept(database, campaign, asked)
    assert count(database, campaign, rule, LATER) == Count(2, 1)
    done = run(database, campaign, rule, tmp_path / "erasures")
    assert done.ran == 3
    found = everything(database)
    assert not [mark for mark in (*marks, "old@example.com") if mark in found]
    with database.reading() as connection:
        said = history.find(connection, campaign.id, lead)
    assert [(each.op, each.author) for each in said] == [
        ("create", ""),
        ("update", ""),
        ("anonymise", "retention"),
    ]
    budget = str(campaign.field_by_slug["budget"].id)
    assert [each.changes for each in said] == [{}, {budget: (7, 9)}, {}]
    # Nothing is left to do, and so nothing is done: no reader is told twice.
    assert count(database, campaign, rule, LATER) == Count(0, 0)
    again = run(database, campaign, rule, tmp_path / "erasures", lambda: LATER + DAY_US)
    assert again.ran == 0


def everything(database: Database) -> str:
    """Return all that the tables hold, as text."""
    with database.reading() as connection:
        tables = [row[0] for row in connection.rows(connection.dialect.tables)]
        found = [connection.rows(f"SELECT * FROM {name}") for name in tables]  # noqa: S608
    return "\n".join(
        each.decode("latin-1") if isinstance(each, bytes) else str(each)
        for rows in found
        for row in rows
        for each in row
    )


def test_who_was_merged_into_a_lead_is_anonymised_with_it(
    database, campaign, tmp_path
) -> None:
    stays = add(database, campaign, name="Marker One")
    goes = add(database, campaign, name="Marker Two")

    def job(connection: Connection) -> None:
        one = Writing.begin(connection, campaign, OPERATOR, LATER - DAY_US, 2)
        one.merge(goes, stays)
        one.close()

    database.write(job).result()
    asked = Rule(
        Column.CREATED_AT, 30, Action.ANONYMISE, fields=fields_of(campaign, "name")
    )
    run(database, campaign, kept(database, campaign, asked), tmp_path / "erasures")
    assert "Marker" not in everything(database)


def test_a_run_goes_on_where_it_was_broken_off(
    database, campaign, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(working, "CHUNK", 2)
    leads = [add(database, campaign) for _ in range(5)]
    rule = kept(database, campaign, ERASE)
    file = tmp_path / "erasures"

    def claimed(at: int) -> bool:
        job = lambda c: rules.claim(c, campaign.id, rule.id, at)  # noqa: E731
        return database.write(job).result()

    assert not claimed(NOW), "nothing is done before it is due"
    assert claimed(LATER)
    assert working.work(database, campaign.id, rule.id, lambda: LATER, file)
    assert ids(database, campaign) == leads[2:]
    soon, stale = LATER + 1, LATER + rules.LEASE_US
    assert not claimed(soon), "somebody is at it"
    with database.reading() as connection:
        assert rules.find_due(connection, soon) == []
        assert rules.find_due(connection, stale) == [(campaign.id, rule.id)]
    assert claimed(stale)
    assert run(database, campaign, rule, file).ran == 5
    assert ids(database, campaign) == []


def test_before_it_is_due_nothing_is_done(database, campaign, tmp_path) -> None:
    lead = add(database, campaign, NOW - 400 * DAY_US)
    rule = kept(database, campaign, ERASE)
    file = tmp_path / "erasures"
    assert rule.due_at == NOW + DAY_US
    done = run(database, campaign, rule, file, lambda: NOW + DAY_US - 1)
    assert done == rule
    assert ids(database, campaign) == [lead]


def test_a_clock_that_may_not_be_believed_erases_nothing(
    database, campaign, tmp_path
) -> None:
    lead = add(database, campaign)
    rule = kept(database, campaign, ERASE)

    def clock() -> int:
        raise Unavailable("the clock was put ahead", hint="look at it")

    with pytest.raises(Unavailable):
        run(database, campaign, rule, tmp_path / "erasures", clock)
    assert ids(database, campaign) == [lead]


def test_equal_rules_are_one_and_numbers_stay_apart(database, campaign) -> None:
    first = kept(database, campaign, ERASE)
    assert kept(database, campaign, ERASE, NOW + 1) == first
    second = kept(database, campaign, Rule(Column.UPDATED_AT, 9, Action.ERASE))
    assert second.id == first.id + 1
    database.write(lambda c: rules.remove(c, campaign.id, first.id)).result()
    with database.reading() as connection:
        assert rules.find_all(connection, campaign.id) == [second]
