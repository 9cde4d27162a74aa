"""Every answer of the suite is held to the OpenAPI document that its token gets.

`watch` stands around the entrance of every hub in this process. An answer to a path
that is described must have a described status, media type, body and headers, and no
others; what is found wanting fails the test in which it was answered.
"""

import re
from collections import Counter
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from starlette.types import Message, Receive, Scope, Send

from leadwell.api import readers
from leadwell.api.documents import STATUSES
from leadwell.api.entrance import Entrance
from leadwell.describe.contract import openapi
from leadwell.describe.contract.operations import OPERATIONS
from leadwell.describe.reader import Reader
from leadwell.model.campaign import Campaign

Object = dict[str, Any]
ALIASES = {
    ("GET", "/campaigns/1/leads"): "/v2/campaigns/1/leads",
    ("POST", "/leads"): "/v2/campaigns/1/leads",
}
"""The article's own spellings, held to what they are spellings of."""
UNDESCRIBED = {
    *("content-type", "content-length", "content-encoding", "connection"),
    *("x-content-type-options", "content-security-policy", "referrer-policy"),
    *("strict-transport-security", "server-timing", "access-control-allow-origin"),
    *("access-control-expose-headers", "vary"),
}
"""Headers that HTTP or browsers give a meaning, or that a setting adds."""
DOCUMENTS_MAX = 100


@dataclass(frozen=True)
class Answered:
    """One answer, whole."""

    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def is_coded(self) -> bool:
        return "content-encoding" in self.headers


class Document:
    """The description that one token gets; what is not in it may not be said."""

    def __init__(self, reader: Reader) -> None:
        content = openapi.document(reader, STATUSES)
        known = content["components"]["schemas"]
        own = (
            {x.slug for x in reader.view.fields if x.type == "json"}
            if reader.view
            else set()
        )
        self._components = {name: closed(each, own) for name, each in known.items()}
        self._headers = content["components"]["headers"]
        self.operations = {
            (method.upper(), path): each
            for path, held in content["paths"].items()
            for method, each in held.items()
            if method != "parameters"
        }
        self._validators: dict[str, Any] = {}

    def faults(self, operation: Object, answer: Answered) -> Iterator[str]:
        told = operation["responses"].get(f"{answer.status}")
        if told is None:
            yield f"the status {answer.status} is not described"
            return
        yield from self._header_faults(told.get("headers", {}), answer)
        content = told.get("content", {})
        if not answer.body:
            if content and answer.method != "HEAD":
                yield "a body is described, and there is none"
        elif answer.kind not in content:
            yield f"the media type {answer.kind!r} is not described"
        elif not answer.is_coded:
            yield from self._body_faults(content[answer.kind]["schema"], answer)
            if answer.status >= 400 and f"`{code(answer)}`" not in told["description"]:
                yield f"the code {code(answer)!r} is not described"

    def _header_faults(self, told: Object, answer: Answered) -> Iterator[str]:
        described = {}
        for name, given in told.items():
            known = self._headers[name] if "$ref" in given else given
            described[name.lower()] = known
            if known.get("required") and name.lower() not in answer.headers:
                yield f"the header {name} is not there"
        for name, text in answer.headers.items():
            if name in described:
                schema = described[name]["schema"]
                value = int(text) if schema["type"] == "integer" else text
                if not self._validator(schema).is_valid(value):
                    yield f"the header {name} is {text!r}"
            elif name not in UNDESCRIBED:
                yield f"the header {name} is not described"

    def _body_faults(self, schema: Object, answer: Answered) -> Iterator[str]:
        if answer.kind.startswith(("text/", "application/vnd.")):
            return
        lines = answer.body.splitlines() if "ndjson" in answer.kind else [answer.body]
        for line in lines:
            fault = next(
                self._validator(schema).iter_errors(msgspec.json.decode(line)), None
            )
            if fault is not None:
                yield f"the body at {list(fault.instance_path)}: {fault.message[:300]}"

    def _validator(self, schema: Object) -> Any:
        key = repr(schema)
        if key not in self._validators:
            whole = {**schema, "components": {"schemas": self._components}}
            made = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
            self._validators[key] = made
        return self._validators[key]


def code(answer: Answered) -> str:
    return str(msgspec.json.decode(answer.body).get("code"))


