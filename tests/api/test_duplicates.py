"""A campaign that refuses or merges duplicates, as its writers meet it (how-to)."""

from typing import Any

import pytest

from leadwell.model.campaign import Campaign
from leadwell.schema import identity
from leadwell.store.connection import Database
from leadwell.store.writes import parts
from tests.writer import Office, Writer, code

JANE = {"name": "Jane", "email": "jane@example.com"}


def decide(database: Database, campaign: Campaign, policy: str) -> None:
    decided = identity.decision(campaign, policy, None)
    database.write(lambda c: parts.set_duplicates(c, campaign.id, decided)).result()


def added(partner: Writer, external_id: str | None = None, **fields: Any) -> Any:
    given = {"fields": JANE | fields, "external_id": external_id}
    return partner.ask("POST", "", given)


@pytest.fixture
def rejecting(database, campaign) -> None:
    decide(database, campaign, "reject")


@pytest.fixture
def merging(database, campaign) -> None:
    decide(database, campaign, "merge")


@pytest.mark.usefixtures("rejecting")
def test_a_duplicate_is_refused_with_what_to_do(partner: Writer) -> None:
    added(partner)

    answer = added(partner, email="JANE@example.com")

    assert code(answer, 409) == "duplicate_lead"
    told = answer.json()
    assert told["detail"] == (
        "lead 1 has the same email; change lead 1 instead: PATCH …/leads/1"
    )
    assert told["errors"][0]["pointer"] == "/fields/email"
    assert "jane@" not in answer.text.lower()
    assert partner.total == 1


@pytest.mark.usefixtures("rejecting")
def test_a_known_external_id_is_an_update(partner: Writer) -> None:
    added(partner, "x")
    assert added(partner, "x", name="Janet").status_code == 200


@pytest.mark.usefixtures("rejecting")
def test_in_a_batch_each_duplicate_is_refused_by_itself(partner: Writer) -> None:
    other = {"fields": JANE | {"email": "joe@example.com"}}
    answer = partner.batch({"fields": JANE}, {"fields": JANE}, other)
    items = answer.json()["data"]
    assert [each["status"] for each in items] == [201, 409, 201]
    assert items[1]["code"] == "duplicate_lead"
    assert [each["pointer"] for each in items[1]["errors"]] == ["/fields/email"]
    assert partner.total == 2


@pytest.mark.usefixtures("rejecting")
def test_an_atomic_batch_with_a_duplicate_writes_nothing(partner: Writer) -> None:
    body = {"leads": [{"fields": JANE}, {"fields": JANE}], "atomic": True}
    answer = partner.ask("POST", "/batch", body)
    assert code(answer, 422) == "invalid_batch"
    assert answer.json()["errors"][0]["pointer"] == "/leads/1/fields/email"
    assert partner.total == 0


@pytest.mark.usefixtures("merging")
def test_a_duplicate_fills_the_lead_that_is_there(partner: Writer) -> None:
    added(partner)
    answer = added(partner, "mine", name="J.", phone="32123456")
    assert answer.status_code == 200
    lead = answer.json()["data"]
    assert answer.headers["location"].endswith("/leads/1")
    assert (lead["id"], lead["fields"]["name"]) == (1, "Jane")
    assert lead["fields"]["phone"] == "+4532123456"
    assert added(partner, "mine", name="New").json()["data"]["id"] == 1


@pytest.mark.parametrize("policy", ["merge", "reject"])
def test_a_lead_outside_the_tokens_filter_is_as_if_it_was_not_there(
    office: Office, database, campaign, partner: Writer, policy: str
) -> None:
    decide(database, campaign, policy)
    west = office.writer("source=partner-west")
    added(partner)
    answer = added(west, source="partner-west")
    assert (answer.status_code, answer.json()["data"]["id"]) == (201, 2)


@pytest.mark.usefixtures("rejecting")
def test_a_repeated_request_is_answered_as_before(partner: Writer) -> None:
    body = {"fields": JANE}
    first = partner.ask("POST", "", body, idempotency_key="k")
    again = partner.ask("POST", "", body, idempotency_key="k")
    assert (first.status_code, again.status_code) == (201, 201)
    batch = {"leads": [body]}
    for _ in range(2):
        answer = partner.ask("POST", "/batch", batch, idempotency_key="b")
        assert answer.json()["data"][0]["code"] == "duplicate_lead"
