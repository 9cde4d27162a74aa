"""What people do with leads in the pages: many at once, taken back, their columns."""

from collections.abc import Mapping
from typing import Any

import pytest
from pyroaring import BitMap

from leadwell.errors import Conflict, LeadwellError, NotFound, PreconditionFailed
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Author
from leadwell.model.lead import Lead
from leadwell.model.user import Role, User
from leadwell.schema import submission
from leadwell.schema.parts import Kind, Name
from leadwell.store import campaigns
from leadwell.store.connection import Connection, Database
from leadwell.store.edits import bulk, choices, undoing
from leadwell.store.edits.bulk import Bulk
from leadwell.store.writes import parts, rows
from leadwell.store.writes.writing import Writing
from tests import make

NOW = make.us(make.MIDNIGHT) + 1_000_000
ANN = "person:1"


def change(
    database: Database,
    campaign: Campaign,
    lead_id: int,
    author: str = ANN,
    **given: Any,
) -> Lead:
    """A change of one lead, as its page makes it."""
    read = submission.read(campaign, given, is_new=False)

    def job(connection: Connection) -> Lead:
        writing = Writing.begin(connection, campaign, Author(author), NOW, 1)
        outcome = writing.change(lead_id, read)
        writing.close()
        return outcome.lead

    return database.write(job).result()


def undo(database: Database, campaign: Campaign, lead: Lead) -> Lead:
    def job(connection: Connection) -> Lead:
        known = campaigns.hold(connection, campaign.id)
        writing = Writing.begin(connection, known, Author(ANN), NOW, 1)
        outcome = undoing.undo(connection, writing, lead.id, lead.version)
        writing.close()
        return outcome.lead

    return database.write(job).result()


def held(database: Database, campaign: Campaign) -> Mapping[int, Lead]:
    with database.reading() as connection:
        return {
            each.id: each for each in rows.find_after(connection, campaign, 0, 1_000)
        }


def worked(database: Database, campaign: Campaign, edit: Bulk) -> Bulk:
    """An edit from its beginning to its end, three leads at a time."""
    edit = database.write(lambda c: bulk.begin(c, campaign, edit, NOW)).result()
    while not edit.is_done:

        def job(connection: Connection, edit: Bulk = edit) -> Bulk:
            known = campaigns.hold(connection, campaign.id)
            return bulk.work(connection, known, edit.id, NOW, chunk=3)

        edit = database.write(job).result()
    return edit


def remove(database: Database, campaign: Campaign, name: Name) -> Campaign:
    def job(connection: Connection) -> Campaign:
        parts.remove(connection, campaign.id, name)
        return campaigns.known(connection, campaign.id)

    return database.write(job).result()


def test_an_edit_is_taken_back_value_by_value(database, campaign) -> None:
    fields = {"name": "Jane", "tags": ["a"], "budget": 5}
    lead = make.a_lead(database, campaign, status="new", fields=fields)
    changes: dict[str, Any] = {"name": "Jim", "tags": [], "budget": 7, "price": "1.50"}
    changed = change(database, campaign, lead.id, status="won", fields=changes)
    again = undo(database, campaign, changed)
    assert (again.values, again.status, again.version) == (lead.values, lead.status, 3)
    # That was an edit too, and can be taken back.
    assert undo(database, campaign, again).values == changed.values


def test_only_the_last_edit_is_taken_back(database, campaign) -> None:
    lead = make.a_lead(database, campaign)
    first = change(database, campaign, lead.id, fields={"name": "One"})
    change(database, campaign, lead.id, fields={"name": "Two"})
    with pytest.raises(PreconditionFailed):
        undo(database, campaign, first)
    with pytest.raises(Conflict, match="cannot be undone"):
        undo(database, campaign, lead)


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        ({"status": "won"}, {"status": "new"}, Name(Kind.STATUS, "won")),
        (
            {"fields": {"source": "website"}},
            {"fields": {"source": None}},
            Name(Kind.OPTION, "website", "source"),
        ),
        (
            {"fields": {"tags": ["b"]}},
            {"fields": {"tags": ["a"]}},
            Name(Kind.OPTION, "b", "tags"),
        ),
        (
            {"fields": {"budget": 5}},
            {"fields": {"budget": None}},
            Name(Kind.FIELD, "budget"),
        ),
    ],
)
def test_what_the_campaign_has_no_more_is_not_brought_back(
    database, campaign, before: dict[str, Any], after: dict[str, Any], gone: Name
) -> None:
    lead = make.a_lead(database, campaign, **before)
    changed = change(database, campaign, lead.id, **after)
    now = remove(database, campaign, gone)
    with pytest.raises(Conflict, match="is gone"):
        undo(database, now, changed)


