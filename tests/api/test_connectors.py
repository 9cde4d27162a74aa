"""Texts for other tools over HTTP: made for the token that asks, and no wider."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from leadwell.describe.connectors import CONNECTORS, Connector
from leadwell.model.campaign import Attribute
from tests import make

every = pytest.mark.parametrize("connector", CONNECTORS, ids=lambda c: c.name)
HUB = "https://hub.example"


@pytest.fixture
def token(database, account, campaign) -> str:
    for source in ("website", "partner-west", "partner-west"):
        fields = {"source": source, "name": "Jane", "tags": ["a", "b"], "budget": 12.5}
        make.a_lead(database, campaign, fields=fields)
    return make.a_token(database, account, campaign)


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def download(client: TestClient, name: str, token: str | None = None) -> str:
    answer = client.get(f"/docs/download/connectors/{name}/any", headers=bearer(token))
    assert answer.status_code == 200, answer.text
    return answer.text


@every
def test_a_connector_is_a_file_to_keep(
    client: TestClient, token: str, connector: Connector
) -> None:
    for asking in (None, token):
        answer = client.get(f"/docs/{connector.path}", headers=bearer(asking))
        assert answer.status_code == 200
        media_type = answer.headers["content-type"].partition(";")[0]
        assert media_type == connector.media_type
        assert answer.headers["content-disposition"] == "attachment"
        assert answer.headers["cache-control"] == "private, no-cache"
        assert HUB in answer.text
        assert token not in answer.text


@every
def test_what_has_not_changed_is_not_sent_again(
    client: TestClient, token: str, connector: Connector
) -> None:
    url = f"/docs/{connector.path}"
    tag = client.get(url, headers=bearer(token)).headers["etag"]
    again = client.get(url, headers=bearer(token) | {"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.head(url, headers=bearer(token)).headers["etag"] == tag


def test_an_unknown_connector_is_not_found(client: TestClient, token: str) -> None:
    url = "/docs/download/connectors/lotus-123/leads.wks"
    for asking in (None, token):
        answer = client.get(url, headers=bearer(asking))
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"
    assert client.get(url, headers=bearer("lw_wrong")).status_code == 401


def test_a_token_gets_its_own_columns_and_everybody_an_example(
    client: TestClient, token: str, database, account
) -> None:
    assert "customer-type" in download(client, "power-query", token)
    general = download(client, "power-query")
    assert "customer-type" not in general
    assert "v2/campaigns/362/leads" in general
    make.a_kept_campaign(database, account, id=363, name="Walls", slug="walls")
    whole = make.a_token(database, account, None)
    assert "customer-type" not in download(client, "power-query", whole)


@every
def test_no_text_names_what_its_token_may_not_see(
    client: TestClient, database, account, campaign, connector: Connector
) -> None:
    narrow = make.a_token(
        database, account, campaign, "source=website", readable=frozenset({1, 6})
    )
    slice_ = make.a_token(database, account, campaign, "source=website&status=new")
    hidden = [f.slug for f in campaign.fields if f.id not in {1, 6}]
    hidden = [slug for slug in hidden if len(slug) > 5 and slug != "website"]
    text = download(client, connector.name, narrow)
    assert not [word for word in hidden if re.search(rf"\b{word}\b", text)]
    assert not re.search(r"\bwon\b|contacted|Contacted", text)
    for seen in (text, download(client, connector.name, slice_)):
        assert not re.search(r"[Pp]artner.(west|north|West|North)", seen)
    assert "Contacted" not in download(client, connector.name, slice_)


def test_a_hidden_attribute_is_no_column(
    client: TestClient, database, account, campaign
) -> None:
    readable = frozenset({1, Attribute.STATUS})
    token = make.a_token(database, account, campaign, readable=readable)
    text = download(client, "google-apps-script", token)
    assert '"status.label"' in text
    assert "assigned_person" not in text
    assert "external_id" not in text


def paths_in(content: Any) -> set[str]:
    """Every address of the hub that stands somewhere in a document."""
    if isinstance(content, dict):
        return set().union(*map(paths_in, content.values()))
    if isinstance(content, list):
        return set().union(*map(paths_in, content))
    found = re.findall(
        rf"{HUB}(/[^\s'\"}}]*)", content if isinstance(content, str) else ""
    )
    return set(found)


@pytest.mark.parametrize("name", ["grafana-infinity", "n8n"])
def test_every_request_of_a_document_is_answered(
    client: TestClient, token: str, name: str
) -> None:
    paths = paths_in(json.loads(download(client, name, token)))
    assert len(paths) >= 3
    for path in paths:
        # An expression of n8n puts the cursor behind the address.
        url = path.removesuffix("&_cursor=")
        answer = client.get(url, headers=bearer(token))
        assert answer.status_code == 200, (path, answer.text)


def test_a_dashboard_finds_its_columns_in_the_answers(
    client: TestClient, token: str
) -> None:
    dashboard = json.loads(download(client, "grafana-infinity", token))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            url = target["url"].removeprefix(HUB)
            root = client.get(url, headers=bearer(token)).json()[
                target["root_selector"]
            ]
            first = root[0] if isinstance(root, list) else root
            for column in target["columns"]:
                found(first, column["selector"].partition("|")[0].split("."))
    counts = [t["url"] for t in dashboard["panels"][1]["targets"]]
    assert [urlsplit(url).query for url in counts] == [
        f"status={status}&per_page=1" for status in ("new", "contacted", "won")
    ]


def found(value: Any, keys: list[str]) -> None:
    for key in keys:
        if value is None:
            return
        value = value[0] if key == "#" else value[key]


def test_the_recipe_for_make_asks_what_the_hub_answers(
    client: TestClient, token: str
) -> None:
    text = download(client, "make", token)
    first, further = re.findall(rf"^    .*?{HUB}([^\s']+)", text, re.MULTILINE)
    cursor = client.get(first, headers=bearer(token)).json()["cursor"]
    url = further.partition("{{")[0] + cursor
    answer = client.get(url, headers=bearer(token)).json()
    assert (answer["data"], answer["has_more"]) == ([], False)
