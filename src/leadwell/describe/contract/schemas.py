"""The schemas of the API's bodies: in general, or of one campaign as a token sees it.

Slugs are closed lists where they are sent, for a wrong one is refused, and open ones
where they are received, for a new option must not break a client made from this.
"""

from typing import Any

from leadwell.describe import example, schema
from leadwell.describe.contract import bodies
from leadwell.describe.contract.values import (
    CHOICES,
    NULL,
    options_of,
    ref,
    sent,
    slugs,
)
from leadwell.model.campaign import Attribute, Campaign, Column, Field
from leadwell.schema.subjects import subject_of
from leadwell.schema.submission import EXTERNAL_ID_CHARACTERS_MAX

Object = dict[str, Any]
NO_CAMPAIGN = Campaign(0, 0, "any", "any campaign", "DK", 0)
"""Stands in where no campaign is described: it has no field and no status."""
_ANY: Object = {"type": "object"}
_PLACE = "#/components/schemas"
_TOLERATED = (
    "What is understood besides: a number or a boolean as text, several slugs as one "
    "text with commas, an option or a person as the object that a lead shows, and an "
    "empty text or list for `null`."
)


def components(view: Campaign | None) -> dict[str, Object]:
    """Return every schema by its name."""
    known = view or NO_CAMPAIGN
    return {
        "Lead": _lead(view),
        "NewLead": _given(view, is_new=True),
        "LeadChange": _given(view, is_new=False),
        **{options_of(field): slugs(field) for field in _with_options(known)},
        **bodies.components(),
    }


def _with_options(known: Campaign) -> list[Field]:
    status = subject_of(known, Column.STATUS)
    fields = [*known.fields, *([status.field] if status else [])]
    return [field for field in fields if field.options]


def _lead(view: Campaign | None) -> Object:
    found = schema.lead_schema(view or NO_CAMPAIGN, f"{_PLACE}/Lead")
    del found["$schema"]
    properties = found["properties"]
    # `_fields` asks for fewer of them: what may be left out is not required.
    found["required"] = ["id", "fields", "created_at", "updated_at", "metadata"]
    properties["metadata"]["required"] = ["campaign_id", "version"]
    if view is None:
        properties["fields"] = _ANY
        properties["metadata"]["properties"]["campaign_id"] = bodies.ID
        return found | {"title": "A lead", "examples": [example.lead(example.CAMPAIGN)]}
    del properties["fields"]["required"]
    for field in view.fields:
        if field.type in CHOICES and field.options:
            properties["fields"]["properties"][field.slug] = _shown(field)
    return found


def _shown(field: Field) -> Object:
    """Describe an option as a lead shows it; a slug that is new is one too."""
    slug: Object = {"anyOf": [ref(options_of(field)), bodies.TEXT]}
    one = bodies.described({"slug": slug, "label": bodies.TEXT})
    known = {"type": "array", "items": one} if field.type == "multi_select" else one
    return {"title": field.label, "anyOf": [known, NULL]}


def _given(view: Campaign | None, *, is_new: bool) -> Object:
    """Describe a lead as it is sent."""
    known = view or NO_CAMPAIGN
    people = [person.id for person in known.people]
    person: Object = {"type": "integer", "enum": people} if people else bodies.ID
    nobody = NULL if view is not None and not people else None
    external_id: Object = {"type": "string", "maxLength": EXTERNAL_ID_CHARACTERS_MAX}
    fields = _fields(view, "NewLead" if is_new else "LeadChange", is_new=is_new)
    properties: dict[str, Object] = {
        "fields": fields,
        Attribute.STATUS.value: _status(view),
        Attribute.ASSIGNED_PERSON.value: nobody or {"anyOf": [person, NULL]},
        Attribute.EXTERNAL_ID.value: {"anyOf": [external_id, NULL]},
    }
    hidden = {each.value for each in frozenset(Attribute) - known.attributes}
    shown = {name: each for name, each in properties.items() if name not in hidden}
    # What must be in it makes it something that must be there.
    found = bodies.described(shown, ["fields"] if fields.get("required") else [])
    title = "A new lead" if is_new else "What to change of a lead"
    more = {"title": title, "description": _TOLERATED}
    return more | found | {"additionalProperties": view is None}


def _status(view: Campaign | None) -> Object:
    if view is not None and not view.statuses:
        return NULL
    return {"anyOf": [ref("StatusSlug") if view else bodies.TEXT, NULL]}


def _fields(view: Campaign | None, name: str, *, is_new: bool) -> Object:
    if view is None:
        return dict(_ANY)
    place = f"{_PLACE}/{name}/properties/fields/properties"
    known = {x.slug: sent(x, f"{place}/{x.slug}") for x in view.fields}
    required = [x.slug for x in view.fields if x.required] if is_new else []
    return bodies.described(known, required) | {"additionalProperties": False}
