"""Swagger 2.0 of the API, for Power Automate and others that read nothing newer.

It is OpenAPI said in the older words. What those cannot say is said less exactly, never
wrongly: what may be one of two things is described by what both have in common. Such
readers take no file of a megabyte, so of a large campaign the least needed is left out,
step by step, and the description says what.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import msgspec

from leadwell.describe.contract import openapi
from leadwell.describe.contract.lowering import Lowering
from leadwell.describe.contract.openapi import Statuses
from leadwell.describe.reader import Reader
from leadwell.model.campaign import Campaign, Column
from leadwell.schema.subjects import SHORTCUTS

Object = dict[str, Any]
Cut = Callable[[Object], None]
BYTES_MAX = 950_000
"""A megabyte is refused, and what a proxy or a pretty printer adds must fit in too."""
OPTIONS_MAX = 50
SUMMARY_CHARACTERS_MAX = 80
_LICENSE = "https://www.apache.org/licenses/LICENSE-2.0"
_JSON = "application/json"
_PROBLEM = "application/problem+json"
_OWN = {*SHORTCUTS, *(each.value for each in Column)}
"""The conditions on what every lead has."""


def document(reader: Reader, statuses: Statuses) -> Object:
    """Describe the API as Swagger 2.0 of less than a megabyte."""
    whole = openapi.document(_plainer(reader), statuses)
    found = _document(whole, reader)
    left_out: list[str] = []
    for what, cut in _CUTS:
        if len(msgspec.json.encode(found)) <= BYTES_MAX:
            break
        cut(whole)
        left_out.append(what)
        found = _document(whole, reader)
        found["info"]["description"] += (
            f"\n\nLeft out, to stay below a megabyte: {'; '.join(left_out)}. "
            "OpenAPI 3.1 of the same has them, and the API understands them."
        )
    return found


def _plainer(reader: Reader) -> Reader:
    """Return the same reader, whose fields of JSON have no schema of their own."""

    def plain(view: Campaign) -> Campaign:
        fields = tuple(replace(field, json_schema=None) for field in view.fields)
        return replace(view, fields=fields)

    return replace(reader, campaigns=tuple(map(plain, reader.campaigns)))


def _without_operators(whole: Object) -> None:
    _keep_parameters(whole, lambda name: "[" not in name)


def _without_long_lists(whole: Object) -> None:
    schemas = whole["components"]["schemas"]
    for name, each in schemas.items():
        count = len(each.get("enum", ()))
        if count > OPTIONS_MAX:
            said = f"One of {count:,} slugs, which `showSchema` lists."
            known = {"type": "string", "title": each["title"], "description": said}
            schemas[name] = known


def _without_fields_asked(whole: Object) -> None:
    _keep_parameters(whole, lambda name: name in _OWN)


def _without_fields(whole: Object) -> None:
    schemas = whole["components"]["schemas"]
    for name in ("Lead", "NewLead", "LeadChange"):
        if name in schemas:
            schemas[name]["properties"]["fields"] = {"type": "object"}
    for each in _operations(whole):
        for parameter in each["parameters"]:
            if parameter.get("name") in {"_fields", "_sort"}:
                named: Object = {"type": "array", "items": {"type": "string"}}
                parameter["schema"] = named


_CUTS: tuple[tuple[str, Cut], ...] = (
    ("conditions other than plain equality", _without_operators),
    (f"the options of lists of more than {OPTIONS_MAX}", _without_long_lists),
    ("conditions on fields", _without_fields_asked),
    ("the fields of a lead", _without_fields),
)
"""What is left out, in this order: what a flow asks for least often goes first."""


def _keep_parameters(whole: Object, is_kept: Callable[[str], bool]) -> None:
    known = whole["components"]["parameters"]
    kept = {key: each for key, each in known.items() if is_kept(each["name"])}
    whole["components"]["parameters"] = kept
    for operation in _operations(whole):
        operation["parameters"] = [
            each
            for each in operation["parameters"]
            if "$ref" not in each or _name(each) in kept
        ]


def _operations(whole: Object) -> Iterator[Object]:
    for path in whole["paths"].values():
        for name, each in path.items():
            if name != "parameters":
                yield each


def _name(pointer: Object) -> str:
    name: str = pointer["$ref"].rpartition("/")[2]
    return name


def _document(whole: Object, reader: Reader) -> Object:
    lowering = Lowering(whole["components"]["schemas"])
    address = urlsplit(reader.public_url)
    info = {**whole["info"], "license": {"name": "Apache 2.0", "url": _LICENSE}}
    writing = _Writing(lowering, reader)
    return {
        "swagger": "2.0",
        "info": info,
        "externalDocs": whole["externalDocs"],
        "host": address.netloc,
        "basePath": address.path or "/",
        "schemes": [address.scheme],
        "consumes": [_JSON],
        "produces": [_JSON, _PROBLEM],
        "securityDefinitions": {
            "token": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "description": "The word Bearer, a blank, and your token.",
            }
        },
        "security": [{"token": []}],
        "tags": whole["tags"],
        "paths": {path: writing.path(each) for path, each in whole["paths"].items()},
        "parameters": {
            name: writing.parameter(each)
            for name, each in whole["components"]["parameters"].items()
        },
        "definitions": lowering.definitions(),
    }


class _Writing:
    """Writes paths in the older words."""

    def __init__(self, lowering: Lowering, reader: Reader) -> None:
        self._lowering = lowering
        self._reader = reader

    def path(self, given: Object) -> Object:
        return {
            name: [self._in_path(x) for x in each]
            if name == "parameters"
            else self._operation(each)
            for name, each in given.items()
        }

    def parameter(self, given: Object) -> Object:
        if "$ref" in given:
            return {"$ref": f"#/parameters/{_name(given)}"}
        return self._lowering.parameter(given) | {
            "x-ms-summary": _summary(given),
            "x-ms-visibility": _visibility(given),
        }

    def _in_path(self, given: Object) -> Object:
        found = self.parameter(given)
        if given["name"] != "campaign_id":
            return found
        if self._reader.view is not None:
            # There is nothing to choose, so nobody is asked.
            return found | {
                "default": self._reader.view.id,
                "x-ms-visibility": "internal",
            }
        return found | {
            "x-ms-dynamic-values": {
                "operationId": "listCampaigns",
                "value-collection": "data",
                "value-path": "id",
                "value-title": "name",
            }
        }

    def _operation(self, given: Object) -> Object:
        names = ("operationId", "tags", "summary", "description")
        found: Object = {name: given[name] for name in names}
        found["parameters"] = [self.parameter(each) for each in given["parameters"]]
        if "requestBody" in given:
            schema = given["requestBody"]["content"][_JSON]["schema"]
            found["parameters"].append(
                {
                    "name": "body",
                    "in": "body",
                    "required": True,
                    "schema": self._lowering.schema(schema),
                    "x-ms-visibility": "important",
                }
            )
        if produced := _produced(given):
            found["produces"] = [*produced, _PROBLEM]
        found["responses"] = {
            status: self._answer(each) for status, each in given["responses"].items()
        }
        return found

    def _answer(self, given: Object) -> Object:
        found: Object = {"description": given["description"]}
        for kind, content in given.get("content", {}).items():
            found["schema"] = self._schema(kind, content["schema"])
        return found

    def _schema(self, kind: str, schema: Object) -> Object:
        is_json = kind.endswith("json") and kind != "application/x-ndjson"
        return self._lowering.schema(schema) if is_json else {"type": "string"}


def _produced(given: Object) -> list[str]:
    """Return the media types of an operation, if they are not the usual ones."""
    answers = [each for x, each in given["responses"].items() if x < "300"]
    kinds = [kind for each in answers for kind in each.get("content", {})]
    return [] if set(kinds) <= {_JSON} else kinds


def _summary(given: Object) -> str:
    """Name a parameter for people: what they see where they build a flow."""
    name: str = given["name"]
    is_condition = given["in"] == "query" and not name.startswith(("_", "page", "per_"))
    if is_condition:
        said = re.sub(r"\\(.)", r"\1", given["description"]).removesuffix(".")
        return said[:SUMMARY_CHARACTERS_MAX]
    words = name.strip("_").replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def _visibility(given: Object) -> str:
    name: str = given["name"]
    if given.get("required"):
        return "important"
    if given["in"] == "header":
        return "internal"
    return "advanced" if name.startswith("_") or "[" in name else "none"