def test_somebody_who_is_gone_is_not_assigned_again(campaign) -> None:
    with pytest.raises(Conflict, match="person"):
        undoing.former(campaign, {"assigned_to": (99, None)})


def test_many_leads_are_changed_in_chunks_and_changed_back(database, campaign) -> None:
    given: list[dict[str, Any]] = [{"fields": {"name": f"{n}"}} for n in range(10)]
    leads = make.leads(database, campaign, given)
    ids = BitMap([lead.id for lead in leads] + [5_000])
    edit = bulk.made(campaign, "one", ANN, ids, {"status": "won"}, NOW)
    edit = worked(database, campaign, edit)
    assert (edit.total, edit.done, edit.changed, edit.given) == (11, 11, 10, "")
    assert len(edit.stamps) == 4
    won = campaign.statuses[2].id
    assert {lead.status for lead in held(database, campaign).values()} == {won}

    change(database, campaign, leads[4].id, fields={"name": "Other"})
    back = bulk.undoing_of(edit, "two", "person:2", NOW)
    assert worked(database, campaign, back).changed == 9
    new = campaign.statuses[0].id
    found = held(database, campaign)
    assert found[leads[4].id].status == won
    assert {x.status for ref, x in found.items() if ref != leads[4].id} == {new}
    # Twice is once.
    again = bulk.undoing_of(edit, "three", ANN, NOW)
    assert worked(database, campaign, again).changed == 0


def test_an_own_edit_in_between_is_not_taken_for_one_of_many(
    database, campaign
) -> None:
    leads = make.leads(database, campaign, [{"fields": {"name": "x"}}] * 4)
    ids = BitMap([lead.id for lead in leads])
    edit = bulk.made(campaign, "one", ANN, ids, {"fields": {"budget": 7}}, NOW)
    database.write(lambda c: bulk.begin(c, campaign, edit, NOW)).result()

    def step(connection: Connection) -> Bulk:
        known = campaigns.hold(connection, campaign.id)
        return bulk.work(connection, known, "one", NOW, chunk=2)

    database.write(step).result()
    change(database, campaign, leads[0].id, fields={"name": "Mine"})
    done = database.write(step).result()
    assert done.is_done
    assert done.touched_at == done.stamps[-1] > done.begun_at
    assert database.write(step).result().changed == 4
    assert worked(database, campaign, bulk.undoing_of(done, "b", ANN, NOW)).changed == 3
    assert campaign.field_by_slug["budget"].id in held(database, campaign)[1].values


def test_an_edit_is_kept_once_and_for_thirty_days(database, campaign) -> None:
    lead = make.a_lead(database, campaign)
    first = bulk.made(campaign, "same", ANN, BitMap([lead.id]), {"status": "won"}, NOW)
    other = bulk.made(campaign, "same", "person:2", BitMap([7]), {"status": "new"}, NOW)
    assert worked(database, campaign, first).changed == 1
    kept = database.write(lambda c: bulk.begin(c, campaign, other, NOW)).result()
    assert (kept.author, kept.is_done) == (ANN, True)
    later = bulk.made(campaign, "later", ANN, BitMap([1]), {}, NOW + bulk.KEPT_US)
    database.write(lambda c: bulk.begin(c, campaign, later, later.begun_at)).result()
    with (
        database.reading() as connection,
        pytest.raises(NotFound, match="no such edit"),
    ):
        bulk.known(connection, campaign.id, "same")


def test_an_edit_that_nothing_can_be_set_by_changes_nothing(database, campaign) -> None:
    lead = make.a_lead(database, campaign)
    edit = bulk.made(campaign, "one", ANN, BitMap([lead.id]), {"status": "won"}, NOW)
    remove(database, campaign, Name(Kind.STATUS, "won"))
    with pytest.raises(LeadwellError):
        worked(database, campaign, edit)
    with database.reading() as connection:
        assert bulk.known(connection, campaign.id, "one").done == 0


def test_everybody_has_columns_of_their_own(database, campaign) -> None:
    ann, bob = (
        User(campaign.account_id, ref, "", f"{ref}@example.com", Role.MEMBER)
        for ref in (1, 2)
    )

    def job(connection: Connection) -> None:
        choices.keep(connection, campaign.id, ann, ["name"])
        choices.keep(connection, campaign.id, ann, ["name", "status"])

    database.write(job).result()
    with database.reading() as connection:
        assert choices.find(connection, campaign.id, ann) == ["name", "status"]
        assert choices.find(connection, campaign.id, bob) == []
        assert choices.find(connection, 7, ann) == []
