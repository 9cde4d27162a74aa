"""The example lead of a campaign: valid, inside the filter, and of nobody."""

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwell.describe import example, instance, schema
from leadwell.model.campaign import Attribute, Campaign, Person
from leadwell.model.grant import Grant
from leadwell.schema import definition, querystring, question, submission
from leadwell.schema.visibility import view as view_of
from tests import make

SHAPES: list[Any] = [
    {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]},
    {"type": "array", "items": {"type": "integer", "minimum": 3}, "minItems": 2},
    {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"enum": ["x"]}}},
    {"allOf": [{"type": "object"}, {"required": ["n"]}], "properties": {"n": {}}},
    {"anyOf": [{"type": "number", "exclusiveMinimum": 4, "multipleOf": 5}]},
    {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
    {"type": ["string", "null"], "minLength": 7},
    {"type": "number", "maximum": -2},
    {"type": "number", "exclusiveMaximum": 0, "multipleOf": 2},
    {"type": "boolean"},
    {"const": [1]},
    {"default": {"a": 1}},
    {"$ref": "#/$defs/b", "$defs": {"b": {"type": "integer"}}},
    {"$id": "https://example.com/line", "$ref": "#b", "$defs": {"b": {"$anchor": "b"}}},
    {"examples": ["y"], "type": "string"},
    {"properties": {"in": {"$ref": "#"}}},
    {"type": "object", "properties": {"in": {"$ref": "#"}}, "required": []},
    {"type": "string", "maxLength": 2},
    {"type": "string", "minLength": 3.0, "maxLength": 5.0},
    {"type": "array", "items": {"type": "integer"}, "minItems": 2.0},
    True,
]
"""JSON Schemas that people give their fields."""
FILTERS = [
    "source=partner-north",
    "source[ne]=partner-west,partner-north",
    "status=won",
    "status[nin]=new",
    "assigned_to=1",
    "assigned_to[exists]=false",
    "budget[gt]=4000",
    "budget[gte]=10&budget[lt]=11",
    "price[lt]=3.50",
    "newsletter=false",
    "newsletter[exists]=false",
    "follow-up[gt]=2026-01-01",
    "visit_at[lt]=2020-01-01",
    "email[contains]=@acme-roofs.com",
    "email[starts_with]=bo",
    "website[contains]=example.org",
    "phone=+4532123457",
    "name[ne]=Jane Doe",
    "name[contains]=Bo",
    "tags=c",
    "tags[ne]=a",
    "df_lines[exists]=false",
]


def checked(view: Campaign, lead: dict[str, Any]) -> None:
    lead = json.loads(json.dumps(lead))
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    told = schema.lead_schema(view)
    jsonschema.Draft202012Validator(told, format_checker=checker).validate(lead)


def with_person(campaign: Campaign) -> Campaign:
    return replace(campaign, people=(Person(1, "Somebody Real"),))


def test_it_is_a_lead_and_can_be_sent() -> None:
    view = with_person(make.a_campaign())
    lead, new = example.lead(view), example.new_lead(view)
    checked(view, lead)
    assert all(value is not None for value in lead["fields"].values())
    assert submission.read(view, new).values
    assert lead["assigned_person"] == {"id": 1, "name": "Sales One"}
    assert new["fields"]["name"] == "Jane Doe"
    assert new["assigned_person"] == 1


@pytest.mark.parametrize("query", FILTERS)
def test_it_lies_inside_the_filter(
    query: str, database, account, campaign, client
) -> None:
    token = make.a_token(database, account, campaign, query, may_write=True)
    asked = question.conditions(campaign, querystring.decode(query.encode()))
    view = view_of(campaign, Grant(account.id, 362, forced=asked))
    checked(view, example.lead(view, asked))
    new = example.new_lead(view, asked)
    headers = {"Authorization": f"Bearer {token}"}
    url = "/v2/campaigns/362/leads"
    assert client.post(url, json=new, headers=headers).status_code == 201, new


@pytest.mark.parametrize("shape", SHAPES, ids=json.dumps)
def test_a_field_of_json_shows_a_value_that_fits(shape: Any) -> None:
    fields = [{"slug": "lines", "type": "json", "json_schema": shape}]
    view = make.a_campaign(fields=fields)
    made = example.lead(view)
    jsonschema.Draft202012Validator(shape).validate(made["fields"]["lines"])
    checked(view, made)


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"},
        {"type": "number", "minimum": 1e308, "multipleOf": 1e-300},
        {"type": "number", "minimum": 10**400, "multipleOf": 1.5},
        {"type": "string", "minLength": 1e300},
    ],
)
def test_what_cannot_be_guessed_is_left_out(shape: Any) -> None:
    fields = [{"slug": "lines", "type": "json", "json_schema": shape}]
    view = make.a_campaign(fields=fields)
    checked(view, example.lead(view))
    assert example.lead(view)["fields"] == {"lines": None}
    assert example.new_lead(view)["fields"] == {}
    assert example.sent(view.fields[0]) is None


def test_what_is_hidden_is_not_shown() -> None:
    whole = with_person(make.a_campaign())
    grant = Grant(0, 362, readable=frozenset({1, Attribute.EXTERNAL_ID}))
    view = view_of(whole, grant)
    checked(view, example.lead(view))
    assert example.lead(view).keys() == {
        *("id", "fields", "created_at", "updated_at", "metadata")
    }
    assert example.new_lead(view) == {
        "fields": {"name": "Jane Doe"},
        "external_id": "crm-77",
    }
    bare = view_of(whole, replace(grant, readable=frozenset()))
    checked(bare, example.lead(bare))
    assert example.new_lead(bare) == {"fields": {}}


def test_every_field_can_be_shown_alone() -> None:
    view = make.a_campaign()
    shown = {field.slug: example.sent(field) for field in view.fields}
    assert shown["source"] == "partner-west"
    assert shown["tags"] == ["a"]
    assert shown["price"] == "1200.50"
    assert shown["df_lines"] == []
    assert submission.read(view, {"fields": shown})


def test_everybody_is_shown_a_lead_of_no_campaign() -> None:
    checked(example.CAMPAIGN, example.lead(example.CAMPAIGN))
    assert submission.read(example.CAMPAIGN, example.new_lead(example.CAMPAIGN))


def test_many_fields_make_a_short_new_lead() -> None:
    fields = [{"slug": f"f{n}", "required": n == 150} for n in range(200)]
    view = definition.read({"name": "Wide", "fields": fields}).campaign
    checked(view, example.lead(view))
    assert len(example.new_lead(view)["fields"]) == example.FIELDS_SENT + 1


_words = ["type", "enum", "anyOf", "allOf", "items", "properties", "$ref", "minimum"]
_leaves = st.none() | st.booleans() | st.integers() | st.sampled_from(["object", "#"])


@given(
    st.recursive(
        _leaves,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(_words), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_any_valid_schema_makes_some_value(shape: Any) -> None:
    try:
        jsonschema.Draft202012Validator.check_schema(shape)
    except jsonschema.SchemaError:
        return
    json.dumps(instance.of(shape))
