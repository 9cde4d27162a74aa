"""JSON Schema as OpenAPI 3.1 has it, said in the fewer words of Swagger 2.0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
_KEPT = (
    "type",
    "format",
    "title",
    "description",
    "default",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "required",
    "additionalProperties",
)
_NULL: Object = {"type": "null"}


@dataclass(frozen=True, slots=True)
class Lowering:
    """Says schemas in the older words; `schemas` are those that they point to."""

    schemas: Mapping[str, Object]

    def definitions(self) -> dict[str, Object]:
        """Return every schema in the older words; lists of slugs stand where used."""
        return {
            name: self.schema(each)
            for name, each in self.schemas.items()
            if each.get("type") != "string"
        }

    def schema(self, given: Object) -> Object:
        """Say one schema; `x-nullable` stands for a type that may be null."""
        if "$ref" in given:
            return self._pointed(given["$ref"])
        if "anyOf" in given:
            return self._choice(given)
        found: Object = {name: given[name] for name in _KEPT if name in given}
        if isinstance(given.get("type"), list):
            found["type"] = next(each for each in given["type"] if each != "null")
            found["x-nullable"] = True
        if given.get("type") == "null":
            del found["type"]
            found["x-nullable"] = True
        if "const" in given:
            kind = "boolean" if isinstance(given["const"], bool) else "string"
            found |= {"type": kind, "enum": [given["const"]]}
        if "properties" in given:
            found["properties"] = {
                name: self.schema(each) for name, each in given["properties"].items()
            }
        if "items" in given:
            found["items"] = self.schema(given["items"])
        return _summed(found)

    def parameter(self, given: Object) -> Object:
        """Say a parameter that is no body: its type stands in it."""
        found: Object = {
            name: given[name]
            for name in ("name", "in", "description", "required")
            if name in given
        }
        described = self.schema(given["schema"])
        known: Object = {"type": "string"} | {
            name: each
            for name, each in described.items()
            if name in {*_KEPT, "items"} - {"title", "description", "required"}
        }
        if known["type"] == "array":
            known["collectionFormat"] = "csv"
            known["items"] = self.item(known["items"])
        return found | known

    def item(self, given: Object) -> Object:
        """Say what a list in a query string holds."""
        titled = ("title", "description", "x-ms-summary", "x-nullable")
        return {name: each for name, each in given.items() if name not in titled}

    def _pointed(self, target: str) -> Object:
        name = target.rpartition("/")[2]
        known = self.schemas[name]
        # Where a flow is built, a list is shown only if it stands in its place.
        if known.get("type") == "string":
            return self.schema(known)
        return {"$ref": f"#/definitions/{name}"}

    def _choice(self, given: Object) -> Object:
        rest = [each for each in given["anyOf"] if each != _NULL]
        found = _common([self._whole(each) for each in rest])
        found |= {
            name: given[name] for name in ("title", "description") if name in given
        }
        is_nullable = len(rest) < len(given["anyOf"])
        return _summed(found | ({"x-nullable": True} if is_nullable else {}))

    def _whole(self, given: Object) -> Object:
        """Say a schema itself, and not where it is."""
        if "$ref" in given:
            return self.schema(self.schemas[given["$ref"].rpartition("/")[2]])
        return self.schema(given)


def _common(choices: Sequence[Object]) -> Object:
    """Describe what may be any of these by what they have in common."""
    if len(choices) == 1:
        return dict(choices[0])
    kinds = {each.get("type") for each in choices}
    if kinds == {"object"}:
        return _any_object(choices)
    return {"type": kinds.pop()} if len(kinds) == 1 and None not in kinds else {}


def _any_object(choices: Sequence[Object]) -> Object:
    properties: dict[str, Object] = {}
    for each in choices:
        for name, known in each.get("properties", {}).items():
            first = properties.setdefault(name, known)
            if first != known:
                properties[name] = _common([first, known])
    needed = [set(each.get("required", ())) for each in choices]
    required = sorted(set[str].intersection(*needed))
    found: Object = {"type": "object", "properties": properties}
    return found | ({"required": required} if required else {})


def _summed(found: Object) -> Object:
    """Name a value for people where a flow is built."""
    return found | ({"x-ms-summary": found["title"]} if "title" in found else {})
