"""The Postman collection: stable, harmless, and no wider than its token."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from leadwell.describe.contract import postman
from tests import described, make

Object = dict[str, Any]
every_reader = pytest.mark.parametrize(
    "reader", described.READERS.values(), ids=list(described.READERS)
)


def requests(content: Object) -> Iterator[Object]:
    for folder in content["item"]:
        yield from folder["item"]


@every_reader
def test_ids_are_unique_and_stay_the_same(reader) -> None:
    content = postman.collection(reader)
    assert json.dumps(content) == json.dumps(postman.collection(reader))
    found = [each["id"] for each in (*content["item"], *requests(content))]
    assert len(found) == len(set(found))
    general = postman.collection(described.READERS["everybody"])
    known = {each["name"]: each["id"] for each in requests(general)}
    assert {
        each["name"]: each["id"] for each in requests(content)
    }.items() <= known.items()


@every_reader
def test_what_is_optional_is_there_but_off(reader) -> None:
    for each in requests(postman.collection(reader)):
        query = each["request"]["url"].get("query", [])
        assert all(x["disabled"] and x["value"] for x in query if x["key"] != "_limit")
        for header in each["request"]["header"]:
            assert header["key"] == "Content-Type" or header["disabled"]
        assert any(event["listen"] == "test" for event in each["event"])


def test_only_who_may_write_gets_requests_that_write() -> None:
    reading = postman.collection(described.READERS["reading"])
    assert {each["request"]["method"] for each in requests(reading)} == {"GET"}
    writing = postman.collection(described.READERS["token"])
    assert "DELETE" in {each["request"]["method"] for each in requests(writing)}


def test_a_run_changes_only_what_it_has_added() -> None:
    for each in requests(postman.collection(described.READERS["token"])):
        request = each["request"]
        text = request.get("body", {}).get("raw", "")
        assert "external_id" not in text
        variables = {x["key"]: x["value"] for x in request["url"].get("variable", ())}
        if (
            request["method"] in {"PATCH", "DELETE"}
            or "merge" in request["url"]["path"]
        ):
            lead = variables["lead_id"]
            assert lead in {"{{addedId}}", "{{otherId}}"}
            (before,) = [x for x in each["event"] if x["listen"] == "prerequest"]
            assert "skipRequest" in before["script"]["exec"][-1]


def test_no_token_is_in_it_and_no_label_can_ask_for_one() -> None:
    for reader in described.READERS.values():
        content = postman.collection(reader)
        assert content["auth"]["bearer"][0]["value"] == "{{token}}"
        del content["auth"]
        for each in requests(content):
            asked = json.dumps(each["request"].get("body", "")) + json.dumps(
                [x["value"] for x in each["request"]["url"].get("query", [])]
            )
            assert "{{token}}" not in asked


def test_the_environment_has_a_place_for_the_token() -> None:
    content = postman.environment(described.READERS["token"])
    values = {each["key"]: each for each in content["values"]}
    assert values["token"] == {
        "key": "token",
        "value": "",
        "type": "secret",
        "enabled": True,
    }
    assert values["baseUrl"]["value"] == described.URL
    assert values["campaignId"]["value"] == "362"


def test_of_very_many_conditions_the_plain_ones_are_there() -> None:
    reader = described.token(described.wide(200, 3))
    first = next(requests(postman.collection(reader)))
    keys = [x["key"] for x in first["request"]["url"].get("query", [])]
    assert "field-number-001" in keys
    assert "field-number-001[gte]" not in keys


def test_large_answers_are_not_saved() -> None:
    reader = described.READERS["odd"]
    saved = [
        x for each in requests(postman.collection(reader)) for x in each["response"]
    ]
    assert all(len(each["body"]) <= postman.SAVED_BYTES_MAX for each in saved)
    assert saved


@pytest.mark.parametrize("form", ["collection", "environment", "swagger"])
def test_it_is_downloaded_where_the_article_says(
    client, database, account, campaign, form: str
) -> None:
    narrow = make.a_token(database, account, campaign, filter="source=website")
    path = f"/docs/download/{form}.json/hubhus-api.json"
    answer = client.get(path, headers={"Authorization": f"Bearer {narrow}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert "partner-west" not in answer.text
    again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 200
