"""Write saved conditions for people: as a query string, and as a sentence."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from leadwell.model.campaign import Campaign
from leadwell.model.query import Condition
from leadwell.schema import times
from leadwell.schema.operators import EXISTS, Operator
from leadwell.schema.querystring import encode
from leadwell.schema.question import name_asked
from leadwell.schema.subjects import Subject, subject_of


def as_query(campaign: Campaign, conditions: Iterable[Condition]) -> str:
    """Write conditions as the query string that asks the same."""
    return encode(
        [
            (name_asked(subject, operator), ",".join(texts(subject, condition)))
            for subject, operator, condition in understood(campaign, conditions)
        ]
    )


def in_words(campaign: Campaign, conditions: Iterable[Condition]) -> str:
    """Write conditions as a sentence with labels, for people."""
    clauses = [
        _clause(subject, operator, condition)
        for subject, operator, condition in understood(campaign, conditions)
    ]
    return " and ".join(clauses) or "every lead"


def understood(
    campaign: Campaign, conditions: Iterable[Condition]
) -> list[tuple[Subject, Operator, Condition]]:
    """Return what each condition is about; those on what is gone are left out."""
    found: list[tuple[Subject, Operator, Condition]] = []
    for condition in conditions:
        subject = subject_of(campaign, condition.field)
        operator = subject.operator(condition.operator) if subject else None
        if subject and operator:
            found.append((subject, operator, condition))
    return found


def _clause(subject: Subject, operator: Operator, condition: Condition) -> str:
    label = subject.field.label
    if operator is EXISTS:
        return f"{label} {'has a value' if condition.values[0] else 'is empty'}"
    said = texts(subject, condition, with_labels=True)
    summary = operator.summary.removesuffix(", or is empty")
    if len(said) == 1:
        summary = {"is one of": "is", "is none of": "is not"}.get(summary, summary)
    return f"{label} {summary} {' or '.join(said)}"


def texts(
    subject: Subject, condition: Condition, *, with_labels: bool = False
) -> list[str]:
    """Write the values of a condition as a query string has them, or with labels."""
    return [
        _text(subject, value, with_labels=with_labels) for value in condition.values
    ]


def _text(subject: Subject, value: Any, *, with_labels: bool) -> str:
    option = subject.field.option_by_id.get(value) if subject.field.options else None
    if option is not None:
        return option.label if with_labels else option.slug
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return times.show(value)
    return value.isoformat() if isinstance(value, date) else f"{value}"
