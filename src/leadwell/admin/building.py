"""A filter as people build it: in any form, `builder.html` shows what stands here.

A form holds a row for each condition, `c.0.about`, `c.0.is`, `c.0.value`; what shall be
added, `c.about`; the same as a query, `c.query`, which counts where it was changed;
and buttons named `c.do`. A form is meant to be carried out only if its own button was
pressed; otherwise it is shown again, in its new shape.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import ImmutableMultiDict

from leadwell.admin import comparing
from leadwell.admin.comparing import Comparison
from leadwell.admin.words import Words, mark
from leadwell.errors import LeadwellError, MalformedValue, TooMany
from leadwell.model.campaign import Campaign, Column
from leadwell.model.query import Condition
from leadwell.schema import querystring, question, wording
from leadwell.schema.question import name_asked
from leadwell.schema.subjects import Subject

Form = ImmutableMultiDict[str, Any]
ROWS_MAX = 20
"""To so many a condition can be added; what has more already keeps them all."""
SENT_MAX = 1_000
"""Rows of a form that are looked for: one that is passed over would widen a filter."""
CHECKBOXES_MAX = 12
"""Up to so many options are shown at once; more are a list that scrolls."""
QUERY_CHARACTERS_MAX = 6_000
_OFFSET = re.compile(r"(?:[Zz]|[+\- ]\d\d:\d\d)\Z", re.ASCII)
"""The end of a moment that says by itself where it is."""


@dataclass(frozen=True, slots=True)
class Row:
    """One condition, as far as it is given."""

    subject: Subject
    label: str
    comparisons: tuple[Comparison, ...]
    options: tuple[tuple[str, str], ...]
    """What can be chosen: as a request has it, and for people."""
    operator: str
    """The key of one of the comparisons."""
    values: tuple[str, ...] = ()
    problem: str = ""
    is_new: bool = False

    @property
    def about(self) -> str:
        """What it is about, as the form has it: a field's id, or a column."""
        return str(self.subject.ref)

    @property
    def chosen(self) -> Comparison:
        """How it compares."""
        known = {each.key: each for each in self.comparisons}
        return known.get(self.operator) or self.comparisons[0]

    @property
    def is_complete(self) -> bool:
        """Whether a value is given where one is needed."""
        return not self.chosen.takes_value or any(self.values)

    @property
    def widget(self) -> str:
        """How a value is given: `checks`, `list`, or a type of HTML's input."""
        if self.options:
            return "checks" if len(self.options) <= CHECKBOXES_MAX else "list"
        kind = self.subject.type.widget
        is_list = self.chosen.key in {"in", "nin"} or self.chosen.operator.takes_list
        is_fine = kind == "datetime-local" and len(self.value) > len(
            "2026-11-29T10:12:00.123"
        )
        is_fine = is_fine or (kind == "datetime-local" and self.value.endswith("Z"))
        known = kind in {"date", "datetime-local", "number"}
        return kind if known and not is_list and not is_fine else "text"

    @property
    def value(self) -> str:
        """What is given, as one text."""
        return ",".join(self.values)

    @property
    def is_by_clock(self) -> bool:
        """Whether it is about moments, of which one has no offset."""
        is_asked = self.subject.type.name == "datetime" and self.chosen.takes_value
        return is_asked and not all(map(_OFFSET.search, self.value.split(",")))

    @property
    def pair(self) -> tuple[str, str]:
        """The same as a parameter of a request."""
        name = name_asked(self.subject, self.chosen.operator)
        is_asked = self.chosen.takes_value
        return name, self.value if is_asked else self.chosen.key.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Built:
    """What the builder shows."""

    rows: tuple[Row, ...]
    subjects: tuple[tuple[str, str], ...]
    """What can be added: as the form has it, and for people."""
    query: str
    """All complete rows as a request has them, or what was typed instead."""
    problem: str = ""
    """What is wrong with the query that was typed, or with no row alone."""
    zone: str = "UTC"
    """By whose clock moments are that have no offset."""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The complete rows as parameters of a request."""
        return _pairs(self.rows, self.zone)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problem and not any(row.problem for row in self.rows)

    def refused(self, said: Words, error: LeadwellError) -> "Built":
        """Show each problem at the row that it is about, and the others above."""
        told = {p.parameter: p.message for p in error.problems if p.parameter}
        rows = tuple(
            replace(row, problem=told.pop(row.pair[0], row.problem))
            for row in self.rows
        )
        rest = [*told.values()] if error.problems else [error.detail]
        return replace(self, rows=rows, problem=". ".join(map(said.refusal, rest)))


def shown(
    said: Words, campaign: Campaign, conditions: Iterable[Condition] = ()
) -> Built:
    """Show conditions that there are already."""
    rows = tuple(
        replace(
            _row(said, campaign, subject, comparing.key_of(condition)),
            values=tuple(_texts(said, subject, condition)),
        )
        for subject, _, condition in wording.understood(campaign, conditions)
    )
    return _built(said, campaign, rows)


def read(said: Words, campaign: Campaign, form: Form) -> Built:
    """Show what a form holds, after what its button does to it."""
    query = _text(form, "c.query")
    if query != _text(form, "c.was"):
        return typed(said, campaign, query)
    rows = tuple(_rows(said, campaign, form))
    added = _added(said, campaign, form)
    if added is not None and len(rows) < ROWS_MAX:
        rows = (*rows, added)
    built = _built(said, campaign, rows)
    if added is not None and added not in rows:
        return replace(built, problem=said("A filter has at most 20 conditions."))
    if _has_lost(campaign, form):
        # Without that condition it would match more than somebody has seen.
        text = mark("A field of the filter is gone. Look at what is left of it.")
        return replace(built, problem=said(text))
    return built


def checked(
    said: Words, campaign: Campaign, built: Built, *, is_final: bool
) -> tuple[Built, tuple[Condition, ...]]:
    """Read the conditions; where some are refused, they are shown and none returned.

    `is_final`: a row without a value is a problem, and so is a filter without rows.
    """
    if is_final:
        missing = said("A value is missing.")
        built = replace(
            built,
            rows=tuple(
                row if row.is_complete else replace(row, problem=missing)
                for row in built.rows
            ),
        )
        if not built.rows and not built.problem:
            built = replace(built, problem=said("Add at least one condition."))
    try:
        found = question.conditions(campaign, built.pairs)
    except LeadwellError as error:
        return built.refused(said, error), ()
    return built, found if built.is_sound else ()


def conditions_of(campaign: Campaign, query: str) -> tuple[Condition, ...]:
    """Read conditions from the text of a query.

    Raises:
        LeadwellError: they cannot be understood.
    """
    if len(query) > QUERY_CHARACTERS_MAX:
        raise TooMany("the query is too long", hint=f"at most {QUERY_CHARACTERS_MAX:,}")
    try:
        raw = query.strip().removeprefix("?").encode()
    except UnicodeEncodeError:
        raise MalformedValue("the query has half a character") from None
    return question.conditions(campaign, querystring.decode(raw))


def typed(said: Words, campaign: Campaign, query: str) -> Built:
    """Show the conditions of a query; one that cannot be read is shown as it is."""
    try:
        return shown(said, campaign, conditions_of(campaign, query))
    except LeadwellError as error:
        told = [p.message for p in error.problems] or [error.detail]
        problem = ". ".join(map(said.refusal, told))
        return replace(_built(said, campaign, ()), query=query, problem=problem)


def _rows(said: Words, campaign: Campaign, form: Form) -> Iterator[Row]:
    known = {str(each.ref): each for each in comparing.subjects(campaign)}
    for number in range(SENT_MAX):
        subject = known.get(_text(form, f"c.{number}.about"))
        if subject is None or form.get("c.do") == f"drop.{number}":
            continue
        row = _row(said, campaign, subject, _text(form, f"c.{number}.is"))
        given = [each for each in form.getlist(f"c.{number}.value") if each]
        values = tuple(text.strip() for text in given if isinstance(text, str))
        yield replace(row, values=values)


def _has_lost(campaign: Campaign, form: Form) -> bool:
    known = {"", *(str(each.ref) for each in comparing.subjects(campaign))}
    return any(
        _text(form, f"c.{number}.about") not in known
        for number in range(SENT_MAX)
        if form.get("c.do") != f"drop.{number}"
    )


def _added(said: Words, campaign: Campaign, form: Form) -> Row | None:
    if form.get("c.do") != "add":
        return None
    known = {str(each.ref): each for each in comparing.subjects(campaign)}
    subject = known.get(_text(form, "c.about"))
    if subject is None:
        return None
    return replace(_row(said, campaign, subject, ""), is_new=True)


def _row(said: Words, campaign: Campaign, subject: Subject, operator: str) -> Row:
    comparisons = comparing.comparisons(said, subject, operator)
    known = [each.key for each in comparisons]
    # `in` of a select says the same as `is one of`.
    twin = {"in": "", "nin": "ne"}.get(operator, known[0])
    key = operator if operator in known else twin
    return Row(
        subject=subject,
        label=comparing.label(said, subject),
        comparisons=comparisons,
        options=_options(said, campaign, subject),
        operator=key if key in known else known[0],
    )


def _options(
    said: Words, campaign: Campaign, subject: Subject
) -> tuple[tuple[str, str], ...]:
    if subject.ref is Column.ASSIGNED_TO:
        return tuple((str(each.id), each.name) for each in campaign.people)
    if subject.field.type == "boolean":
        return (("true", said("Yes")), ("false", said("No")))
    return tuple((each.slug, each.label) for each in subject.field.options)


def _texts(said: Words, subject: Subject, condition: Condition) -> Iterator[str]:
    for text in wording.texts(subject, condition):
        if subject.field.type != "datetime":
            yield text
            continue
        yield said.local(text)


def _built(said: Words, campaign: Campaign, rows: tuple[Row, ...]) -> Built:
    names = tuple(
        (str(each.ref), comparing.label(said, each))
        for each in comparing.subjects(campaign)
    )
    query = querystring.encode(_pairs(rows, said.zone_name))
    return Built(rows, names, query, zone=said.zone_name)


def _pairs(rows: Iterable[Row], zone: str) -> list[tuple[str, str]]:
    given = [row for row in rows if row.is_complete]
    pairs = [row.pair for row in given]
    if zone != "UTC" and any(row.is_by_clock for row in given):
        pairs.append(("_tz", zone))
    return pairs


def _text(form: Form, name: str) -> str:
    given = form.get(name, "")
    return given.strip() if isinstance(given, str) else ""
