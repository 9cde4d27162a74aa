"""Requests to copy: URLs whose conditions the reader's own schema understands."""

from collections.abc import Iterator

from leadwell.describe.examples.values import TEXTS
from leadwell.model.campaign import Campaign, Column
from leadwell.schema import querystring
from leadwell.schema.operators import CONTAINS, EXISTS, OPERATORS, STARTS_WITH, Operator
from leadwell.schema.question import name_asked
from leadwell.schema.subjects import Subject, name_of, subjects

Pair = tuple[str, str]
CHOICES = frozenset({"select", "multi_select"})
JSON_TYPE = '-H "Content-Type: application/json"'
SOME_TIME_AGO = "2025-01-01"
_PARTS = {CONTAINS.suffix: "an", STARTS_WITH.suffix: "ja"}


def curl(url: str, *options: str) -> str:
    """Write a command that asks with the reader's token, one option a line.

    Without `-g`, curl reads the brackets of `budget[gte]` as a list of its own.
    """
    header = '-H "Authorization: Bearer $LEADWELL_TOKEN"'
    return " \\\n  ".join([f'curl -g "{url}"', header, *options])


def with_body(body: str) -> tuple[str, str]:
    """Write the options that send a body."""
    quoted = body.replace("'", "'\\''")
    return JSON_TYPE, f"-d '{quoted}'"


def query(*pairs: Pair) -> str:
    """Write parameters as they stand in a URL."""
    return querystring.encode(list(pairs))


def condition(view: Campaign) -> Pair:
    """Return a first condition: on a select, a status, or what every lead has."""
    return next(conditions(view))


def conditions(view: Campaign) -> Iterator[Pair]:
    """Return conditions on different things; the last is one that no lead lacks."""
    # A list with a single option is most likely what the token's filter left of it.
    by_choice = sorted(choices(view), key=lambda each: len(each.field.options) < 2)
    for subject in by_choice:
        yield name_of(subject), subject.field.options[0].slug
    yield "created_after", SOME_TIME_AGO


def choices(view: Campaign) -> list[Subject]:
    """Return the status and the selects that have something to choose."""
    found = [subject for _, subject in subjects(view)]
    return [each for each in found if each.field.options and each.type.name == "select"]


def asked(subject: Subject, operator: Operator) -> Pair:
    """Return a condition on something, with a value that is understood."""
    return name_asked(subject, operator), _value(subject, operator)


def by_operator(view: Campaign) -> Iterator[tuple[Operator, Pair]]:
    """Return a condition for each operator that something in the schema allows."""
    told: set[Pair] = set()
    for operator in OPERATORS:
        key = (operator.suffix, operator.summary)
        subject = next(_allowing(view, key), None)
        if subject is not None and key not in told:
            told.add(key)
            yield operator, asked(subject, operator)


def _allowing(view: Campaign, key: Pair) -> Iterator[Subject]:
    # The campaign's own fields tell more than the columns that every lead has.
    by_kind = sorted(subjects(view), key=lambda each: isinstance(each[1].ref, Column))
    for _, subject in by_kind:
        operators = ((each.suffix, each.summary) for each in subject.type.operators)
        if key in operators and is_askable(subject):
            yield subject


def is_askable(subject: Subject) -> bool:
    """Whether there is a value to ask for: a list may have no option left."""
    return subject.field.type not in CHOICES or bool(subject.field.options)


def _value(subject: Subject, operator: Operator) -> str:
    if operator is EXISTS:
        return "true"
    if operator.suffix in _PARTS:
        return _PARTS[operator.suffix]
    slugs = [option.slug for option in subject.field.options]
    if slugs and operator.takes_list:
        return ",".join(slugs[:2])
    # A field's own example may be its label, which can be long and hold commas.
    text = TEXTS.get(subject.type.name)
    if text is None:
        return subject.type.example(subject.field)
    return f"{text},John Roe" if operator.takes_list else text
