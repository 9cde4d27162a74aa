"""How a field can be compared, in the words of people; no slug, no brackets."""

from collections.abc import Iterable
from dataclasses import dataclass

from leadwell.admin.words import Words, mark
from leadwell.model.campaign import Campaign, Column
from leadwell.model.query import Condition
from leadwell.schema import times, wording
from leadwell.schema.operators import EXISTS, Operator
from leadwell.schema.subjects import SHORTCUTS, Subject, subject_of

_COLUMNS = {
    Column.STATUS: mark("Status"),
    Column.ASSIGNED_TO: mark("Assigned to"),
    Column.CREATED_AT: mark("Created"),
    Column.UPDATED_AT: mark("Updated"),
    Column.ID: mark("Id"),
}
_PLAIN = {
    "": mark("is"),
    "ne": mark("is not"),
    "in": mark("is one of (a comma between)"),
    "nin": mark("is none of (a comma between)"),
    "gt": mark("is more than"),
    "gte": mark("is at least"),
    "lt": mark("is less than"),
    "lte": mark("is at most"),
    "contains": mark("contains"),
    "starts_with": mark("begins with"),
}
_LIST = {"": mark("is one of"), "ne": mark("is none of")}
_MANY = {"": mark("has one of"), "ne": mark("has none of")}
_TIME = {
    "gt": mark("is after"),
    "gte": mark("is on or after"),
    "lt": mark("is before"),
    "lte": mark("is on or before"),
}
_HAS, _HAS_NOT = mark("has a value"), mark("is empty")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One way to compare a field, as somebody chooses it."""

    key: str
    """The operator's suffix; `exists.true` and `exists.false` are two choices."""
    words: str
    operator: Operator

    @property
    def takes_value(self) -> bool:
        """Whether it compares with something that is given."""
        return self.operator is not EXISTS


def subjects(campaign: Campaign) -> tuple[Subject, ...]:
    """Return what people filter by: each lead's own columns, then the fields."""
    columns = (subject_of(campaign, column) for column in _COLUMNS)
    fields = (Subject(field.id, field) for field in campaign.fields)
    return (*(column for column in columns if column is not None), *fields)


def label(said: Words, subject: Subject) -> str:
    """Name a subject for people."""
    if isinstance(subject.ref, Column):
        return said(_COLUMNS[subject.ref])
    return subject.field.label


def comparisons(
    said: Words, subject: Subject, used: str = ""
) -> tuple[Comparison, ...]:
    """Return the ways to compare a subject, each once.

    A list of values is for texts; of others it is offered where it is `used` already.
    """
    operators = subject.type.operators
    takes_list = any(o.takes_list for o in operators if not o.suffix)
    hidden = {"in", "nin"} if takes_list or not subject.type.is_text else set[str]()
    if not takes_list:
        hidden -= {used}
    found: list[Comparison] = []
    for operator in operators:
        if operator.suffix in hidden or not _is_asked(subject, operator):
            continue
        if operator is EXISTS:
            found.append(Comparison("exists.true", said(_HAS), operator))
            found.append(Comparison("exists.false", said(_HAS_NOT), operator))
        else:
            words = said(_words(subject, operator))
            found.append(Comparison(operator.suffix, words, operator))
    return tuple(found)


def key_of(condition: Condition) -> str:
    """Return which comparison a condition makes."""
    if condition.operator == EXISTS.suffix:
        return "exists.true" if condition.values[0] else "exists.false"
    return condition.operator


def in_words(said: Words, campaign: Campaign, conditions: Iterable[Condition]) -> str:
    """Write conditions as a sentence, in the reader's language."""
    clauses = [
        _clause(said, campaign, subject, operator, condition)
        for subject, operator, condition in wording.understood(campaign, conditions)
    ]
    return said(" and ").join(clauses) or said("every lead")


def _clause(
    said: Words,
    campaign: Campaign,
    subject: Subject,
    operator: Operator,
    condition: Condition,
) -> str:
    name = label(said, subject)
    if operator is EXISTS:
        return f"{name} {said(_HAS if condition.values[0] else _HAS_NOT)}"
    texts = wording.texts(subject, condition, with_labels=True)
    if subject.type.name == "datetime":
        texts = [said.exact(times.read(text)) for text in texts]
    if subject.ref is Column.ASSIGNED_TO:
        people = {str(each.id): each.name for each in campaign.people}
        texts = [people.get(text, text) for text in texts]
    if subject.field.type == "boolean":
        texts = [said("Yes") if text == "true" else said("No") for text in texts]
    words = _words(subject, operator)
    if operator.suffix in {"in", "nin"}:
        words = _LIST["" if operator.suffix == "in" else "ne"]
    if len(texts) == 1 and not operator.on_key:
        words = {_LIST[""]: _PLAIN[""], _LIST["ne"]: _PLAIN["ne"]}.get(words, words)
    return f"{name} {said(words)} {said(' or ').join(texts)}"


def _words(subject: Subject, operator: Operator) -> str:
    if subject.field.type == "multi_select":
        known = _MANY
    elif operator.takes_list:
        known = _LIST
    else:
        known = _TIME if subject.type.name in {"date", "datetime"} else _PLAIN
    return known.get(operator.suffix) or _PLAIN[operator.suffix]


def _is_asked(subject: Subject, operator: Operator) -> bool:
    """Whether a request can ask it, and it makes sense to."""
    if subject.ref in {Column.CREATED_AT, Column.UPDATED_AT}:
        return any(
            shortcut.column is subject.ref and shortcut.operator is operator
            for shortcut in SHORTCUTS.values()
        )
    return not (subject.ref is Column.ID and operator is EXISTS)
