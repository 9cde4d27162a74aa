"""A campaign's schema changes while somebody reads."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.schema.parts import Kind, Name
from leadwell.store import campaigns
from leadwell.store.writes import chores, parts
from tests import make
from tests.mirror import Mirror

WEST = Name(Kind.OPTION, "partner-west", "source")
BUDGET = Name(Kind.FIELD, "budget")


@pytest.fixture
def mirror(database, account, campaign, client: TestClient) -> Mirror:
    given = [("partner-west", 5), ("partner-north", 50), ("partner-west", 7)]
    for source, budget in given:
        make.a_lead(database, campaign, fields={"source": source, "budget": budget})
    return Mirror(client, make.a_token(database, account, campaign, may_write=True))


def edit(database, change: Any, *given: Any) -> None:
    database.write(lambda c: change(c, 362, *given)).result()
    while database.write(
        lambda c: chores.work(c, campaigns.known(c, 362), now=0)
    ).result():
        pass


def test_former_slugs_are_understood_wherever_leads_are_asked_for(
    database, mirror: Mirror
) -> None:
    edit(database, parts.rename, WEST, "west")
    edit(database, parts.rename, BUDGET, "money")
    asked = {"source": "partner-west", "budget[gt]": "1", "field.budget[lt]": "99"}
    page = mirror.get("", **asked, _sort="-budget", _fields="budget").json()
    assert [lead["id"] for lead in page["data"]] == [3, 1]
    assert page["data"][0]["fields"] == {"money": 7}
    assert mirror.get("/digest", **asked).json()["count"] == 2
    assert len(mirror.get("/changes", **asked).json()["data"]) == 2


def test_a_cursor_outlives_the_slugs_it_was_made_with(database, mirror: Mirror) -> None:
    mirror.asked = {"source": "partner-west", "budget[gte]": "5"}
    mirror.follow()
    edit(database, parts.rename, WEST, "west")
    edit(database, parts.rename, BUDGET, "money")
    assert mirror.follow()["up_to_date"]
    mirror.asked = {"source": "west", "money[gte]": "5"}
    assert mirror.follow()["up_to_date"]
    assert {lead["fields"]["source"]["slug"] for lead in mirror.copy.values()} == {
        "west"
    }


def test_another_label_is_announced_and_no_lead_is_sent(
    database, mirror: Mirror
) -> None:
    mirror.follow()
    edit(database, parts.relabel, WEST, "West Ltd")
    answer = mirror.step()
    assert [change["op"] for change in answer["data"]] == ["schema"]
    listed = {lead["id"]: lead for lead in mirror.get("").json()["data"]}
    assert mirror.copy == listed
    assert listed[1]["fields"]["source"]["label"] == "West Ltd"
    assert listed[1]["metadata"]["version"] == 1


def test_a_reader_is_not_up_to_date_before_the_last_lead_is_revised(
    database, mirror: Mirror
) -> None:
    mirror.follow()
    database.write(lambda c: parts.rename(c, 362, WEST, "west")).result()
    assert not mirror.step()["up_to_date"]
    edit(database, parts.set_default, "won")
    assert mirror.step()["up_to_date"]
    assert [lead["metadata"]["version"] for lead in mirror.copy.values()] == [2, 1, 2]


def test_a_removed_status_is_null_to_its_readers(database, mirror: Mirror) -> None:
    mirror.follow()
    edit(database, parts.set_default, "won")
    edit(database, parts.remove, Name(Kind.STATUS, "new"))
    mirror.follow()
    assert {lead["status"] for lead in mirror.copy.values()} == {None}


def test_a_hidden_field_may_be_renamed_and_its_reader_learns_neither_name(
    database, account, client: TestClient, mirror: Mirror
) -> None:
    seen = frozenset({1})
    text = make.a_token(
        database,
        account,
        make.a_campaign(),
        readable=seen,
    )
    edit(database, parts.rename, BUDGET, "money")
    for name in ("budget", "money", "field.budget"):
        answer = client.get(
            f"{mirror.url}?{name}=5", headers={"Authorization": f"Bearer {text}"}
        )
        (problem,) = answer.json()["errors"]
        assert (answer.status_code, problem["code"]) == (400, "unknown_parameter")
        assert not {"budget", "money"} & set(problem["allowed"])
