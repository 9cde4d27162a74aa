"""A Postman collection (2.1) and its environment.

Run from top to bottom it harms nothing: it changes, merges and deletes only what it has
added itself. What is optional is there, but switched off. All ids are made from the
names of the operations, so that importing it again brings no copies.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

import msgspec

from leadwell.describe.contract import bodies, examples, openapi, paths
from leadwell.describe.contract.operations import TAGS
from leadwell.describe.contract.parameters import LIST_CURSOR
from leadwell.describe.contract.parts import Answer, Operation, Parameter
from leadwell.describe.reader import Reader

Object = dict[str, Any]
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
CONDITIONS_MAX = 300
"""Of more conditions only the plain ones are there: nobody scrolls through them."""
SAVED_BYTES_MAX = 4_096
"""A larger example answer is not saved with its request."""
_NAMESPACE = UUID("3b1d2f60-5c1e-5f0a-9d53-6c61a4a6c1d7")
_LEAD_OF: Mapping[str, str] = {
    "showLead": "leadId",
    "changeLead": "addedId",
    "mergeLead": "otherId",
    "removeLead": "addedId",
}
"""Which lead a request is about: a variable that an earlier request has set."""
_VALUES: Mapping[str, str] = {
    "_cursor": "{{cursor}}",
    "_snapshot": "none",
    "Idempotency-Key": "{{$guid}}",
    "If-Match": '"1"',
    "If-None-Match": 'W/"0f3c9a7be1d2"',
}
_AFTERWARDS: Mapping[str, Sequence[str]] = {
    "listLeads": (
        "const first = pm.response.json().data[0];",
        'if (first) pm.collectionVariables.set("leadId", first.id);',
    ),
    "listChanges": (
        'pm.collectionVariables.set("cursor", pm.response.json().cursor);',
    ),
    "exportLeads": (
        'const lines = pm.response.text().trim().split("\\n");',
        'pm.test("ends with its count", () => {',
        "  const end = JSON.parse(lines.pop());",
        "  pm.expect(end._end).to.eql(true);",
        "  pm.expect(end.count).to.eql(lines.length);",
        "});",
    ),
    "addLead": (
        "if (pm.response.code === 201) {",
        '  pm.collectionVariables.set("addedId", pm.response.json().data.id);',
        "}",
    ),
    "addLeads": (
        "const item = pm.response.json().data[0];",
        'pm.test("was added", () => pm.expect(item.status).to.eql(201));',
        'if (item.status === 201) pm.collectionVariables.set("otherId", item.lead.id);',
    ),
    "mergeLead": ('pm.collectionVariables.unset("otherId");',),
    "removeLead": ('pm.collectionVariables.unset("addedId");',),
}
"""What a request keeps for later ones, or lets go of."""


def collection(reader: Reader) -> Object:
    """Describe what the reader may do as a collection, in an order that runs."""
    shown = openapi.operations_for(reader)
    writing = _Items(reader)
    return {
        "info": {
            "_postman_id": _id("collection", _whose(reader)),
            "name": openapi.title(reader),
            "description": _about(reader),
            "schema": SCHEMA,
        },
        "item": [
            {
                "id": _id("folder", tag.name),
                "name": tag.name,
                "description": tag.meaning,
                "item": [writing.item(x) for x in shown if x.tag == tag.name],
            }
            for tag in TAGS
            if any(x.tag == tag.name for x in shown)
        ],
        "auth": {
            "type": "bearer",
            "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}],
        },
        "variable": [
            {"key": "baseUrl", "value": reader.public_url},
            {"key": "campaignId", "value": f"{reader.campaign_id}"},
        ],
    }


def environment(reader: Reader) -> Object:
    """Describe the collection's variables; the token is for its reader to enter."""
    return {
        "id": _id("environment", _whose(reader)),
        "name": openapi.title(reader),
        "values": [
            _variable("baseUrl", reader.public_url),
            _variable("token", "", "secret"),
            _variable("campaignId", f"{reader.campaign_id}"),
        ],
        "_postman_variable_scope": "environment",
    }


def _about(reader: Reader) -> str:
    return (
        f"{openapi.about_reader(reader)}\n\n"
        "Enter your token as the variable `token` of the environment. Optional "
        "parameters are there, but switched off. A run of the whole collection changes "
        "and deletes only leads that it has added itself."
    )


def _variable(key: str, value: str, kind: str = "default") -> Object:
    return {"key": key, "value": value, "type": kind, "enabled": True}


def _whose(reader: Reader) -> str:
    known = ",".join(f"{each.id}" for each in reader.campaigns)
    return f"{reader.public_url} {known}"


def _id(kind: str, name: str) -> str:
    return str(uuid5(_NAMESPACE, f"{kind} {name}"))


