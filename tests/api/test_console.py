"""The console: from this host alone, for who asks, and with nothing filled in."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.pages.console import DOCUMENT, KINDS
from leadwell.describe.contract.console import PARAMETERS_MAX
from leadwell.settings import CHOICES
from tests import make
from tests.asking import Whole

PAGE = "/docs/console"
DESCRIPTION = f"/docs/{DOCUMENT}"


class Loaded(HTMLParser):
    """Which addresses a page names, and whether a script stands in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.said_in_line = ""
        self._tag = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        names = ("src", "href", "data-document")
        self.addresses += [value for name, value in attrs if value and name in names]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self._tag in {"script", "style"}:
            self.said_in_line += data.strip()


@pytest.fixture(params=KINDS)
def consoled(request: pytest.FixtureRequest, hub) -> TestClient:
    """A client of a hub with each of the consoles."""
    return Whole(app(replace(hub, console=request.param)))


def test_everything_the_page_names_is_here(consoled: TestClient) -> None:
    answer = consoled.get(PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Loaded(answer.text)
    assert len(page.addresses) > 6
    assert not page.said_in_line
    for address in page.addresses:
        assert address.startswith("/")
        assert consoled.get(address).status_code == 200, address


def test_scripts_come_from_this_host_alone(consoled: TestClient) -> None:
    headers = consoled.get(PAGE).headers
    policy = dict(
        each.strip().split(" ", 1)
        for each in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert headers["referrer-policy"] == "no-referrer"


def test_the_description_is_valid_and_prefills_nothing(
    consoled: TestClient, database, account, campaign
) -> None:
    token = make.a_token(database, account, campaign)
    headers = {"Authorization": f"Bearer {token}"}
    content = consoled.get(DESCRIPTION, headers=headers).json()
    OpenAPIV31SpecValidator(content).validate()
    plain = consoled.get(DESCRIPTION.replace("console.json", "x"), headers=headers)
    assert set(names_of(content)) == set(names_of(plain.json()))
    for each in parameters_of(content):
        if not each.get("required"):
            assert is_left_out(each), each


def is_left_out(parameter: dict[str, Any]) -> bool:
    examples = [parameter, parameter["schema"], parameter["schema"].get("items", {})]
    if "examples" in parameter:
        return all(each["x-disabled"] for each in parameter["examples"].values())
    return not [x for x in examples if {"example", "examples", "default"} & x.keys()]


def test_the_description_is_no_wider_than_its_reader(
    client, database, account, campaign
) -> None:
    narrow = make.a_token(database, account, campaign, filter="source=website")
    headers = {"Authorization": f"Bearer {narrow}"}
    text = json.dumps(client.get(DESCRIPTION, headers=headers).json())
    assert "website" in text
    assert "partner-west" not in text
    assert "customer-type" not in json.dumps(client.get(DESCRIPTION).json())


def test_a_wide_campaign_is_shown_in_bounds(
    consoled: TestClient, database, account
) -> None:
    fields = [
        {"slug": f"field-{n}", "label": f"Field {n}", "type": "text"} for n in range(60)
    ]
    wide = make.a_kept_campaign(database, account, fields=fields)
    token = make.a_token(database, account, wide)
    headers = {"Authorization": f"Bearer {token}"}
    content = consoled.get(DESCRIPTION, headers=headers).json()
    listed = content["paths"]["/v2/campaigns/{campaign_id}/leads"]["get"]
    assert len(listed["parameters"]) == PARAMETERS_MAX
    assert "more conditions can be added by hand" in listed["description"]
    names = json.dumps(listed["parameters"])
    # Every field can be asked for, and with operators as many as there is room for.
    assert all(f"{each['slug']}" in names for each in fields)
    assert "per_page" in names


def test_who_comes_with_a_token_is_not_asked_for_it(
    client, database, account, campaign
) -> None:
    token = make.a_token(database, account, campaign)
    page = client.get(PAGE, headers={"Authorization": f"Bearer {token}"}).text
    assert "Roofs" in page
    assert "lw-secret" not in page
    assert token not in page
    assert "lw-secret" in client.get(PAGE).text
    refused = client.get(PAGE, headers={"Authorization": "Bearer lw_wrong"})
    assert refused.status_code == 401


def test_without_scripts_the_page_says_where_else_it_stands(client) -> None:
    page = client.get(PAGE).text
    without = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert 'href="/docs/"' in without
    assert "openapi.yaml" in without


def test_a_hub_can_have_no_console(hub) -> None:
    client = Whole(app(replace(hub, console="off")))
    for path in (PAGE, DESCRIPTION):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"


def test_the_setting_names_every_console_there_is() -> None:
    assert set(CHOICES["console"]) == {*KINDS, "off"}


def test_the_paths_are_below_that_of_the_hub(hub) -> None:
    client = Whole(app(replace(hub, public_url="https://hub.example/leads")))
    addresses = Loaded(client.get(PAGE).text).addresses
    assert all(each.startswith("/leads/") for each in addresses)


def parameters_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Every parameter, in the paths and where they point to."""
    found = list(content["components"].get("parameters", {}).values())
    for path in content["paths"].values():
        found += path.get("parameters", [])
        for method, each in path.items():
            found += each["parameters"] if method != "parameters" else []
    return [each for each in found if "$ref" not in each]


def names_of(content: dict[str, Any]) -> list[str]:
    return [each["name"] for each in parameters_of(content)]
