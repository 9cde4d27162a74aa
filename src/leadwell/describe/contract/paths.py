"""The paths of OpenAPI: operations with their parameters, bodies and answers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leadwell.describe.contract import examples, headers, schemas, values
from leadwell.describe.contract.parts import LEAD_ERRORS, Answer, Operation, Parameter
from leadwell.describe.contract.values import ref
from leadwell.describe.reader import Reader
from leadwell.errors import InvalidLead, title_of
from leadwell.model.campaign import Campaign
from leadwell.model.slug import RESERVED
from leadwell.schema.question import name_asked
from leadwell.schema.subjects import SHORTCUTS, Subject, subjects

Object = dict[str, Any]
ID_MAX = 10**15 - 1
LABEL_CHARACTERS_MAX = 120
"""Longer labels are cut where they stand in a sentence."""
NAMES_MAX = 100
"""How many campaigns of an account are named in words."""
SOME_DAY = "2025-01-01"
_PUNCTUATION = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]<>()#+-.!|~&\"'=:/^$%@"})


def plain(label: str) -> str:
    """Write somebody's text so that Markdown shows it and makes nothing of it."""
    short = " ".join(label.split())
    if len(short) > LABEL_CHARACTERS_MAX:
        short = f"{short[:LABEL_CHARACTERS_MAX]}…"
    return short.translate(_PUNCTUATION)


def paths(
    operations: Sequence[Operation], reader: Reader, statuses: Mapping[str, int]
) -> Object:
    """Describe every operation under its path."""
    writing = _Paths(operations, reader, statuses)
    found: dict[str, Object] = {}
    for each in operations:
        held = found.setdefault(each.path, {})
        if "{" in each.path:
            held["parameters"] = list(_in_path(each.path, reader))
        held[each.method.lower()] = writing.operation(each)
    return found


def conditions(reader: Reader) -> Iterator[tuple[str, str, Object, str]]:
    """Yield every condition: its name, meaning, schema, and a value that it takes."""
    view = reader.view or schemas.NO_CAMPAIGN
    for name, each in SHORTCUTS.items():
        meaning = f"{each.label} {each.operator.summary}."
        yield name, meaning, values.MOMENT, SOME_DAY
    for subject in _subjects(view):
        for operator in subject.type.operators:
            described = values.compared(subject, operator)
            if described is not None:
                meaning = f"{plain(subject.field.label)} {operator.summary}."
                text = values.example(subject, operator)
                yield name_asked(subject, operator), meaning, described, text


def _subjects(view: Campaign) -> Iterator[Subject]:
    yield from dict(subjects(view)).values()
    # A field of a reserved name is reached by its longer one.
    for field in view.fields:
        if field.slug in RESERVED:
            yield Subject(field.id, field)


def shared_parameters(reader: Reader) -> dict[str, Object]:
    """Describe the conditions once: four operations take them."""
    return {
        _component(name): _parameter(name, "query", meaning, described)
        for name, meaning, described, _ in conditions(reader)
    }


def settings(operation: Operation, reader: Reader) -> Iterator[Parameter]:
    """Yield the parameters that are no conditions, with the names of the campaign."""
    for each in operation.parameters:
        yield each if reader.view is None else _named(each, reader.view)


def _component(name: str) -> str:
    return name.replace("[", ".").replace("]", "")


def _named(parameter: Parameter, view: Campaign) -> Parameter:
    known = {"_sort": values.sort_keys, "_fields": values.parts}
    describe = known.get(parameter.name)
    if describe is None:
        return parameter
    described = describe(view)
    first = described["items"]["enum"][-1:]
    return Parameter(
        parameter.name,
        parameter.meaning,
        described,
        parameter.where,
        first[0] if first else None,
    )


def _in_path(path: str, reader: Reader) -> Iterator[Object]:
    number: Object = {"type": "integer", "minimum": 1, "maximum": ID_MAX}
    if "{campaign_id}" in path:
        known = [each.id for each in reader.campaigns]
        yield _parameter(
            "campaign_id",
            "path",
            _campaigns(reader),
            # Those that are not described may be asked for as well.
            number | ({"enum": known} if known and not reader.more else {}),
        )
    if "{lead_id}" in path:
        yield _parameter("lead_id", "path", "The lead.", number)


