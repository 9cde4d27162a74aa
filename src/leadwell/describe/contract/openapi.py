"""OpenAPI 3.1 of the API, in general or of one campaign as one token sees it."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version as version_of
from typing import Any

from leadwell.describe import schema
from leadwell.describe.contract import schemas
from leadwell.describe.contract.operations import OPERATIONS
from leadwell.describe.contract.parts import (
    LEAD_ERRORS,
    Answer,
    Operation,
    Parameter,
)
from leadwell.describe.reader import Reader
from leadwell.errors import InvalidLead, title_of
from leadwell.model.campaign import Campaign
from leadwell.schema.subjects import SHORTCUTS, subjects

Object = dict[str, Any]
Statuses = Mapping[str, int]
"""The HTTP status of every error, by its code."""
HEADERS = {
    "ETag": "Names this state; send it back as If-None-Match.",
    "Leadwell-Cursor": "Where the change feed goes on after this answer.",
    "Leadwell-Watermark": "What to send as updated_after next time.",
    "Leadwell-Snapshot": "The run that this page belongs to, or `lost`.",
    "Leadwell-Schema-Version": "Changes with the visible schema.",
    "Leadwell-Count": "How many leads the export brings.",
    "Link": "Where the pages around this one are (RFC 8288).",
    "Location": "Where the lead is.",
}
"""The headers of answers, and what they say."""


def document(reader: Reader, statuses: Statuses) -> Object:
    """Describe the API; to who sees one campaign, with that campaign's own slugs."""
    view = reader.view
    shown = [each for each in OPERATIONS if reader.may_write or not each.needs_write]
    return {
        "openapi": "3.1.1",
        "info": _info(view),
        "servers": [{"url": reader.public_url}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(x.tag for x in shown)],
        "paths": _paths(shown, statuses, view),
        "components": {
            "schemas": schemas.components(view),
            "headers": {
                name: {"description": meaning, "schema": {"type": "string"}}
                for name, meaning in HEADERS.items()
            },
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token that you were given: lw_…",
                }
            },
        },
    }


def _info(view: Campaign | None) -> Object:
    name = f"Leads of {view.name}" if view else "Leads"
    about = {"title": f"Leadwell: {name}", "version": version_of("leadwell")}
    if view is None:
        return about | {"description": "A token's own description names its slugs."}
    return about | {"x-schema-version": schema.version(view)}


def _paths(
    operations: Sequence[Operation], statuses: Statuses, view: Campaign | None
) -> Object:
    paths: dict[str, Object] = {}
    for each in operations:
        held = paths.setdefault(each.path, {})
        if "{" in each.path:
            held["parameters"] = list(_in_path(each.path, view))
        held[each.method.lower()] = _operation(each, statuses, view)
    return paths


def _in_path(path: str, view: Campaign | None) -> Iterator[Object]:
    number: Object = {"type": "integer", "minimum": 1}
    if "{campaign_id}" in path:
        known = number if view is None else number | {"enum": [view.id]}
        yield _parameter("campaign_id", "path", "The campaign.", known)
    if "{lead_id}" in path:
        yield _parameter("lead_id", "path", "The lead.", number)


def _operation(each: Operation, statuses: Statuses, view: Campaign | None) -> Object:
    found: Object = {
        "operationId": each.id,
        "tags": [each.tag],
        "summary": each.summary,
        "description": each.meaning,
        "parameters": [*map(_known, each.parameters)],
        "responses": {
            **{f"{answer.status}": _answer(answer) for answer in each.answers},
            **_refusals(each, statuses),
        },
    }
    if each.takes_conditions:
        found["parameters"] += _conditions(view)
    if each.body:
        content = {"application/json": {"schema": schemas.ref(each.body)}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _known(parameter: Parameter) -> Object:
    found = _parameter(
        parameter.name, parameter.where, parameter.meaning, parameter.schema
    )
    if parameter.example is not None:
        found["example"] = parameter.example
    return found


def _parameter(name: str, where: str, meaning: str, described: Object) -> Object:
    found: Object = {"name": name, "in": where, "description": meaning}
    if where == "path":
        found["required"] = True
    if described.get("type") == "array":
        # `source=a,b`, and not the name again for each value.
        found |= {"style": "form", "explode": False}
    return found | {"schema": described}


def _conditions(view: Campaign | None) -> list[Object]:
    """Describe a parameter for each field and operator; in general, what all have."""
    found = [
        _parameter(name, "query", f"{each.label} {each.operator.summary}", _MOMENT)
        for name, each in SHORTCUTS.items()
    ]
    for name, subject in subjects(view or schemas.NO_CAMPAIGN):
        for operator in subject.type.operators:
            full = f"{name}[{operator.suffix}]" if operator.suffix else name
            meaning = f"{subject.field.label} {operator.summary}"
            described = schemas.asked(subject, operator)
            found.append(_parameter(full, "query", meaning, described))
    return found


_MOMENT: Object = {"type": "string", "examples": ["2025-01-01", "2025-01-01T08:00:00Z"]}


def _answer(answer: Answer) -> Object:
    found: Object = {"description": answer.meaning}
    if answer.headers:
        found["headers"] = {
            name: {"$ref": f"#/components/headers/{name}"} for name in answer.headers
        }
    if answer.schema:
        found["content"] = {
            kind: {
                "schema": {"type": "string"}
                if kind.startswith("text/")
                else schemas.ref(answer.schema)
            }
            for kind in answer.types
        }
    return found


def _refusals(operation: Operation, statuses: Statuses) -> Object:
    """Describe the problems of each status, by their permanent codes."""
    by_status: dict[int, list[str]] = {}
    for error in operation.errors:
        by_status.setdefault(statuses[error.code], []).append(error.code)
    if InvalidLead in operation.errors:
        by_status[statuses[InvalidLead.code]] += [each.code for each in LEAD_ERRORS]
    return {
        f"{status}": {
            "description": "; ".join(f"`{code}`: {title_of(code)}" for code in codes),
            "content": {"application/problem+json": {"schema": schemas.ref("Problem")}},
        }
        for status, codes in sorted(by_status.items())
    }
