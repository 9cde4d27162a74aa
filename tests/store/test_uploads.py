"""Imports, and the leads that they have added, as both databases keep them."""

from dataclasses import replace

import pytest

from leadwell.errors import Conflict, NotFound
from leadwell.model.grant import Author
from leadwell.model.importing import (
    BUSY,
    STALE_US,
    Job,
    Peek,
    Plan,
    Progress,
    Refusals,
    State,
    Told,
)
from leadwell.schema import submission
from leadwell.schema.times import from_microseconds
from leadwell.store.uploads import added, jobs
from leadwell.store.uploads.added import Count, Loaded
from leadwell.store.writes import erasing, imports
from leadwell.store.writes.writing import Writing
from tests import make

NOW = make.us(make.MIDNIGHT)


@pytest.fixture
def job(database, campaign) -> Job:
    plan = Plan((Peek("Navn", ("Åse",)),), {"Navn": "name"}, ({"slug": "x"},))
    wanted = Job(
        campaign.id,
        0,
        1,
        "Ann",
        "leads.csv",
        "abc.csv",
        State.UPLOADED,
        plan,
        Progress(),
        from_microseconds(NOW),
        NOW,
    )
    return database.write(lambda c: jobs.add(c, wanted)).result()


def known(database, job: Job) -> Job:
    with database.reading() as connection:
        return jobs.known(connection, job.campaign_id, job.id)


def test_an_import_is_kept_as_it_was(database, campaign, job: Job) -> None:
    assert known(database, job) == job
    second = database.write(lambda c: jobs.add(c, replace(job, id=0))).result()
    with database.reading() as connection:
        assert jobs.find_all(connection, campaign.id, 9) == [second, job]
        assert jobs.find_all(connection, campaign.id, 1) == [second]
        with pytest.raises(NotFound):
            jobs.known(connection, campaign.id, 999)


def test_only_one_goes_on_with_it(database, job: Job) -> None:
    begun = database.write(
        lambda c: jobs.begin(c, job, {State.UPLOADED}, State.CHECKING, NOW + 1)
    ).result()
    assert begun.state is State.CHECKING
    with pytest.raises(Conflict, match="has gone on"):
        database.write(
            lambda c: jobs.begin(c, job, {State.UPLOADED}, State.CHECKING, NOW + 2)
        ).result()
    told = (Refusals("Mail", 7, (Told(3, "no mail"),)),)
    on = replace(begun, progress=Progress(3, refusals=told), beat_at=NOW + 3)
    assert database.write(lambda c: jobs.beat(c, begun, on)).result()
    assert known(database, job) == on
    assert not database.write(lambda c: jobs.beat(c, begun, on)).result()
    again = database.write(
        lambda c: jobs.begin(c, on, {State.LOADED}, State.CHECKING, NOW + 3 + STALE_US)
    ).result()
    assert not database.write(lambda c: jobs.beat(c, on, on)).result()
    assert known(database, job) == again


def test_one_that_nobody_works_on_was_interrupted(job: Job) -> None:
    for state in State:
        held = replace(job, state=state)
        assert held.is_busy(NOW) == (state in BUSY)
        assert not held.is_interrupted(NOW)
        assert held.is_interrupted(NOW + STALE_US) == (state in BUSY)
        assert not held.is_busy(NOW + STALE_US)
    assert Progress(position=1, size=3).percent == 33
    assert Progress().percent == 0
    assert Progress(1, 2, 3, 4).rows == 10


def test_leads_are_taken_back_unless_somebody_has_changed_them(
    database, campaign, job: Job, monkeypatch
) -> None:
    leads = make.leads(database, campaign, [{"fields": {"name": "Åse"}}] * 6)
    rows = [(bytes([n]) * 16, 1, lead.id) for n, lead in enumerate(leads)]

    def note(connection) -> None:
        imports.note_loaded(connection, campaign.id, rows)
        noted = [Loaded(ref, digest, nth) for digest, nth, ref in rows]
        added.note(connection, job, noted)

    database.write(note).result()

    bo = submission.read(campaign, {"fields": {"name": "Bo"}}, is_new=False)

    def edit(connection) -> None:
        writing = Writing.begin(connection, campaign, Author("t"), NOW + 9, 4)
        writing.change(leads[0].id, bo)
        writing.remove(leads[1].id)
        known_lead = leads[2]
        writing.revise(known_lead, replace(known_lead, values={}))
        writing.close()
        erasing.erase(connection, campaign, leads[3].id, NOW + 10)

    database.write(edit).result()

    def read(function):
        with database.reading() as connection:
            return function(connection, job)

    assert read(added.count) == Count(5, 3)
    assert read(added.total) == 5
    monkeypatch.setattr(added, "CHUNK", 2)

    def take(connection) -> int:
        return added.take_back(connection, campaign, job, "person:1", NOW + 20)

    assert [database.write(take).result() for _ in range(3)] == [2, 1, 0]
    assert read(added.count) == Count(2, 0)
    with database.reading() as connection:
        loaded = [
            imports.is_loaded(connection, campaign.id, digest, nth)
            for digest, nth, _ in rows
        ]
    assert loaded == [True, True, False, False, False, False]
