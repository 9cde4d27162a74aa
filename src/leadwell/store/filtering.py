"""A lead query as SQL: every condition, the searched words and the order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from leadwell.model.campaign import Campaign, Column
from leadwell.model.grant import LeadQuery
from leadwell.model.query import Condition, FieldRef, Search
from leadwell.schema.operators import CONTAINS, Operator
from leadwell.schema.subjects import Subject, subject_of
from leadwell.schema.times import microseconds
from leadwell.store.connection import Dialect

_AND = "\n           AND "
_ALWAYS = "1 = 1"
_MOMENTS = (Column.CREATED_AT, Column.UPDATED_AT)


@dataclass(slots=True)
class Clause:
    """Part of a statement, and the values it binds."""

    sql: str
    params: dict[str, Any] = field(default_factory=dict[str, Any])

    def bind(self, value: Any) -> str:
        """Bind a value and return the name that stands for it."""
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f":{name}"


def where(dialect: Dialect, campaign: Campaign, query: LeadQuery) -> Clause:
    """Write which leads match; the campaign always comes first."""
    tests: list[Condition | Search] = [*query.conditions]
    if query.search is not None:
        tests.append(query.search)
    return every(dialect, campaign, tests)


def every(
    dialect: Dialect, campaign: Campaign, tests: Iterable[Condition | Search]
) -> Clause:
    """Write which leads of a campaign pass all the tests."""
    clause = Clause("", {"campaign_id": campaign.id})
    parts = ["lead.campaign_id = :campaign_id"]
    for test in tests:
        if isinstance(test, Search):
            parts.append(_searched(dialect, test, clause))
        else:
            parts.append(_compared(dialect, campaign, test, clause))
    clause.sql = _AND.join(parts)
    return clause


def seen_and_asked(
    dialect: Dialect, campaign: Campaign, query: LeadQuery
) -> tuple[str, str, dict[str, Any]]:
    """Write which leads the token may see, which of them were asked for, and values."""
    clause = Clause("", {"campaign_id": query.campaign_id})
    seen = [_compared(dialect, campaign, c, clause) for c in query.forced]
    asked = [_compared(dialect, campaign, c, clause) for c in query.asked]
    return (
        _AND.join(seen) or _ALWAYS,
        _AND.join(asked) or _ALWAYS,
        clause.params,
    )


def order(dialect: Dialect, campaign: Campaign, query: LeadQuery) -> str:
    """Write a total order: empty values last either way, `id` always the last key."""
    return ", ".join([*_keys(dialect, campaign, query), "lead.id"])


def _keys(dialect: Dialect, campaign: Campaign, query: LeadQuery) -> Iterator[str]:
    for key in query.sort:
        subject = subject_of(campaign, key.field)
        if subject is None:
            continue
        column = _held(dialect, subject, on_key=subject.type.sorts_by == "key")
        if not isinstance(key.field, Column):
            yield f"({column} IS NULL)"
        yield f"{column} DESC" if key.descending else column


def _compared(
    dialect: Dialect, campaign: Campaign, condition: Condition, clause: Clause
) -> str:
    subject = subject_of(campaign, condition.field)
    operator = subject.operator(condition.operator) if subject else None
    if subject is None or operator is None:
        # A condition that no longer means anything must never widen what is seen.
        return "1 = 0"
    held = _held(dialect, subject, on_key=operator.on_key)
    values = (_asked(subject, operator, value) for value in condition.values)
    tests = [operator.sql.format(held=held, asked=clause.bind(v)) for v in values]
    either = f"({' OR '.join(tests)})" if tests else "(1 = 0)"
    return f"({either} IS NOT TRUE)" if operator.is_negated else either


def _searched(dialect: Dialect, search: Search, clause: Clause) -> str:
    texts = [clause.bind(CONTAINS.bound(word)) for word in search.words]
    fields = (dialect.held("keys", ref, is_number=False) for ref in search.fields)
    tests = (
        " AND ".join(CONTAINS.sql.format(held=held, asked=text) for text in texts)
        for held in fields
    )
    return f"({' OR '.join(f'({test})' for test in tests) or '1 = 0'})"


def _held(dialect: Dialect, subject: Subject, *, on_key: bool) -> str:
    ref: FieldRef = subject.ref
    if isinstance(ref, Column):
        return f"lead.{ref.value}"
    column = "keys" if on_key else "fields"
    return dialect.held(column, ref, is_number=subject.type.is_number)


def _asked(subject: Subject, operator: Operator, value: Any) -> Any:
    if operator.sees_absence:
        return operator.bound(value)
    if subject.ref in _MOMENTS:
        return microseconds(value)
    if operator.on_key:
        return operator.bound(subject.type.key(value))
    return operator.bound(subject.type.stored(value))
