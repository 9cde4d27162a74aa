"""Swagger 2.0: valid, in its own words only, and small enough for its readers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator

from leadwell.describe.contract import swagger
from tests import described

NEWER = {"anyOf", "oneOf", "const", "not", "examples", "nullable", "$defs", "links"}
"""Words that Swagger 2.0 does not have."""
MEGABYTE = 1_000_000


@pytest.mark.parametrize("name", described.READERS)
def test_it_is_valid_and_has_no_newer_words(name: str) -> None:
    content = json.loads(json.dumps(described.as_swagger(described.READERS[name])))
    OpenAPIV2SpecValidator(content).validate()
    assert not NEWER & set(words(content))
    assert all(not isinstance(each.get("type", ""), list) for each in objects(content))
    assert (content["host"], content["basePath"]) == ("hub.example", "/leads")
    assert "Left out" not in content["info"]["description"]


def test_a_flow_is_asked_only_for_what_it_has_to_say() -> None:
    content = described.as_swagger(described.READERS["token"])
    path = content["paths"]["/v2/campaigns/{campaign_id}/leads"]
    (campaign,) = path["parameters"]
    assert (campaign["default"], campaign["x-ms-visibility"]) == (362, "internal")
    source = content["parameters"]["source"]
    assert source["x-ms-summary"] == "Source is one of"
    assert source["items"]["enum"] == ["partner-west", "partner-north", "website"]
    assert source["collectionFormat"] == "csv"
    assert content["parameters"]["budget.gte"]["x-ms-visibility"] == "advanced"
    fields = content["definitions"]["NewLead"]["properties"]["fields"]["properties"]
    assert fields["email"]["x-nullable"]
    assert fields["email"]["x-ms-summary"] == "E-mail"
    export = content["paths"]["/v2/campaigns/{campaign_id}/leads/export"]["get"]
    assert "application/x-ndjson" in export["produces"]


def test_an_account_chooses_its_campaign_from_a_list() -> None:
    content = described.as_swagger(described.READERS["account"])
    path = content["paths"]["/v2/campaigns/{campaign_id}/leads"]
    (campaign,) = path["parameters"]
    assert campaign["x-ms-dynamic-values"]["operationId"] == "listCampaigns"


def test_a_very_large_campaign_stays_below_a_megabyte() -> None:
    reader = described.token(described.wide(500, 35), may_write=True)
    content = described.as_swagger(reader)
    assert len(json.dumps(content, separators=(",", ":"))) < MEGABYTE
    assert "plain equality" in content["info"]["description"]


@pytest.mark.parametrize(
    ("bytes_max", "left_out", "kept"),
    [
        (200_000, "plain equality", "lists of more"),
        (100_000, "the options of lists of more than 50", "conditions on fields"),
        (84_000, "conditions on fields", "the fields of a lead"),
        (60_000, "the fields of a lead", "nothing of this"),
    ],
)
def test_the_least_needed_is_left_out_first(
    monkeypatch: pytest.MonkeyPatch, bytes_max: int, left_out: str, kept: str
) -> None:
    monkeypatch.setattr(swagger, "BYTES_MAX", bytes_max)
    reader = described.token(described.wide(30, 60), may_write=True)
    content = json.loads(json.dumps(described.as_swagger(reader)))
    OpenAPIV2SpecValidator(content).validate()
    assert left_out in content["info"]["description"]
    assert kept not in content["info"]["description"]
    assert len(json.dumps(content, separators=(",", ":"))) < bytes_max


def objects(part: Any) -> Iterator[dict[str, Any]]:
    """Every object that says something; the names of properties are no words."""
    if isinstance(part, list):
        for each in part:
            yield from objects(each)
    if isinstance(part, dict):
        yield part
        for name, each in part.items():
            named = name in {"properties", "definitions", "parameters", "paths"}
            for inner in each.values() if named and isinstance(each, dict) else [each]:
                yield from objects(inner)


def words(part: Any) -> Iterator[str]:
    for each in objects(part):
        yield from each
