"""What a lead holds as a form shows it, and what was typed there as a submission."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import msgspec
from starlette.datastructures import FormData

from leadwell.admin.words import Words
from leadwell.errors import InvalidLead, LeadwellError, Problem
from leadwell.model.campaign import Attribute, Campaign, Field
from leadwell.model.lead import JSON
from leadwell.schema import submission, times
from leadwell.schema.fields import type_named
from leadwell.schema.subjects import FIELD_PREFIX
from leadwell.schema.submission import Submission

PREFIX = "v."
"""What the names of a lead's inputs begin with, so that none is one of ours."""
_ATTRIBUTES = frozenset(attribute.value for attribute in Attribute)
_SECONDS = len("2026-11-29T10:12:00")
Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Input:
    """One thing of a lead, and how it is typed."""

    name: str
    """As the columns of the table and `_fields` name it."""
    label: str
    widget: str
    """textarea, select, checks, json, or a type of HTML's input."""
    texts: tuple[str, ...] = ()
    """What it holds, as a browser sends it; empty: nothing."""
    options: Options = ()
    """What can be chosen: as it is sent, and for people."""
    field: Field | None = None
    """`None`: what every lead has."""
    problem: str = ""

    @property
    def text(self) -> str:
        """What it holds, as one text."""
        return self.texts[0] if self.texts else ""

    @property
    def is_required(self) -> bool:
        """Whether it may not be left empty."""
        return self.field is not None and self.field.required

    @property
    def pointer(self) -> str:
        """Where it stands in a submission (RFC 6901)."""
        return f"/{self.name}" if self.field is None else f"/fields/{self.field.slug}"

    @property
    def labels(self) -> str:
        """What it holds, for people."""
        labels = dict(self.options)
        return ", ".join(labels.get(text, text) for text in self.texts)


def of_lead(said: Words, view: Campaign, lead: Mapping[str, Any]) -> list[Input]:
    """Return everything of a rendered lead that can be edited."""
    status, person = lead["status"], lead["assigned_person"]
    held = {
        "status": (status["slug"],) if status else (),
        "assigned_person": (str(person["id"]),) if person else (),
    }
    return [
        replace(each, texts=held[each.name])
        if each.field is None
        else _holding(said, each, each.field, lead["fields"][each.field.slug])
        for each in empty(said, view)
    ]


def _holding(said: Words, each: Input, field: Field, value: Any) -> Input:
    texts = texts_of(said, field, value)
    # A browser's input for a moment shows none that says its offset.
    is_odd = each.widget == "datetime-local" and texts and texts[0].endswith("Z")
    return replace(each, texts=texts, widget="text" if is_odd else each.widget)


def empty(said: Words, view: Campaign) -> Iterator[Input]:
    """Return the same of a lead that holds nothing yet."""
    statuses = tuple((each.slug, each.label) for each in view.statuses)
    people = tuple((str(each.id), each.name) for each in view.people)
    yield Input("status", said("Status"), "select", options=statuses)
    yield Input("assigned_person", said("Assigned to"), "select", options=people)
    for field in view.fields:
        name = FIELD_PREFIX * (field.slug in _ATTRIBUTES) + field.slug
        options = _options(said, field)
        yield Input(name, field.label, _widget(field), (), options, field)


def typed(form: FormData, inputs: Iterable[Input]) -> list[Input]:
    """Return those of the inputs that a form holds, with what was typed."""
    found: list[Input] = []
    for each in inputs:
        given = [g for g in form.getlist(PREFIX + each.name) if isinstance(g, str)]
        if given and form.get(f"take.{each.name}") != "theirs":
            texts = tuple(normal(text) for text in given if text != "")
            found.append(replace(each, texts=texts))
    return found


def read(
    said: Words, view: Campaign, inputs: Sequence[Input], *, is_new: bool
) -> Submission:
    """Read what was typed, as the API reads a lead; moments by the reader's clock.

    Raises:
        InvalidLead: it breaks the schema; the problems are those of `Input.pointer`.
    """
    given, problems = _given(said, inputs)
    try:
        found = submission.read(view, given, is_new=is_new)
    except InvalidLead as error:
        for problem in error.problems:
            problems.setdefault(problem.pointer, problem)
        raise InvalidLead([*problems.values()]) from error
    if problems:
        raise InvalidLead([*problems.values()])
    return found


def given_of(said: Words, inputs: Sequence[Input]) -> dict[str, JSON]:
    """Write what was typed, and was read without problems, as a submission has it."""
    return _given(said, inputs)[0]


def _given(
    said: Words, inputs: Sequence[Input]
) -> tuple[dict[str, JSON], dict[str | None, Problem]]:
    given: dict[str, JSON] = {}
    fields: dict[str, JSON] = {}
    problems: dict[str | None, Problem] = {}
    for each in inputs:
        try:
            if each.field is not None:
                fields[each.field.slug] = _value(said, each.field, each.texts)
            else:
                given[each.name] = _attribute(each)
        except LeadwellError as error:
            problems[each.pointer] = error.problem(pointer=each.pointer)
    return {**given, "fields": fields}, problems


def with_problems(inputs: Iterable[Input], error: LeadwellError) -> list[Input]:
    """Say each problem at its input."""
    told = {problem.pointer: problem.message for problem in error.problems}
    return [replace(each, problem=told.get(each.pointer, "")) for each in inputs]


def texts_of(said: Words, field: Field, value: Any) -> tuple[str, ...]:
    """Write what a rendered lead holds in a field as a browser sends it."""
    if value is None or value == "":
        return ()
    if field.type == "json":
        return (msgspec.json.format(msgspec.json.encode(value)).decode(),)
    if field.options:
        chosen: list[Any] = value if field.type == "multi_select" else [value]
        return tuple(each["slug"] for each in chosen)
    if field.type == "datetime":
        # A browser's input knows no zone, and shows no more than seconds.
        return (said.local(f"{value[:_SECONDS]}Z"),)
    if isinstance(value, str):
        return (normal(value),)
    return (msgspec.json.encode(value).decode(),)


def normal(text: str) -> str:
    """Write the ends of lines as one character: browsers send two."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _value(said: Words, field: Field, texts: Sequence[str]) -> JSON:
    if field.type == "multi_select":
        return list(texts)
    text = texts[0] if texts else ""
    if field.type == "datetime" and text.strip():
        return times.show(times.read(text.strip(), zone=said.zone))
    if field.type == "json" and text.strip():
        return cast("JSON", type_named("json").parse(field, text))
    if field.type in {"number", "decimal"} and "." not in text:
        # As it is written in Danish: 1200,50.
        return text.strip().replace(",", ".", 1)
    return text if field.type == "long_text" else text.strip()


def _attribute(given: Input) -> JSON:
    if not given.text:
        return None
    if given.name == "assigned_person" and given.text.isdecimal():
        return int(given.text[:15])
    return given.text


def _widget(field: Field) -> str:
    kind = type_named(field.type).widget
    plain = {
        "select-multiple": "checks",
        "checkbox": "select",
        # A browser's own input for numbers drops what it does not understand.
        "number": "decimal",
    }
    if field.type == "decimal":
        return "decimal"
    return plain.get(kind, kind)


def _options(said: Words, field: Field) -> Options:
    if field.type == "boolean":
        return (("true", said("Yes")), ("false", said("No")))
    return tuple((each.slug, each.label) for each in field.options)
