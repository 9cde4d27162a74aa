"""The API's description: valid, complete, true, and no wider than its token."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.describe.contract.operations import OPERATIONS, TAGS
from leadwell.describe.reader import Reader
from tests import described, make

ROOT = Path(__file__).parents[2]
DOWNLOAD = "/docs/download/openapi.json/any-name.json"
LEADS = "/v2/campaigns/362/leads"
UNDESCRIBED = (
    *("/docs", "/d/", "/a/", "/static/", "/llms.txt", "/.well-known/"),
    *("/health/", "/metrics", "/mcp", "/feed/"),
    *("/campaigns/", "/leads"),
)
"""What is for people, operators, assistants and spreadsheets, and the article's
spelling of two."""
every_reader = pytest.mark.parametrize(
    "reader", described.READERS.values(), ids=list(described.READERS)
)


@pytest.fixture
def token(database, account, campaign) -> str:
    for source in ("website", "partner-west", "partner-west"):
        fields = {"source": source, "name": "Jane", "tags": ["a"], "budget": 12.5}
        make.a_lead(database, campaign, fields=fields)
    return make.a_token(database, account, campaign, may_write=True)


def downloaded(
    client: TestClient, token: str | None = None, query: str = ""
) -> dict[str, Any]:
    headers = bearer(token) if token else {}
    answer = client.get(DOWNLOAD + query, headers=headers)
    assert answer.status_code == 200
    content: dict[str, Any] = answer.json()
    return content


@every_reader
def test_every_description_is_valid_and_so_are_its_examples(reader: Reader) -> None:
    content = json.loads(json.dumps(described.as_openapi(reader)))
    OpenAPIV31SpecValidator(content).validate()
    shown = list(examples(content))
    assert len(shown) >= 10
    for schema, example in shown:
        check(content, schema, example)


@every_reader
def test_everything_is_said_that_clients_need(reader: Reader) -> None:
    content = described.as_openapi(reader)
    assert {each["name"] for each in content["tags"]} <= {each.name for each in TAGS}
    assert all(each["description"] for each in content["tags"])
    assert content["externalDocs"]["url"] == f"{described.URL}/docs/"
    assert content["info"]["license"]["identifier"] == "Apache-2.0"
    for operation in operations(content):
        answers = operation["responses"]
        assert {"400", "401", "403", "414", "431", "500", "503"} <= answers.keys()
        assert "WWW-Authenticate" in answers["401"]["headers"]
        assert "Retry-After" in answers["503"]["headers"]
        assert all("X-Request-ID" in each["headers"] for each in answers.values())


@every_reader
def test_a_cursor_is_called_opaque_wherever_it_is_given(reader: Reader) -> None:
    content = described.as_openapi(reader)
    given = [
        each["description"]
        for operation in operations(content)
        for each in operation.get("parameters", ())
        if each.get("name") == "_cursor"
    ]
    assert given
    assert all("as it came" in each for each in given)
    assert "opaque" in json.dumps(given)
    assert (
        "Opaque" in content["components"]["headers"]["Leadwell-Cursor"]["description"]
    )
    page = (ROOT / "docs/reference/change-feed.md").read_text("utf-8")
    assert "A cursor is opaque" in page


@every_reader
def test_nothing_is_described_that_nothing_uses(reader: Reader) -> None:
    text = json.dumps(described.as_openapi(reader))
    components = json.loads(text)["components"]
    for kind in ("schemas", "parameters", "headers"):
        for name in components[kind]:
            assert f'"#/components/{kind}/{name}"' in text


def test_links_lead_to_operations_that_are_there() -> None:
    for reader in described.READERS.values():
        content = described.as_openapi(reader)
        known = {each["operationId"]: each for each in operations(content)}
        for operation in known.values():
            for answer in operation["responses"].values():
                for link in answer.get("links", {}).values():
                    assert link["operationId"] in known


def test_everybody_may_read_the_general_description(client, campaign) -> None:
    content = downloaded(client)
    assert {"listLeads", "addLead"} <= ids(content)
    assert "Roofs" not in json.dumps(content)


def test_a_token_is_told_its_own_slugs(client, token) -> None:
    content = downloaded(client, token)
    listed = content["paths"]["/v2/campaigns/{campaign_id}/leads"]["get"]
    by_name = {each["name"]: each for each in parameters(content, listed)}
    assert by_name["source"]["schema"]["items"] == ref("source-option")
    assert {"budget[gte]", "name[contains]", "created_after"} <= by_name.keys()
    assert "name" in by_name["_fields"]["schema"]["items"]["enum"]
    assert "-budget" in by_name["_sort"]["schema"]["items"]["enum"]
    schemas = content["components"]["schemas"]
    assert "partner-west" in schemas["source-option"]["enum"]
    given = schemas["NewLead"]["properties"]["fields"]
    assert given["required"] == ["name"]
    assert ref("source-option") in given["properties"]["source"]["anyOf"]


def test_a_field_of_a_reserved_name_is_asked_by_its_longer_one() -> None:
    content = described.as_openapi(described.READERS["odd"])
    names = {each["name"] for each in content["components"]["parameters"].values()}
    assert {"status", "field.status", "field.status[contains]"} <= names


def test_a_token_is_told_no_more_than_it_may_see(
    client, database, account, campaign
) -> None:
    narrow = make.a_token(
        database, account, campaign, filter="source=website", readable=frozenset({1})
    )
    text = json.dumps(downloaded(client, narrow))
    for hidden in ("partner-west", "Partner West", "budget", "addLead", "customer-"):
        assert hidden not in text
    slice_ = make.a_token(database, account, campaign, filter="source=website")
    text = json.dumps(downloaded(client, slice_))
    assert "website" in text
    assert "partner-west" not in text


def test_two_tokens_of_one_scope_are_told_nothing_of_each_other(
    client, database, account, campaign
) -> None:
    named = {"name": "The secret partner"}
    tokens = [make.a_token(database, account, campaign, **named) for _ in range(2)]
    texts = [json.dumps(downloaded(client, each)) for each in tokens]
    assert texts[0] == texts[1]
    assert "secret" not in texts[0].lower().replace("the secret of", "")


def test_labels_are_shown_as_text_and_never_as_markup() -> None:
    content = described.as_openapi(described.READERS["odd"])
    for text in descriptions(content):
        plain = re.sub(r"\\.", "", text)
        assert "<script" not in plain
        assert "](" not in plain
        assert "**" not in plain
        assert len(text) < 1_000


def test_an_account_is_told_its_campaigns(client, database, account, campaign) -> None:
    make.a_kept_campaign(database, account, id=363, name="Walls", slug="walls")
    token = make.a_token(database, account, None, may_write=True)
    content = downloaded(client, token)
    path = content["paths"]["/v2/campaigns/{campaign_id}/leads"]
    (number,) = path["parameters"]
    assert number["schema"]["enum"] == [362, 363]
    assert number["description"] == "The campaign. 362: Roofs; 363: Walls"
    assert "source-option" not in content["components"]["schemas"]
    only = downloaded(client, token, "?campaign=363")
    path = only["paths"]["/v2/campaigns/{campaign_id}/leads"]
    assert path["parameters"][0]["schema"]["enum"] == [363]
    assert "source-option" in only["components"]["schemas"]
    assert "Roofs" not in json.dumps(only)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?campaign=999", "campaign_not_found"),
        ("?campaign=x", "out_of_range"),
        ("?campaign=", "empty_value"),
        ("?campaign=362&campaign=362", "duplicate_parameter"),
        ("?campaigns=362", "unknown_parameter"),
    ],
)
def test_a_campaign_is_asked_for_as_strictly_as_anything(
    client, database, account, campaign, query: str, code: str
) -> None:
    token = make.a_token(database, account, None)
    answer = client.get(DOWNLOAD + query, headers=bearer(token))
    assert answer.status_code == (404 if "999" in query else 400)
    assert answer.json()["code"] == code


def test_a_campaign_is_described_to_those_who_may_see_it(
    client, database, account, campaign, token
) -> None:
    foreign = make.an_account(database, "other")
    make.a_kept_campaign(database, foreign, id=400, slug="theirs")
    whole = make.a_token(database, account, None)
    for given, number, status in (
        (token, 362, 200),
        (token, 400, 403),
        (token, 999, 403),
        (whole, 400, 404),
        (None, 362, 401),
    ):
        headers = bearer(given) if given else {}
        answer = client.get(f"{DOWNLOAD}?campaign={number}", headers=headers)
        assert answer.status_code == status
    assert client.get(f"{DOWNLOAD}?x=1").status_code == 400


def test_a_bad_token_is_told_so(client) -> None:
    assert client.get(DOWNLOAD, headers=bearer("lw_wrong")).status_code == 401


def test_yaml_says_the_same(client, token) -> None:
    # The article's own path, and any other name.
    for name in ("hubhus-openapi.yaml", "leads.yaml"):
        path = f"/docs/download/openapi.yaml/{name}"
        answer = client.get(path, headers=bearer(token))
        assert answer.headers["content-type"] == "application/yaml"
        assert described.of_yaml(answer.text) == downloaded(client, token)
        assert "&id" not in answer.text


@pytest.mark.parametrize("path", [DOWNLOAD, f"{LEADS}/../schema", "schema.json"])
def test_what_has_not_changed_is_not_sent_again(
    client, token, database, account, campaign, path: str
) -> None:
    url = {"schema.json": "/v2/campaigns/362/schema.json"}.get(path, path)
    url = url.replace("/leads/..", "")
    first = client.get(url, headers=bearer(token))
    tag = first.headers["etag"]
    again = client.get(url, headers=bearer(token) | {"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    other = make.a_token(database, account, campaign, readable=frozenset({1}))
    assert client.get(url, headers=bearer(other)).headers["etag"] != tag


def test_a_description_is_made_once(client, token, monkeypatch) -> None:
    first = client.get(DOWNLOAD, headers=bearer(token)).content
    everybody = client.get(DOWNLOAD).content

    def fail(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("leadwell.describe.contract.openapi.document", fail)
    assert client.get(DOWNLOAD, headers=bearer(token)).content == first
    assert client.get(DOWNLOAD).content == everybody


def test_every_route_is_an_operation_and_the_other_way_round(hub) -> None:
    routes = {
        (method, route.path.replace(":id", ""))
        for route in inside(app(hub))
        if not route.path.startswith(UNDESCRIBED)
        for method in (route.methods or ())
        if method != "HEAD"
    }
    assert routes == {(each.method, each.path) for each in OPERATIONS}
    names = [each.id for each in OPERATIONS]
    assert len(names) == len(set(names))


def test_a_list_names_its_description(client, token) -> None:
    link = client.get(LEADS, headers=bearer(token)).headers["link"]
    url = link.partition('>; rel="service-desc"')[0].rpartition("<")[2]
    path = url.removeprefix("https://hub.example")
    assert client.get(path, headers=bearer(token)).status_code == 200


LEAD = {"fields": {"name": "Jane", "source": "website", "tags": ["a", "b"]}}


def test_a_lead_that_fits_its_description_is_taken(client, token) -> None:
    content = downloaded(client, token)
    check(content, ref("NewLead"), LEAD)
    assert client.post(LEADS, json=LEAD, headers=bearer(token)).status_code == 201
    for wrong in (
        {"fields": {"name": "Jane", "source": "Website"}},
        {"fields": {"name": ""}},
        {"fields": {"name": None}},
        {"fields": {"name": "Jane", "nothing": 1}},
        {"status": "new"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            check(content, ref("NewLead"), wrong)
        answer = client.post(LEADS, json=wrong, headers=bearer(token))
        assert answer.status_code == 422


def test_a_required_field_of_json_takes_nothing_empty(
    client, database, account
) -> None:
    fields = [{"slug": "lines", "type": "json", "required": True}]
    campaign = make.a_kept_campaign(database, account, fields=fields)
    token = make.a_token(database, account, campaign, may_write=True)
    content = downloaded(client, token)
    for given, status in (([1], 201), ({}, 201), ([], 422), ("", 422), (None, 422)):
        body = {"fields": {"lines": given}}
        answer = client.post(LEADS, json=body, headers=bearer(token))
        assert answer.status_code == status
        shape = jsonschema.Draft202012Validator(whole(content, ref("NewLead")))
        assert shape.is_valid(body) == (status == 201)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def operations(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in content["paths"].values():
        for method, each in path.items():
            if method != "parameters":
                yield each


def ids(content: dict[str, Any]) -> set[str]:
    return {each["operationId"] for each in operations(content)}


def parameters(
    content: dict[str, Any], operation: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    for each in operation["parameters"]:
        name = each.get("$ref", "").rpartition("/")[2]
        yield content["components"]["parameters"][name] if name else each


def examples(content: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """Every example that is shown, and the schema that it has to fit."""
    shown: list[dict[str, Any]] = list(content["components"]["headers"].values())
    for operation in operations(content):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        shown += [x for body in bodies for x in body.get("content", {}).values()]
        shown += parameters(content, operation)
    yield from ((x["schema"], x["example"]) for x in shown if "example" in x)
    for name, schema in content["components"]["schemas"].items():
        yield from ((ref(name), each) for each in schema.get("examples", ()))


def descriptions(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, each in part.items():
            if name == "description" and isinstance(each, str):
                yield each
            elif name not in {"example", "examples"}:
                yield from descriptions(each)
    elif isinstance(part, list):
        for each in part:
            yield from descriptions(each)


def whole(content: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "components": content["components"]}


def check(content: dict[str, Any], schema: dict[str, Any], instance: Any) -> None:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator
    validator(whole(content, schema), format_checker=checker).validate(instance)


def inside(application: Any) -> list[Route]:
    routes: list[Route] = application._inside.routes
    return routes
