"""An example lead of a campaign, as a token sees it: made of the schema alone.

Nothing in it comes from a lead, and nobody's name stands in it: of the account's
people it shows a number, and a name that is made up.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from leadwell.describe import instance
from leadwell.errors import LeadwellError
from leadwell.model.campaign import (
    Attribute,
    Campaign,
    Column,
    Field,
    Option,
    Person,
    Status,
    StatusType,
)
from leadwell.model.lead import JSON, Lead, Value
from leadwell.model.query import Condition, FieldRef
from leadwell.schema import rendering
from leadwell.schema.fields import type_named
from leadwell.schema.operators import EXISTS
from leadwell.schema.subjects import subject_of

LEAD_ID = 9812
CREATED = datetime(2026, 11, 20, 8, tzinfo=UTC)
UPDATED = datetime(2026, 11, 23, 9, 13, 58, 402117, UTC)
EXTERNAL_ID = "crm-77"
PERSON = Person(17, "Sales One")
FIELDS_SENT = 8
"""How many fields a new lead shows beyond those that it must have."""
_FAMILIAR: Mapping[str, str] = {
    "name": "Jane Doe",
    "full-name": "Jane Doe",
    "first-name": "Jane",
    "last-name": "Doe",
    "company": "Example Ltd",
    "address": "Example Street 1",
    "city": "Aarhus",
}
"""What a field is called says what stands in it."""
_OPTIONS = (Option(1, "website", "Our website"), Option(2, "partner", "A partner"))
CAMPAIGN = Campaign(
    362,
    0,
    "example",
    "an example",
    "DK",
    0,
    fields=(
        Field(1, "name", "Name", "text", required=True),
        Field(2, "email", "E-mail", "email"),
        Field(3, "source", "Source", "select", options=_OPTIONS),
        Field(4, "budget", "Budget", "number"),
    ),
    statuses=(Status(1, "new", "New", type=StatusType.ACTIVE, is_default=True),),
)
"""What the general description shows, where no campaign is described."""


def lead(view: Campaign, forced: Iterable[Condition] = ()) -> dict[str, Any]:
    """Return a lead as the API answers it, with a value in every field.

    Args:
        forced: the token's own filter; the lead lies inside it, as far as the token
            sees what it asks for.
    """
    made = _made(view, tuple(forced))
    people = (Person(made.assigned_to, PERSON.name),) if made.assigned_to else ()
    shown: dict[str, Any] = rendering.as_object(replace(view, people=people), made)
    for attribute in (Attribute.STATUS, Attribute.ASSIGNED_PERSON):
        if attribute not in view.attributes:
            del shown[attribute.value]
    if Attribute.EXTERNAL_ID not in view.attributes:
        del shown["metadata"]["external_id"]
    return shown


def new_lead(view: Campaign, forced: Iterable[Condition] = ()) -> dict[str, Any]:
    """Return a lead as it is sent: what it must have, and some of the rest.

    A required field of the type json whose schema is not to be guessed has `null`.
    """
    forced = tuple(forced)
    made = _made(view, forced)
    bound = {condition.field for condition in forced}
    fields = {
        field.slug: _sent(field, made.values.get(field.id))
        for place, field in enumerate(view.fields)
        if place < FIELDS_SENT or field.required or field.id in bound
    }
    sent: dict[str, Any] = {
        Attribute.STATUS.value: _slug_of(view.statuses, made.status),
        "fields": {
            slug: value
            for slug, value in fields.items()
            if value is not None or view.field_by_slug[slug].required
        },
        Attribute.ASSIGNED_PERSON.value: made.assigned_to,
        Attribute.EXTERNAL_ID.value: EXTERNAL_ID,
    }
    hidden = {each.value for each in frozenset(Attribute) - view.attributes}
    return {
        name: value
        for name, value in sent.items()
        if name not in hidden and value is not None
    }


def sent(field: Field) -> JSON:
    """Return an example of one field's value as it is sent; `None`: there is none."""
    return _sent(field, _value(field))


def _made(view: Campaign, forced: Sequence[Condition]) -> Lead:
    values = {field.id: _fitting(view, field.id, forced) for field in view.fields}
    return Lead(
        campaign_id=view.id,
        id=LEAD_ID,
        version=7,
        status=_fitting(view, Column.STATUS, forced),
        assigned_to=_fitting(view, Column.ASSIGNED_TO, forced),
        created_at=CREATED,
        updated_at=UPDATED,
        values={ref: value for ref, value in values.items() if value is not None},
        external_id=EXTERNAL_ID,
    )


def _fitting(view: Campaign, ref: FieldRef, forced: Sequence[Condition]) -> Any:
    """Return the example that meets all conditions on it, or the best there is."""
    subject = subject_of(view, ref)
    if subject is None:
        return None
    own = _of_column(view, ref) if isinstance(ref, Column) else _value(subject.field)
    asked = [
        (operator, condition.values)
        for condition in forced
        if condition.field == ref
        and (operator := subject.operator(condition.operator)) is not None
    ]
    named = [v for operator, values in asked if operator is not EXISTS for v in values]
    for candidate in (own, *_near(subject.field, named)):
        if all(operator.holds(candidate, values) for operator, values in asked):
            return candidate
    return own


def _of_column(view: Campaign, column: Column) -> int | None:
    if column is Column.STATUS:
        chosen = view.default_status or next(iter(view.statuses), None)
        return chosen.id if chosen else None
    return next((person.id for person in view.people), None)


def _near(field: Field, values: Iterable[Value]) -> Iterator[Any]:
    """Yield what may meet a condition: its value, its neighbours, and nothing."""
    for value in values:
        if field.type == "multi_select":
            yield (value,)
        elif isinstance(value, str):
            yield from _texts(field, value)
        elif isinstance(value, bool):
            yield from (value, not value)
        elif isinstance(value, int | float | Decimal):
            yield from (value, value + 1, value - 1)
        elif isinstance(value, date):
            yield from (value, value + timedelta(days=1), value - timedelta(days=1))
    yield None


def _texts(field: Field, part: str) -> Iterator[Any]:
    """Yield values that hold a text, which alone need not be one of the field's."""
    forms = ("{}", "{} 2", "jane{}", "jane@{}", "{}@example.com", "https://{}")
    kind = type_named(field.type)
    for form in (*forms, "https://example.com/{}"):
        with suppress(LeadwellError):
            yield kind.parse(field, form.format(part))


def _value(field: Field) -> Any:
    kind = type_named(field.type)
    if field.type == "multi_select":
        return tuple(option.id for option in field.options[:1]) or None
    try:
        if isinstance(field.json_schema, dict):
            return kind.read(field, instance.of(field.json_schema))
        familiar = _FAMILIAR.get(field.slug) if field.type == "text" else None
        return kind.parse(field, familiar or kind.example(field))
    except (LeadwellError, OverflowError):
        # A schema may ask for numbers that no float reaches.
        return None


def _sent(field: Field, value: Any) -> JSON:
    if value is None:
        return None
    if field.type == "select":
        return _slug_of(field.options, value)
    if field.type == "multi_select":
        return [option.slug for option in field.options if option.id in value]
    shown: JSON = msgspec.to_builtins(type_named(field.type).show(field, value))
    return shown


def _slug_of(options: Iterable[Option], option_id: int | None) -> str | None:
    return next((each.slug for each in options if each.id == option_id), None)
