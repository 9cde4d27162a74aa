"""The API's description: valid, complete, true, and no wider than its token."""

import json
from typing import Any

import jsonschema
import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.describe.contract.operations import OPERATIONS
from tests import make

DOWNLOAD = "/docs/download/openapi.json/any-name.json"
LEADS = "/v2/campaigns/362/leads"
UNDESCRIBED = (
    *("/docs", "/d/", "/a/", "/static/", "/llms.txt", "/.well-known/"),
    *("/health/", "/metrics", "/mcp", "/feed/"),
    *("/campaigns/", "/leads"),
)
"""What is for people, operators, assistants and spreadsheets, and the article's
spelling of two."""


@pytest.fixture
def token(database, account, campaign) -> str:
    for source in ("website", "partner-west", "partner-west"):
        fields = {"source": source, "name": "Jane", "tags": ["a"], "budget": 12.5}
        make.a_lead(database, campaign, fields=fields)
    return make.a_token(database, account, campaign, may_write=True)


def described(client: TestClient, token: str | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = client.get(DOWNLOAD, headers=headers)
    assert answer.status_code == 200
    content: dict[str, Any] = answer.json()
    OpenAPIV31SpecValidator(content).validate()
    return content


def test_everybody_may_read_the_general_description(client) -> None:
    content = described(client)
    assert {"listLeads", "addLead"} <= operations_of(content)
    assert "Roofs" not in json.dumps(content)


def test_a_token_is_told_its_own_slugs(client, token) -> None:
    content = described(client, token)
    listed = content["paths"]["/v2/campaigns/{campaign_id}/leads"]["get"]
    by_name = {each["name"]: each for each in listed["parameters"]}
    assert "partner-west" in by_name["source"]["schema"]["items"]["enum"]
    assert {"budget[gte]", "name[contains]", "created_after"} <= by_name.keys()
    given = content["components"]["schemas"]["NewLead"]["properties"]["fields"]
    assert given["required"] == ["name"]
    assert "partner-west" in json.dumps(given["properties"]["source"])


def test_a_token_is_told_no_more_than_it_may_see(
    client, database, account, campaign
) -> None:
    narrow = make.a_token(
        database, account, campaign, filter="source=website", readable=frozenset({1})
    )
    text = json.dumps(described(client, narrow))
    for hidden in (
        "partner-west",
        "Partner West",
        "budget",
        "addLead",
        "customer-type",
    ):
        assert hidden not in text
    slice_ = make.a_token(database, account, campaign, filter="source=website")
    text = json.dumps(described(client, slice_))
    assert "website" in text
    assert "partner-west" not in text


def test_a_bad_token_is_told_so(client) -> None:
    headers = {"Authorization": "Bearer lw_wrong"}
    assert client.get(DOWNLOAD, headers=headers).status_code == 401


def test_yaml_says_the_same(client, token) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.get(DOWNLOAD.replace("json/", "yaml/"), headers=headers)
    assert answer.headers["content-type"] == "application/yaml"
    assert yaml.safe_load(answer.text) == described(client, token)
    assert "&id" not in answer.text


def test_what_has_not_changed_is_not_sent_again(
    client, token, database, account, campaign
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    tag = client.get(DOWNLOAD, headers=headers).headers["etag"]
    again = client.get(DOWNLOAD, headers=headers | {"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = make.a_token(database, account, campaign, readable=frozenset({1}))
    assert client.get(DOWNLOAD, headers=bearer(other)).headers["etag"] != tag


def test_every_route_is_an_operation_and_the_other_way_round(hub) -> None:
    routes = {
        (method, route.path.replace(":id", ""))
        for route in inside(app(hub))
        if not route.path.startswith(UNDESCRIBED)
        for method in (route.methods or ())
        if method != "HEAD"
    }
    assert routes == {(each.method, each.path) for each in OPERATIONS}
    ids = [each.id for each in OPERATIONS]
    assert len(ids) == len(set(ids))


def test_a_list_names_its_description(client, token) -> None:
    link = client.get(LEADS, headers=bearer(token)).headers["link"]
    url = link.partition('>; rel="service-desc"')[0].rpartition("<")[2]
    path = url.removeprefix("https://hub.example")
    assert client.get(path, headers=bearer(token)).status_code == 200


LEAD = {"fields": {"name": "Jane", "source": "website", "tags": ["a", "b"]}}
ASKED: list[tuple[str, str, str, Any]] = [
    ("listLeads", "GET", "", None),
    ("listLeads", "GET", "?_meta=1&_fields=name", None),
    ("listLeads", "GET", "?source=nonsense", None),
    ("listLeads", "GET", "?_cursor=start&per_page=1&_meta=1", None),
    ("showLead", "GET", "/1", None),
    ("showLead", "GET", "/999", None),
    ("listChanges", "GET", "/changes?_digest=1", None),
    ("listChanges", "GET", "/changes?_cursor=nonsense", None),
    ("digestLeads", "GET", "/digest", None),
    ("digestLeads", "GET", "/digest?_buckets=256", None),
    ("digestLeads", "GET", "/digest?_bucket=1", None),
    ("addLead", "POST", "", LEAD),
    ("addLead", "POST", "", {"fields": {"name": 1, "nothing": 2}}),
    ("addLead", "POST", "", {"fields": {"name": "Jane", "source": "nothing"}}),
    ("addLead", "POST", "", {"fields": {}}),
    ("addLeads", "POST", "/batch", {"leads": [LEAD, {"fields": {}}]}),
    ("changeLead", "PATCH", "/1", {"status": "contacted"}),
    ("mergeLead", "POST", "/2/merge", {"into": 1}),
    ("removeLead", "DELETE", "/3", None),
    ("showSchema", "GET", "/../schema", None),
    ("showCampaign", "GET", "/..", None),
    ("listCampaigns", "GET", "/../..", None),
    ("showToken", "GET", "/../../../me", None),
]


@pytest.mark.parametrize(("name", "method", "path", "body"), ASKED)
def test_what_is_answered_is_what_is_described(
    client, token, name: str, method: str, path: str, body: Any
) -> None:
    content = described(client, token)
    answer = client.request(method, resolved(path), headers=bearer(token), json=body)
    operation = find(content, name)
    told = operation["responses"][f"{answer.status_code}"]
    for header in told.get("headers", {}):
        assert header.lower() in answer.headers or header == "Leadwell-Snapshot"
    if not answer.content:
        assert "content" not in told
        return
    kind = answer.headers["content-type"].partition(";")[0]
    check(content, told["content"][kind]["schema"], answer.json())
    if answer.status_code >= 400:
        assert f"`{answer.json()['code']}`" in told["description"]


def test_a_lead_that_fits_its_description_is_taken(client, token) -> None:
    content = described(client, token)
    check(content, {"$ref": "#/components/schemas/NewLead"}, LEAD)
    wrong = {"fields": {"name": "Jane", "source": "Website"}}
    with pytest.raises(jsonschema.ValidationError):
        check(content, {"$ref": "#/components/schemas/NewLead"}, wrong)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def resolved(path: str) -> str:
    parts = LEADS.split("/")
    rest = path
    while rest.startswith("/.."):
        parts, rest = parts[:-1], rest.removeprefix("/..")
    return "/".join(parts) + rest


def find(content: dict[str, Any], name: str) -> dict[str, Any]:
    for path in content["paths"].values():
        for method, each in path.items():
            if method != "parameters" and each["operationId"] == name:
                found: dict[str, Any] = each
                return found
    raise AssertionError(name)


def operations_of(content: dict[str, Any]) -> set[str]:
    return {
        each["operationId"]
        for path in content["paths"].values()
        for method, each in path.items()
        if method != "parameters"
    }


def check(content: dict[str, Any], schema: dict[str, Any], instance: Any) -> None:
    whole = {**schema, "components": content["components"]}
    jsonschema.Draft202012Validator(whole).validate(instance)


def inside(application: Any) -> list[Route]:
    routes: list[Route] = application._inside.routes
    return routes
