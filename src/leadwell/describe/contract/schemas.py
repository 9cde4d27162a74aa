"""The schemas of the API's bodies: in general, or of one campaign as a token sees it.

Slugs are closed lists where they are sent, for a wrong one is refused, and open ones
where they are received, for a new option must not break a client made from this.
"""

from typing import Any

from leadwell.describe import schema
from leadwell.model.campaign import Attribute, Campaign, Field
from leadwell.schema.fields import type_named
from leadwell.schema.operators import Operator
from leadwell.schema.subjects import Subject

Object = dict[str, Any]
NO_CAMPAIGN = Campaign(0, 0, "any", "any campaign", "DK", 0)
"""Stands in where no campaign is described: it has no field and no status."""
_CHOICES = {"select", "multi_select"}
_TEXT: Object = {"type": "string"}
_COUNT: Object = {"type": "integer", "minimum": 0}
_ID: Object = {"type": "integer", "minimum": 1}
_MOMENT: Object = {"type": "string", "format": "date-time"}
_ANY: Object = {"type": "object"}


def ref(name: str) -> Object:
    """Point to one of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def components(view: Campaign | None) -> dict[str, Object]:
    """Return every schema by its name."""
    return {
        "Lead": _lead(view),
        "NewLead": _given(view, is_new=True),
        "LeadChange": _given(view, is_new=False),
        **_reading(),
        **_following(),
        **_writing(),
        "AnyObject": _ANY,
        "Problem": _problem(),
    }


def asked(subject: Subject, operator: Operator) -> Object:
    """Describe what a condition compares with."""
    field, kind = subject.field, subject.type
    if operator.suffix == "exists":
        return {"type": "string", "enum": ["true", "false"]}
    slugs = [option.slug for option in field.options]
    one: Object = {"type": "string", "examples": [kind.example(field)]}
    if slugs:
        one = {"type": "string", "enum": slugs}
    return {"type": "array", "items": one} if operator.takes_list else one


def _lead(view: Campaign | None) -> Object:
    found = schema.lead_schema(view or NO_CAMPAIGN)
    del found["$schema"]
    properties = found["properties"]
    # `_fields` asks for fewer of them: what may be left out is not required.
    found["required"] = ["id", "fields", "created_at", "updated_at", "metadata"]
    del properties["fields"]["required"]
    properties["metadata"]["required"] = ["campaign_id", "version"]
    if view is None:
        properties["fields"] = _ANY
        properties["metadata"]["properties"]["campaign_id"] = _ID
    return found


def _given(view: Campaign | None, *, is_new: bool) -> Object:
    """Describe a lead as it is sent."""
    known = view or NO_CAMPAIGN
    fields: Object = _object({x.slug: _value(x) for x in known.fields}, [])
    if view is None:
        fields = dict(_ANY)
    elif is_new and (required := [x.slug for x in known.fields if x.required]):
        fields["required"] = required
    slugs = [status.slug for status in known.statuses]
    status: Object = {"enum": [*slugs, None]} if slugs else {"type": ["string", "null"]}
    people = [person.id for person in known.people]
    person: Object = (
        {"enum": [*people, None]} if people else {"type": ["integer", "null"]}
    )
    properties = {
        "fields": fields,
        Attribute.STATUS.value: status,
        Attribute.ASSIGNED_PERSON.value: person,
        Attribute.EXTERNAL_ID.value: {"type": ["string", "null"], "maxLength": 255},
    }
    hidden = {each.value for each in frozenset(Attribute) - known.attributes}
    shown = {name: each for name, each in properties.items() if name not in hidden}
    found = _object(shown, [])
    return found | {"additionalProperties": view is None}


def _value(field: Field) -> Object:
    kind = type_named(field.type)
    slugs = [option.slug for option in field.options]
    known: Object = dict(kind.json_schema(field))
    if field.type in _CHOICES:
        known = {"enum": slugs} if slugs else dict(_TEXT)
    if field.type == "multi_select":
        known = {"type": "array", "items": known}
    example: Object = (
        {} if field.type in _CHOICES else {"examples": [kind.example(field)]}
    )
    described = {"title": field.label, **example, "anyOf": [known, {"type": "null"}]}
    return known | {"title": field.label} if field.required else described


def _reading() -> dict[str, Object]:
    numbers = ("page", "per_page", "total", "total_pages")
    pagination: Object = dict.fromkeys(numbers, _COUNT)
    campaign = {"id": _ID, "name": _TEXT, "slug": _TEXT, "country": _TEXT}
    meta = _object({"schema_version": _TEXT, "cursor": _TEXT, "watermark": _MOMENT})
    return {
        "Pagination": _object(pagination),
        "LeadAlone": _object({"data": ref("Lead")}),
        "LeadPage": _object(
            {"data": _list("Lead"), "pagination": ref("Pagination"), "meta": meta},
            ["data", "pagination"],
        ),
        "ExportLine": {"anyOf": [ref("Lead"), ref("ExportEnd")]},
        "ExportEnd": _object(
            {"_end": {"const": True}, "count": _COUNT, "digest": _TEXT, "cursor": _TEXT}
        ),
        "Campaign": _object({**campaign, "schema_version": _TEXT}),
        "CampaignAlone": _object({"data": ref("Campaign")}),
        "CampaignPage": _object(
            {"data": _list("Campaign"), "pagination": ref("Pagination")}
        ),
        "SchemaAlone": _object({"data": _schema()}),
        "TokenAlone": _object({"data": _token()}),
    }


def _following() -> dict[str, Object]:
    told = {"id": _ID, "version": _ID}
    removal = {"op": {"const": "remove"}, **told, "reason": _TEXT, "at": _MOMENT}
    end = {"cursor": _TEXT, "has_more": {"type": "boolean"}}
    return {
        "Upsert": _object({"op": {"const": "upsert"}, **told, "lead": ref("Lead")}),
        "Removal": _object({**removal, "merged_into": _ID}, list(removal)),
        "SchemaChange": _object({"op": {"const": "schema"}, "schema_version": _TEXT}),
        "Change": {"anyOf": [ref(x) for x in ("Upsert", "Removal", "SchemaChange")]},
        "ChangePage": _object(
            {
                "data": _list("Change"),
                **end,
                "up_to_date": {"type": "boolean"},
                "count": _COUNT,
                "digest": _TEXT,
            },
            ["data", *end, "up_to_date"],
        ),
        "Digest": _object(
            {
                "count": _COUNT,
                "digest": _TEXT,
                "cursor": _TEXT,
                "bucket": _COUNT,
                "buckets": {"type": "array", "items": _ANY},
                "data": {"type": "array", "items": _object(told)},
            },
            ["count", "digest", "cursor"],
        ),
    }


def _writing() -> dict[str, Object]:
    items: Object = {"type": "array", "items": ref("NewLead"), "maxItems": 1_000}
    atomic: Object = {"type": "boolean", "default": False}
    result: Object = {
        "index": _COUNT,
        "status": _COUNT,
        "lead": ref("Lead"),
        "code": _TEXT,
        "errors": {"type": "array", "items": _ANY},
    }
    return {
        "Batch": _object(
            {"leads": items | {"minItems": 1}, "atomic": atomic}, ["leads"]
        ),
        "BatchItem": _object(result, ["index", "status"]),
        "BatchResult": _object({"data": _list("BatchItem")}),
        "Merge": _object({"into": _ID}),
    }


def _problem() -> Object:
    """Describe a problem (RFC 9457) with what the hub adds to it."""
    one = {
        "code": _TEXT,
        "message": _TEXT,
        "parameter": _TEXT,
        "pointer": _TEXT,
        "value": {"type": ["string", "null"]},
        "allowed": {"type": "array", "items": _TEXT},
        "did_you_mean": {"type": ["string", "null"]},
    }
    texts = ("type", "title", "detail", "code", "request_id", "message")
    told: Object = dict.fromkeys(texts, _TEXT)
    errors = {"type": "array", "items": _object(one, ["code", "message"])}
    return _object({**told, "status": _COUNT, "errors": errors})


def _schema() -> Object:
    option = _object({"slug": _TEXT, "label": _TEXT})
    options: Object = {"type": "array", "items": option}
    field = {
        "slug": _TEXT,
        "label": _TEXT,
        "type": _TEXT,
        "required": {"type": "boolean"},
        "filter_name": _TEXT,
        "operators": {"type": "array", "items": _TEXT},
    }
    status = {
        "slug": _TEXT,
        "label": _TEXT,
        "type": _TEXT,
        "default": {"type": "boolean"},
    }
    about = {"campaign_id": _ID, "name": _TEXT, "slug": _TEXT, "country": _TEXT}
    return _object(
        {
            **about,
            "version": _TEXT,
            "fields": {
                "type": "array",
                "items": _object({**field, "options": options}, list(field)),
            },
            "statuses": {"type": "array", "items": _object(status)},
        }
    )


def _token() -> Object:
    return _object(
        {
            "token": _ANY,
            "account": _object({"slug": _TEXT, "name": _TEXT}),
            "campaigns": _list("Campaign"),
            "filter": {"type": ["object", "null"]},
            "fields": {"type": ["array", "null"], "items": _TEXT},
            "limits": _ANY,
        }
    )


def _object(properties: Object, required: list[str] | None = None) -> Object:
    """Describe an object; all its properties are required unless some are named."""
    needed = list(properties) if required is None else required
    found: Object = {"type": "object", "properties": properties}
    return found | ({"required": needed} if needed else {})


def _list(name: str) -> Object:
    return {"type": "array", "items": ref(name)}
