"""What conditions mean, in Python: the oracle of the SQL, and the guard of writes."""

from collections.abc import Iterable

from leadwell.model.campaign import Campaign, Column
from leadwell.model.lead import Lead, Value
from leadwell.model.query import Condition, FieldRef, Search
from leadwell.schema.subjects import subject_of


def matches(campaign: Campaign, conditions: Iterable[Condition], lead: Lead) -> bool:
    """Whether all the conditions hold for the lead; none at all hold for every lead."""
    return all(_holds(campaign, condition, lead) for condition in conditions)


def contains_words(search: Search, lead: Lead) -> bool:
    """Whether one of the searched fields contains every word, case folded."""
    texts = (str(lead.values.get(ref, "")).casefold() for ref in search.fields)
    return any(all(word in text for word in search.words) for text in texts)


def held(lead: Lead, ref: FieldRef) -> Value:
    """Return what the lead holds there; `None` when it is empty."""
    if not isinstance(ref, Column):
        return lead.values.get(ref)
    return {
        Column.ID: lead.id,
        Column.STATUS: lead.status,
        Column.ASSIGNED_TO: lead.assigned_to,
        Column.CREATED_AT: lead.created_at,
        Column.UPDATED_AT: lead.updated_at,
    }[ref]


def _holds(campaign: Campaign, condition: Condition, lead: Lead) -> bool:
    subject = subject_of(campaign, condition.field)
    operator = subject.operator(condition.operator) if subject else None
    # A condition that no longer means anything must never widen what is seen.
    return operator is not None and operator.holds(
        held(lead, condition.field), condition.values
    )
