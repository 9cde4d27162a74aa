"""What one value looks like: in a lead that is sent, and in a condition."""

from typing import Any

from leadwell.describe.contract.parameters import SWITCH
from leadwell.describe.schema import value_schema
from leadwell.model.campaign import Campaign, Field
from leadwell.schema.fields import type_named
from leadwell.schema.fields.text import TEXT_CHARACTERS_MAX
from leadwell.schema.operators import EXISTS, Operator
from leadwell.schema.question import VALUES_MAX
from leadwell.schema.question.selection import SORT_KEYS_MAX, sortable
from leadwell.schema.subjects import Subject

Object = dict[str, Any]
CHOICES = frozenset({"select", "multi_select"})
NULL: Object = {"type": "null"}
MOMENT: Object = {
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "date"},
    ]
}
"""Either is read; a date alone is its midnight."""
_TEXT: Object = {"type": "string", "minLength": 1, "maxLength": TEXT_CHARACTERS_MAX}


def ref(name: str) -> Object:
    """Point to one of the schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def options_of(field: Field) -> str:
    """Return the name of the schema that lists a field's slugs."""
    return "StatusSlug" if field.id == 0 else f"{field.slug}-option"


def slugs(field: Field) -> Object:
    """List the slugs of a field's options: closed, for a wrong one is refused."""
    return {
        "type": "string",
        "title": field.label,
        "enum": [option.slug for option in field.options],
    }


def sent(field: Field, place: str) -> Object:
    """Describe what may be sent for a field, in a document where this is at `place`.

    `null` empties a field that need not be there.
    """
    known = _sent(field, f"{place}/anyOf/0")
    if not field.required:
        return {"title": field.label, **({"anyOf": [known, NULL]} if known else {})}
    known = _sent(field, place) | {"title": field.label}
    if field.type == "json":
        # What is empty does not do.
        return known | {"not": {"enum": [None, "", []]}}
    if field.type == "multi_select":
        return known | {"minItems": 1}
    return known | ({"minLength": 1} if known.get("type") == "string" else {})


def _sent(field: Field, place: str) -> Object:
    if field.type not in CHOICES:
        return value_schema(field, place)
    # A field all of whose options are hidden can only be emptied.
    one: Object = ref(options_of(field)) if field.options else {"not": {}}
    return {"type": "array", "items": one} if field.type == "multi_select" else one


def compared(subject: Subject, operator: Operator) -> Object | None:
    """Describe what a condition compares with; `None`: nothing can be asked."""
    if operator is EXISTS:
        return SWITCH
    one = _compared(subject, operator)
    if one is None or not operator.takes_list:
        return one
    if "pattern" in one:
        # A comma stands between two values.
        one |= {"not": {"pattern": ","}}
    elif one.get("type") == "string":
        one |= {"pattern": "^[^,]+$"}
    return {"type": "array", "items": one, "minItems": 1, "maxItems": VALUES_MAX}


def _compared(subject: Subject, operator: Operator) -> Object | None:
    field, kind = subject.field, subject.type
    if field.type in CHOICES:
        if field.options:
            return ref(options_of(field))
        # Of no campaign at all the statuses are not known; a field has none to ask.
        return None if field.id else dict(_TEXT)
    if kind.is_text and operator.on_key:
        return dict(_TEXT)
    if field.type == "datetime":
        return MOMENT
    one: Object = dict(kind.json_schema(field))
    return one | ({"minLength": 1} if one.get("type") == "string" else {})


def sort_keys(view: Campaign) -> Object:
    """Describe `_sort`: the names of this campaign, either way round."""
    keys = [sign + name for name in sortable(view) for sign in ("", "-")]
    items: Object = {"type": "string", "enum": keys}
    return {"type": "array", "items": items, "minItems": 1, "maxItems": SORT_KEYS_MAX}


def parts(view: Campaign) -> Object:
    """Describe `_fields`: what an answer can be cut down to."""
    names = [*view.field_by_slug, *sorted(each.value for each in view.attributes)]
    items: Object = {"type": "string", "enum": list(dict.fromkeys(names))}
    return {"type": "array", "items": items, "minItems": 1}


def example(subject: Subject, operator: Operator) -> str:
    """Return a text that the condition accepts."""
    if operator is EXISTS:
        return "true"
    return type_named(subject.field.type).example(subject.field)
