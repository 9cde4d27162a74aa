"""OpenAPI 3.1 of the API: in general, of an account, or of a campaign for a token.

One table of operations, one of headers and one of errors make it, and the campaign's
schema fills it. Nothing is in it that the reader may not see.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from leadwell.describe import schema
from leadwell.describe.build import build
from leadwell.describe.contract import examples, headers, paths, schemas
from leadwell.describe.contract.operations import OPERATIONS, TAGS
from leadwell.describe.contract.parts import Operation
from leadwell.describe.reader import Reader

Object = dict[str, Any]
Pointer = tuple[str, str]
"""A kind of components, and the name of one."""
_POINTER = re.compile(rb'"\$ref":"#/components/(\w+)/([^"/]+)')
Statuses = Mapping[str, int]
"""The HTTP status of every error, by its code."""
HEADERS = {name: each.meaning for name, each in headers.HEADERS.items()}
"""The headers of answers, and what they say."""


def document(reader: Reader, statuses: Statuses) -> Object:
    """Describe the API; to who sees one campaign, with that campaign's own slugs."""
    shown = operations_for(reader)
    used = {each.tag for each in shown}
    found: Object = {
        "openapi": "3.1.1",
        "info": _info(reader),
        "externalDocs": {
            "description": "The same as pages to read.",
            "url": f"{reader.public_url}/docs/",
        },
        "servers": [{"url": reader.public_url, "description": "This hub"}],
        "security": [{"token": []}],
        "tags": [
            {"name": each.name, "description": each.meaning}
            for each in TAGS
            if each.name in used
        ],
        "paths": paths.paths(shown, reader, statuses),
        "components": _components(reader),
    }
    _prune(found)
    return found


def operations_for(reader: Reader) -> list[Operation]:
    """Return the operations that the reader may use."""
    return [each for each in OPERATIONS if reader.may_write or not each.needs_write]


def _info(reader: Reader) -> Object:
    view = reader.view
    about: Object = {
        "title": title(reader),
        "version": build(),
        "description": about_reader(reader),
        "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    }
    return about | ({"x-schema-version": schema.version(view)} if view else {})


def title(reader: Reader) -> str:
    """Name the description by the campaign or account that it is of."""
    whose = reader.view or reader.account
    return f"Leadwell: Leads of {whose.name}" if whose else "Leadwell: Leads"


def about_reader(reader: Reader) -> str:
    """Say for whom the description is, in Markdown."""
    if reader.view is not None:
        words = paths.plain(reader.filter_words)
        return (
            "The API as one token sees it: every slug that it may ask for or send is "
            "in here, and nothing else."
            + (f" It sees leads where {words}." if words else "")
        )
    if reader.campaigns:
        return (
            "The API for several campaigns. With `?campaign=` and an id, this download "
            "describes one of them with its own slugs.\n\n"
        ) + "\n".join(_listed(reader))
    return (
        "The API in general. Downloaded with a token, this description names that "
        "token's own fields, options and statuses."
    )


def _listed(reader: Reader) -> Iterator[str]:
    shown = reader.campaigns[: paths.NAMES_MAX]
    for each in shown:
        yield f"- {each.id}: {paths.plain(each.name)}"
    if more := reader.campaigns_total - len(shown):
        yield f"- and {more:,} more: `GET /v2/campaigns`"


def _components(reader: Reader) -> Object:
    known = schemas.components(reader.view)
    known["Problem"]["examples"] = [examples.problem(reader)]
    return {
        "schemas": known,
        "parameters": paths.shared_parameters(reader),
        "headers": headers.components(),
        "securitySchemes": {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "lw_…",
                "description": "The token that you were given.",
            }
        },
    }


def _prune(found: Object) -> None:
    """Leave out the components that nothing points to."""
    components = found["components"]
    waiting = _pointed(found["paths"])
    used: set[Pointer] = set()
    while waiting - used:
        further = waiting - used
        used |= further
        waiting = {
            x for kind, name in further for x in _pointed(components[kind][name])
        }
    for kind in ("schemas", "parameters", "headers"):
        known = components[kind]
        components[kind] = {x: known[x] for x in known if (kind, x) in used}


def _pointed(part: object) -> set[Pointer]:
    # As text it takes a tenth of the time that a walk takes.
    found = _POINTER.findall(msgspec.json.encode(part))
    return {(kind.decode(), name.decode()) for kind, name in found}
