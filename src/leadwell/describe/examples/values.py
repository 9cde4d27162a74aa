"""What pages show of leads: as much as one reads, and whether it may be sent so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET

from leadwell.describe import example
from leadwell.errors import InvalidLead
from leadwell.model.campaign import Attribute, Campaign, Column, Field
from leadwell.model.grant import Grant
from leadwell.model.lead import JSON, Lead
from leadwell.model.query import Condition
from leadwell.schema import submission
from leadwell.schema.matching import matches

TEXTS = {"text": "Jane Doe", "long_text": "A new roof and new windows"}
"""Any text is a value of these types."""
FIELDS_MAX = 12
"""More fields than that make an example that nobody reads."""
SENT_MAX = 4


@dataclass(frozen=True, slots=True)
class Sent:
    """A lead to send, and whether the token may send it as it stands."""

    body: dict[str, JSON]
    fits: bool


def lead(view: Campaign, grant: Grant | None = None) -> dict[str, Any]:
    """Return a lead as it is answered, with the first fields of the schema."""
    return example.lead(_cut(view, FIELDS_MAX), _forced(grant))


def new_lead(view: Campaign, grant: Grant | None = None) -> Sent:
    """Return a lead to send, without a name of the sender's own."""
    forced = _forced(grant)
    named = {condition.field for condition in forced}
    needed = [each.id for each in view.fields if each.required or each.id in named]
    plain = [each.id for each in view.fields if each.type != "json"]
    chosen = {*needed, *plain[:SENT_MAX]}
    fields = tuple(each for each in view.fields if each.id in chosen)
    people = view.people if Column.ASSIGNED_TO in named else ()
    body = example.new_lead(replace(view, fields=fields, people=people), forced)
    body.pop(Attribute.EXTERNAL_ID.value, None)
    return Sent(body, _fits(view, forced, body))


def answered(view: Campaign, field: Field) -> JSON:
    """Return a value as an answer shows it; `None`: none can be told."""
    alone: JSON = example.lead(replace(view, fields=(field,)))["fields"][field.slug]
    return alone


def _cut(view: Campaign, most: int) -> Campaign:
    return replace(view, fields=view.fields[:most])


def _forced(grant: Grant | None) -> tuple[Condition, ...]:
    return grant.forced if grant else ()


def _fits(
    view: Campaign, forced: Iterable[Condition], body: Mapping[str, JSON]
) -> bool:
    """Whether the hub would take it: it follows the schema, and lies in the filter."""
    try:
        read = submission.read(view, body)
    except InvalidLead:
        return False
    default = view.default_status.id if view.default_status else None
    made = Lead(
        campaign_id=view.id,
        id=example.LEAD_ID,
        version=1,
        status=default if read.status is UNSET else read.status,
        assigned_to=None if read.assigned_to is UNSET else read.assigned_to,
        created_at=example.CREATED,
        updated_at=example.CREATED,
        values={ref: value for ref, value in read.values.items() if value is not None},
    )
    return matches(view, forced, made)
