from datetime import timedelta

import pytest

from leadwell.errors import InvalidLead, Unavailable
from leadwell.model.grant import OPERATOR, Author, Grant
from leadwell.schema import querystring, question, submission
from leadwell.store import accounts, campaigns, leads
from leadwell.store.connection import Connection
from leadwell.store.writes import writing
from tests import make

HOUR = timedelta(hours=1)


def counter(database) -> tuple[int, ...]:
    with database.reading() as connection:
        return connection.rows("SELECT seq, lead_id, stamped_at FROM counter")[0]


def sequence(database) -> list[int]:
    with database.reading() as connection:
        rows = connection.rows("SELECT seq FROM lead ORDER BY updated_at, seq")
    return [row[0] for row in rows]


def test_stamps_rise_in_commit_order_even_when_the_clock_goes_back(
    database, campaign
) -> None:
    first = make.a_lead(database, campaign, make.MIDNIGHT)
    second = make.a_lead(database, campaign, make.MIDNIGHT - HOUR)
    third = make.a_lead(database, campaign, make.MIDNIGHT + HOUR)
    assert second.updated_at == first.updated_at + timedelta(microseconds=1)
    assert third.updated_at == make.MIDNIGHT + HOUR
    # The first number is that of the epoch, which begins with the process.
    assert sequence(database) == [2, 3, 4]


def test_an_external_id_names_one_lead_of_its_lineage(database, campaign) -> None:
    west, north = Author("west"), Author("north")
    first = make.a_lead(database, campaign, author=west, external_id="x")
    other = make.a_lead(database, campaign, author=north, external_id="x")
    again = make.a_lead(
        database, campaign, author=west, external_id="x", fields={"name": "Jo"}
    )
    assert (first.id, other.id, again.id) == (1, 2, 1)
    assert again.version == 2


def test_the_same_external_id_twice_in_one_transaction_is_one_lead(
    database, campaign
) -> None:
    given = [{"external_id": "x", "fields": {"name": name}} for name in ("A", "B")]
    first, second = make.leads(database, campaign, given)
    assert (first.id, second.id, second.version) == (1, 1, 2)
    assert counter(database)[:2] == (3, 1)


def test_a_write_that_changes_nothing_uses_no_number(database, campaign) -> None:
    make.a_lead(database, campaign, external_id="x")
    again = make.a_lead(database, campaign, external_id="x")
    assert again.version == 1
    assert counter(database)[:2] == (2, 1)


def test_a_refusal_leaves_no_trace(database, campaign) -> None:
    forced = question.conditions(campaign, querystring.decode(b"source=partner-west"))
    author = Author("west", forced)
    before = counter(database)
    given = [
        {"fields": {"name": "In", "source": "partner-west"}, "external_id": "x"},
        {"fields": {"name": "Out", "source": "website"}},
    ]
    with pytest.raises(InvalidLead) as caught:
        make.leads(database, campaign, given, author=author)
    assert caught.value.code == "outside_scope"
    assert (counter(database), sequence(database)) == (before, [])


def test_a_partner_cannot_pull_a_lead_back_into_its_filter(database, campaign) -> None:
    forced = question.conditions(campaign, querystring.decode(b"source=partner-west"))
    outside = Author("west")
    inside = Author("west", forced)
    fields = {"name": "Jane", "source": "website"}
    make.a_lead(database, campaign, author=outside, external_id="x", fields=fields)
    with pytest.raises(InvalidLead):
        make.a_lead(
            database,
            campaign,
            author=inside,
            external_id="x",
            fields={"source": "partner-west"},
        )


def test_a_lead_read_against_an_older_schema_is_sent_again(
    database, account, campaign
) -> None:
    database.write(lambda c: accounts.add_person(c, account, "Sales Two")).result()
    with pytest.raises(Unavailable):
        make.a_lead(database, campaign)


def test_a_stored_lead_shows_what_people_are_called_now(
    database, account, campaign
) -> None:
    make.a_lead(database, campaign, assigned_person=1)

    def rename(connection: Connection) -> None:
        connection.run("UPDATE person SET name = 'Sales First'")
        connection.run("UPDATE campaign SET schema_version = schema_version + 1")

    database.write(rename).result()
    with database.reading() as connection:
        current = campaigns.known(connection, 362)
        query = Grant.of_operator(current).lead(current, 1)
        body = leads.find_one(connection, current, query)
    assert body is not None
    assert b"Sales First" in body


def test_an_import_may_not_claim_to_come_from_the_future(database, campaign) -> None:
    later = (make.MIDNIGHT + HOUR).isoformat()
    lead = make.a_lead(database, campaign, created_at=later, source_updated_at=later)
    assert lead.created_at == lead.updated_at == make.MIDNIGHT
    assert lead.source_updated_at == make.MIDNIGHT + HOUR


def test_emptying_a_field_forgets_its_value(database, campaign) -> None:
    make.a_lead(
        database, campaign, external_id="x", fields={"budget": 1, "tags": ["a"]}
    )
    given = {"name": "Jane Doe", "budget": None, "tags": []}
    read = submission.read(campaign, {"fields": given, "external_id": "x"})

    def job(connection: Connection) -> writing.Outcome:
        return writing.add(connection, campaign, [read], OPERATOR, 0)[0]

    outcome = database.write(job).result()
    assert list(outcome.lead.values) == [1]
    assert (outcome.is_new, outcome.is_changed) == (False, True)
