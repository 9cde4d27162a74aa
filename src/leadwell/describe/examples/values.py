"""Leads as examples: one as it is answered, and one as it may be sent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from leadwell.errors import InvalidLead, LeadwellError
from leadwell.model.campaign import Attribute, Campaign, Column, Field
from leadwell.model.grant import Grant
from leadwell.model.lead import JSON, Lead, Value
from leadwell.model.query import Condition, FieldRef
from leadwell.schema import rendering, submission, times
from leadwell.schema.fields import type_named
from leadwell.schema.matching import matches
from leadwell.schema.subjects import subject_of

TEXTS = {"text": "Jane Doe", "long_text": "A new roof and new windows"}
"""Any text is a value of these types."""
FIELDS_MAX = 12
"""More fields than that make an example that nobody reads."""
SENT_MAX = 4
LEAD_ID = 9812
EXTERNAL_ID = "crm-77"
_CREATED_AT = times.read("2026-11-20T08:00:00Z")
_UPDATED_AT = times.read("2026-11-23T09:13:58.402117Z")
_JSON: tuple[JSON, ...] = ([], {}, "", 0, True)
"""Small values of JSON, one of which a field's own schema may allow."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A lead to send, and whether the token may send it as it stands."""

    body: dict[str, JSON]
    fits: bool


def lead(view: Campaign, grant: Grant | None = None) -> dict[str, Any]:
    """Return a lead as it is answered, with the first fields of the schema."""
    forced = grant.forced if grant else ()
    fields = view.fields[:FIELDS_MAX]
    held = {each.id: _value(view, each, forced) for each in fields}
    person = view.people[0].id if view.people else None
    made = _made(view, held, _status(view, forced), person)
    shown: dict[str, Any] = rendering.as_object(view, made)
    shown["fields"] = {each.slug: shown["fields"][each.slug] for each in fields}
    if Attribute.EXTERNAL_ID not in view.attributes:
        del shown["metadata"]["external_id"]
    for attribute in (Attribute.STATUS, Attribute.ASSIGNED_PERSON):
        if attribute not in view.attributes:
            del shown[attribute.value]
    return shown


def new_lead(view: Campaign, grant: Grant | None = None) -> Sent:
    """Return a lead to send: inside the token's own filter, as far as can be told."""
    forced = grant.forced if grant else ()
    held = {each.id: _value(view, each, forced) for each in _to_send(view, forced)}
    fields: dict[str, JSON] = {
        each.slug: _given(each, held[each.id])
        for each in view.fields
        if held.get(each.id) is not None
    }
    body: dict[str, JSON] = {"fields": fields}
    status, default = _status(view, forced), view.default_status
    if status is not None and (default is None or default.id != status):
        body = {"status": view.status_by_id[status].slug, **body}
    person = _first(view, Column.ASSIGNED_TO, (None, *view.person_by_id), forced)
    if isinstance(person, int):
        body["assigned_person"] = person
    made = _made(view, held, status, person if isinstance(person, int) else None)
    return Sent(body, _is_taken(view, body) and matches(view, forced, made))


def answered(field: Field) -> JSON:
    """Return a value as an answer shows it; `None`: none can be told."""
    value = _read_any(field)
    return None if value is None else type_named(field.type).show(field, value)


def _to_send(view: Campaign, forced: Iterable[Condition]) -> list[Field]:
    """Return what is required, what the filter asks for, and a little more."""
    named = {condition.field for condition in forced}
    needed = [each for each in view.fields if each.required or each.id in named]
    plain = [each for each in view.fields if each.type != "json"]
    others = [each for each in plain if each not in needed]
    return [*needed, *others[: max(0, SENT_MAX - len(needed))]]


def _made(
    view: Campaign, held: Mapping[int, Value], status: int | None, person: int | None
) -> Lead:
    return Lead(
        campaign_id=view.id,
        id=LEAD_ID,
        version=7,
        status=status,
        assigned_to=person,
        created_at=_CREATED_AT,
        updated_at=_UPDATED_AT,
        values={ref: value for ref, value in held.items() if value is not None},
    )


def _status(view: Campaign, forced: Iterable[Condition]) -> int | None:
    """Return the default, unless the filter asks for another one."""
    default = view.default_status
    ids = [*([default.id] if default else []), *view.status_by_id]
    found = _first(view, Column.STATUS, ids, forced)
    return found if isinstance(found, int) else None


def _value(view: Campaign, field: Field, forced: Iterable[Condition]) -> Value:
    """Return a value that the filter lets through, or the plain example."""
    own = _read_any(field)
    near = (
        each
        for condition in forced
        if condition.field == field.id
        for value in condition.values
        for each in _near(value)
    )
    candidates: list[Value] = [own, *near, None]
    if field.type == "multi_select":
        # A condition names one option, and a lead holds several.
        candidates = [(x,) if isinstance(x, int) else x for x in candidates]
    found = _first(view, field.id, candidates, forced)
    return own if found is None and field.required else found


def _first(
    view: Campaign,
    ref: FieldRef,
    candidates: Iterable[Value],
    forced: Iterable[Condition],
) -> Value:
    """Return the first one that all conditions on it hold for."""
    subject = subject_of(view, ref)
    asked = [each for each in forced if each.field == ref]
    operators = [subject.operator(each.operator) if subject else None for each in asked]
    for candidate in candidates:
        if all(
            operator is not None and operator.holds(candidate, condition.values)
            for operator, condition in zip(operators, asked, strict=True)
        ):
            return candidate
    return None


def _near(value: Value) -> Iterator[Value]:
    """Return a value that a condition names, and its neighbours."""
    yield value
    if isinstance(value, datetime | date):
        yield value + timedelta(days=1)
        yield value - timedelta(days=1)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        yield value + 1
        yield value - 1


def _read_any(field: Field) -> Value:
    """Read an example of the field; `None`: what its own schema allows is not known."""
    kind = type_named(field.type)
    for text in _JSON if field.type == "json" else (_text(field),):
        try:
            return kind.read(field, text)
        except LeadwellError:
            continue
    return None


def _text(field: Field) -> str:
    # A text's own example is its label, which would be read as one here.
    return TEXTS.get(field.type) or type_named(field.type).example(field)


def _given(field: Field, value: Value) -> JSON:
    """Write a value as a lead is sent with it: options by their slugs."""
    if isinstance(value, tuple):
        return [field.option_by_id[each].slug for each in value]
    if field.type == "select" and isinstance(value, int):
        return field.option_by_id[value].slug
    return type_named(field.type).show(field, value)


def _is_taken(view: Campaign, body: Mapping[str, JSON]) -> bool:
    try:
        submission.read(view, body)
    except InvalidLead:
        return False
    return True