def _campaigns(reader: Reader) -> str:
    if not reader.campaigns:
        return "The campaign."
    shown = reader.campaigns[:NAMES_MAX]
    told = "; ".join(f"{each.id}: {plain(each.name)}" for each in shown)
    more = reader.campaigns_total - len(shown)
    return f"The campaign. {told}" + (f"; and {more:,} more" if more else "")


def _parameter(name: str, where: str, meaning: str, described: Object) -> Object:
    found: Object = {"name": name, "in": where, "description": meaning}
    if where == "path":
        found["required"] = True
    if described.get("type") == "array":
        # `source=a,b`, and not the name again for each value.
        found |= {"style": "form", "explode": False}
    return found | {"schema": described}


class _Paths:
    """Describes operations; examples are made once for all of them."""

    def __init__(
        self,
        operations: Sequence[Operation],
        reader: Reader,
        statuses: Mapping[str, int],
    ) -> None:
        self._reader = reader
        self._statuses = statuses
        self._known = {each.id for each in operations}
        self._answers = examples.answers(reader)
        self._bodies = examples.bodies(reader)
        self._csv = examples.text(reader)
        self._conditions = [
            {"$ref": f"#/components/parameters/{_component(name)}"}
            for name, *_ in conditions(reader)
        ]

    def operation(self, each: Operation) -> Object:
        found: Object = {
            "operationId": each.id,
            "tags": [each.tag],
            "summary": each.summary,
            "description": each.meaning,
            "parameters": [_set(x) for x in settings(each, self._reader)],
            "responses": {
                **{f"{x.status}": self._answer(x) for x in each.answers},
                **_refusals(each, self._statuses),
            },
        }
        if each.takes_conditions:
            found["parameters"] += self._conditions
        if each.body:
            example = self._bodies[each.body]
            content = {"schema": ref(each.body), "example": example}
            body = {"required": True, "content": {"application/json": content}}
            found["requestBody"] = body
        return found

    def _answer(self, answer: Answer) -> Object:
        found: Object = {
            "description": answer.meaning,
            "headers": headers.of_answer(answer),
        }
        if name := answer.schema:
            found["content"] = {x: self._content(x, name) for x in answer.types}
        links = {
            each.name: {
                "operationId": each.operation_id,
                "parameters": {each.parameter: each.where}
                | ({"campaign_id": "$request.path.campaign_id"}),
            }
            for each in answer.onward
            if each.operation_id in self._known
        }
        return found | ({"links": links} if links else {})

    def _content(self, kind: str, name: str) -> Object:
        if kind.startswith("text/"):
            return {"schema": {"type": "string"}, "example": self._csv}
        if kind.startswith("application/vnd."):
            return {"schema": {"type": "string", "format": "binary"}}
        return {"schema": ref(name), "example": self._answers[name]}


def _set(parameter: Parameter) -> Object:
    found = _parameter(
        parameter.name, parameter.where, parameter.meaning, parameter.schema
    )
    if parameter.example is not None:
        is_list = parameter.schema.get("type") == "array"
        example = parameter.example
        found["example"] = [example] if is_list else example
    return found


def _refusals(operation: Operation, statuses: Mapping[str, int]) -> Object:
    """Describe the problems of each status, by their permanent codes."""
    by_status: dict[int, list[str]] = {}
    for error in operation.errors:
        by_status.setdefault(statuses[error.code], []).append(error.code)
    if InvalidLead in operation.errors:
        by_status[statuses[InvalidLead.code]] += [each.code for each in LEAD_ERRORS]
    return {
        f"{status}": {
            "description": "; ".join(f"`{code}`: {title_of(code)}" for code in codes),
            "headers": headers.of_problem(status),
            "content": {"application/problem+json": {"schema": ref("Problem")}},
        }
        for status, codes in sorted(by_status.items())
    }
