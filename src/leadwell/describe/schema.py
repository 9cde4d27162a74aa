"""A campaign's schema as the wire shows it, and as JSON Schema of a lead."""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from leadwell.model.campaign import Attribute, Campaign, Field
from leadwell.model.lead import JSON
from leadwell.schema.fields import type_named
from leadwell.schema.subjects import Subject, name_of

_VERSION_CHARACTERS = 10


def document(view: Campaign) -> dict[str, Any]:
    """Describe the fields, options and statuses that a token may see."""
    return {
        "campaign_id": view.id,
        "name": view.name,
        "slug": view.slug,
        "country": view.country,
        "version": version(view),
        "fields": [_field(field) for field in view.fields],
        "statuses": [
            {
                "slug": status.slug,
                "label": status.label,
                "type": status.type.value,
                "default": status.is_default,
            }
            for status in view.statuses
        ],
    }


def version(view: Campaign) -> str:
    """Name this state of the visible schema; equal names mean equal schemas.

    It is a digest of what the token may see, so that a change of a hidden field
    does not show.
    """
    return view.deriving("version", lambda: _version(view))


def _version(view: Campaign) -> str:
    seen = [
        view.id,
        view.name,
        view.slug,
        view.country,
        [_field(field) for field in view.fields],
        [[s.slug, s.label, s.type.value, s.is_default] for s in view.statuses],
        sorted(attribute.value for attribute in view.attributes),
        [[person.id, person.name] for person in view.people],
    ]
    digest = hashlib.sha256(msgspec.json.encode(seen)).hexdigest()
    return f"k{digest[:_VERSION_CHARACTERS]}"


def lead_schema(view: Campaign, place: str = "#") -> dict[str, Any]:
    """Describe a lead of the campaign as JSON Schema 2020-12.

    Lists of slugs stay open, so that a new option does not break a reader.

    Args:
        place: where the schema will stand in its document: what a field's own schema
            refers to is found from there.
    """
    properties: dict[str, Any] = {
        "id": {"type": "integer", "minimum": 1},
        "status": _nullable(_pair("slug", "string")),
        "fields": {
            "type": "object",
            "properties": {
                field.slug: _described(field, f"{place}/properties/fields/properties")
                for field in view.fields
            },
            "required": [field.slug for field in view.fields],
        },
        "assigned_person": _nullable(_pair("id", "integer", "name")),
        "created_at": {"type": "string", "format": "date-time"},
        "updated_at": {"type": "string", "format": "date-time"},
        "metadata": _metadata(view),
    }
    for attribute in (Attribute.STATUS, Attribute.ASSIGNED_PERSON):
        if attribute not in view.attributes:
            del properties[attribute.value]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A lead of {view.name}",
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def _field(field: Field) -> dict[str, Any]:
    kind = type_named(field.type)
    described: dict[str, Any] = {
        "slug": field.slug,
        "label": field.label,
        "type": kind.name,
        "required": field.required,
        "filter_name": name_of(Subject(field.id, field)),
        "operators": [operator.suffix for operator in kind.operators],
    }
    if field.mask:
        described["masked"] = True
    if field.options or field.type in {"select", "multi_select"}:
        described["options"] = [
            {"slug": option.slug, "label": option.label} for option in field.options
        ]
    if field.json_schema is not None:
        described["json_schema"] = field.json_schema
    return described


def value_schema(field: Field, place: str) -> dict[str, Any]:
    """Describe a field's values, in a document where this stands at `place`.

    A schema that people gave a field refers to its own parts as if it were alone; one
    that names parts of itself otherwise than by their place is not shown.
    """
    if not isinstance(field.json_schema, dict):
        return dict(type_named(field.type).json_schema(field))
    alone = {
        name: part for name, part in field.json_schema.items() if name not in _OF_ALONE
    }
    if _NAMED & set(_keys(alone)):
        return {}
    return {name: _moved(name, part, place) for name, part in alone.items()}


_OF_ALONE = {"$schema", "$id"}
_NAMED = {"$id", "$anchor", "$dynamicAnchor", "$dynamicRef"}
_DATA = {"const", "enum", "default", "examples"}
"""What holds values, in which nothing is a reference."""


def _moved(name: str, part: JSON, place: str) -> JSON:
    if name == "$ref" and isinstance(part, str):
        return place + part.removeprefix("#")
    if isinstance(part, list) and name not in _DATA:
        return [_moved("", each, place) for each in part]
    if isinstance(part, dict) and name not in _DATA:
        return {key: _moved(key, each, place) for key, each in part.items()}
    return part


def _keys(part: JSON) -> Iterator[str]:
    if isinstance(part, dict):
        yield from part
        part = list(part.values())
    for each in part if isinstance(part, list) else ():
        yield from _keys(each)


def _described(field: Field, place: str) -> dict[str, Any]:
    known = value_schema(field, f"{place}/{field.slug}/anyOf/0")
    # What may be anything may be null as well.
    either = {"anyOf": [known, {"type": "null"}]} if known else {}
    return {"title": field.label, **either}


def _metadata(view: Campaign) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "campaign_id": {"const": view.id},
        "version": {"type": "integer", "minimum": 1},
        "external_id": {"type": ["string", "null"]},
        "source_updated_at": {"type": ["string", "null"], "format": "date-time"},
    }
    if Attribute.EXTERNAL_ID not in view.attributes:
        del properties["external_id"]
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def _pair(first: str, kind: str, second: str = "label") -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {first: {"type": kind}, second: {"type": "string"}},
        "required": [first, second],
    }


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}