class _Items:
    """Writes requests; what all of them share is made once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._answers = examples.answers(reader)
        self._bodies = dict(examples.bodies(reader))
        new = self._bodies["NewLead"]
        # A lead that is known by its name would be changed, and then deleted.
        self._bodies["NewLead"] = {x: y for x, y in new.items() if x != "external_id"}
        self._conditions = _conditions(reader)

    def item(self, each: Operation) -> Object:
        request = self._request(each)
        events = [("test", _tests(each))]
        if lead := _LEAD_OF.get(each.id):
            events.insert(0, ("prerequest", _only_with(lead)))
        return {
            "id": _id("request", each.id),
            "name": each.summary,
            "event": [_event(when, lines) for when, lines in events],
            "request": request,
            "response": list(self._saved(each, request)),
        }

    def _request(self, each: Operation) -> Object:
        known = list(paths.settings(each, self._reader))
        headers = [_setting(x) for x in known if x.where == "header"]
        query = [_setting(x) for x in known if x.where == "query"]
        query += self._conditions if each.takes_conditions else []
        request: Object = {
            "method": each.method,
            "header": headers,
            "url": _url(each, query),
            "description": each.meaning,
        }
        if each.body:
            json = {"key": "Content-Type", "value": "application/json"}
            request["header"] = [json, *headers]
            request["body"] = self._body(each.body)
        return request

    def _body(self, name: str) -> Object:
        text = _inert(_pretty(self._bodies[name]))
        if name == "Merge":
            text = '{\n  "into": {{addedId}}\n}'
        options = {"raw": {"language": "json"}}
        return {"mode": "raw", "raw": text, "options": options}

    def _saved(self, each: Operation, request: Object) -> Iterator[Object]:
        for answer in each.answers:
            if answer.schema is None:
                continue
            text = _pretty(self._answers[answer.schema])
            if len(text.encode()) > SAVED_BYTES_MAX:
                continue
            asked: Object = {"method": request["method"], "url": _url(each, [])}
            yield {
                "id": _id("example", f"{each.id} {answer.status}"),
                "name": answer.meaning,
                "originalRequest": asked,
                "code": answer.status,
                "status": "Created" if answer.status == 201 else "OK",
                "_postman_previewlanguage": "json",
                "header": [{"key": "Content-Type", "value": answer.types[0]}],
                "body": text,
            }


def _conditions(reader: Reader) -> list[Object]:
    found = list(paths.conditions(reader))
    if len(found) > CONDITIONS_MAX:
        found = [each for each in found if "[" not in each[0]]
    return [
        {"key": name, "value": _inert(value), "description": meaning, "disabled": True}
        for name, meaning, _, value in found
    ]


def _setting(parameter: Parameter) -> Object:
    return {
        "key": parameter.name,
        "value": _value(parameter),
        "description": parameter.meaning,
        "disabled": True,
    }


def _value(parameter: Parameter) -> str:
    described = parameter.schema
    if described.get("type") == "boolean":
        return "true"
    known = parameter.example or _VALUES.get(parameter.name)
    if parameter is LIST_CURSOR:
        known = "start"
    choices = described.get("enum", ())
    default = described.get("default", described.get("minimum", ""))
    return f"{known or next(iter(choices), default)}"


def _url(each: Operation, query: list[Object]) -> Object:
    path = each.path.replace("{", ":").replace("}", "")
    named = {"campaign_id": "{{campaignId}}", "lead_id": ""}
    named["lead_id"] = f"{{{{{_LEAD_OF.get(each.id, 'leadId')}}}}}"
    url: Object = {
        "raw": f"{{{{baseUrl}}}}{path}",
        "host": ["{{baseUrl}}"],
        "path": path.removeprefix("/").split("/"),
        "variable": [
            {"key": name, "value": value}
            for name, value in named.items()
            if f"{{{name}}}" in each.path
        ],
    }
    return url | ({"query": query} if query else {})


def _event(when: str, lines: list[str]) -> Object:
    return {"listen": when, "script": {"type": "text/javascript", "exec": lines}}


def _only_with(variable: str) -> list[str]:
    return [
        f"// An earlier request of this collection sets `{variable}`; without it there",
        "// is nothing to ask.",
        f'if (!pm.collectionVariables.get("{variable}")) pm.execution.skipRequest();',
    ]


def _tests(each: Operation) -> list[str]:
    expected = [x for x in each.answers if x.status != 304]
    codes = ", ".join(f"{x.status}" for x in expected)
    return [
        f'pm.test("answers {codes}", () => {{',
        f"  pm.expect(pm.response.code).to.be.oneOf([{codes}]);",
        "});",
        *_shape(expected[0]),
        *_AFTERWARDS.get(each.id, ()),
    ]


def _shape(answer: Answer) -> Iterator[str]:
    if answer.schema is None:
        yield 'pm.test("has no body", () => pm.expect(pm.response.text()).to.eql(""));'
        return
    yield f'pm.test("is {answer.types[0]}", () => {{'
    yield '  const type = pm.response.headers.get("Content-Type");'
    yield f'  pm.expect(type).to.include("{answer.types[0]}");'
    yield "});"
    known = bodies.components()
    required = known[answer.schema].get("required", ())
    if required:
        yield 'pm.test("has the shape that is described", () => {'
        yield "  const body = pm.response.json();"
        for name in required:
            described = known[answer.schema]["properties"][name]
            yield f"  pm.expect(body.{name}).to.be.a({_kind(described)});"
        yield "});"


def _kind(described: Object) -> str:
    kind = described.get("type", "object")
    return f'"{"number" if kind == "integer" else kind}"'


def _inert(text: str) -> str:
    """Keep somebody's label from being read as a variable: it could name the token."""
    return text.replace("{{", "{ {")


def _pretty(content: object) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()