def closed(schema: Any, own: set[str], name: str = "") -> Any:
    """A schema whose objects have only what is described; `own` have anything."""
    if isinstance(schema, list):
        return [closed(each, own) for each in schema]
    if not isinstance(schema, dict) or name in own:
        return schema
    found = {key: closed(each, own, key) for key, each in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        found.setdefault("additionalProperties", False)
    return found


@dataclass
class Watch:
    """What was seen in this process, and what was found in the present test."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    _documents: dict[Any, Document] = field(default_factory=dict)
    _views: dict[Any, Reader] = field(default_factory=dict)

    def look(self, entrance: Entrance, scope: Scope, answer: Answered) -> None:
        found = operation_of(answer)
        # At the address of the article people find a page.
        visitor = scope.get("state", {}).get("visitor")
        is_page = answer.path.startswith("/campaigns/") and visitor is None
        is_page &= answer.status != 401
        if found is None or is_page:
            self.counts["not described"] += 1
            return
        reader = self._reader(entrance, scope, answer)
        document = self._document(reader)
        operation = document.operations.get(found)
        if operation is None:
            # Who may not write is told so, and has no description of it.
            operation = self._document(Reader(reader.public_url)).operations[found]
        self.counts["held to its description"] += 1
        for fault in document.faults(operation, answer):
            asked = f"{answer.method} {answer.path} → {answer.status}"
            self.faults.append(f"{asked}: {fault}")

    def _reader(self, entrance: Entrance, scope: Scope, answer: Answered) -> Reader:
        hub = entrance._hub
        everybody = Reader(hub.public_url)
        visitor = scope.get("state", {}).get("visitor")
        bearer = visitor and visitor.bearer
        # Problems are described alike to all.
        if bearer is None or answer.status >= 300:
            return everybody
        version = answer.headers.get("leadwell-schema-version")
        number = scope.get("path_params", {}).get("campaign_id")
        key = (visitor.key, hub.public_url, repr(bearer.grant), number, version)
        if version and key in self._views:
            return self._views[key]
        try:
            with hub.database.reading() as connection:
                whole = readers.of_bearer(hub, connection, bearer)
        except Exception:
            self.counts["without a database"] += 1
            return everybody
        only = tuple(each for each in whole.campaigns if each.id == number)
        reader = Reader(
            hub.public_url, whole.account, only or whole.campaigns, whole.grant
        )
        self._views[key] = reader
        return reader

    def _document(self, reader: Reader) -> Document:
        key = (reader.public_url, reader.may_write, *map(seen, reader.campaigns))
        if key not in self._documents:
            if len(self._documents) >= DOCUMENTS_MAX:
                self._documents.clear()
                self._views.clear()
            self._documents[key] = Document(reader)
        return self._documents[key]


def seen(view: Campaign) -> Any:
    return view.id, openapi.schema.version(view)


_TEMPLATES = sorted(
    {each.path for each in OPERATIONS}, key=lambda path: "_id}" in path[30:]
)
_SHAPES = [(re.compile(re.sub(r"{\w+}", "[^/]+", x) + r"\Z"), x) for x in _TEMPLATES]
_KNOWN = {(each.method, each.path) for each in OPERATIONS}


def operation_of(answer: Answered) -> tuple[str, str] | None:
    method = "GET" if answer.method == "HEAD" else answer.method
    path = ALIASES.get((method, re.sub(r"\d+", "1", answer.path)), answer.path)
    for shape, template in _SHAPES:
        if shape.match(path):
            return (method, template) if (method, template) in _KNOWN else None
    return None


WATCH = Watch()


def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Stand around every entrance until the test is over."""
    WATCH.faults.clear()
    monkeypatch.setattr(Entrance, "__call__", _watched(Entrance.__call__))
    return WATCH


def _watched(honest: Any) -> Any:
    async def call(self: Entrance, scope: Scope, receive: Receive, send: Send) -> None:
        gathered: list[Message] = []

        async def gather(message: MutableMapping[str, Any]) -> None:
            gathered.append(message)
            await send(message)

        await honest(self, scope, receive, gather)
        if scope["type"] == "http" and gathered:
            WATCH.look(self, scope, _answered(scope, gathered))

    return call


def _answered(scope: Scope, messages: list[Message]) -> Answered:
    start, *rest = messages
    headers = {
        name.decode(): value.decode("latin-1") for name, value in start["headers"]
    }
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    body = b"".join(message.get("body", b"") for message in rest)
    return Answered(scope["method"], path, start["status"], headers, body)
