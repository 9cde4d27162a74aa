"""Data fields: one JSON value, optionally held to a JSON Schema."""

from functools import lru_cache
from typing import Any

import msgspec
from jsonschema import Draft202012Validator
from referencing import Registry

from leadwell.errors import MalformedValue
from leadwell.model.campaign import Field
from leadwell.model.lead import JSON
from leadwell.schema.fields.base import PLAIN, FieldType, JSONSchema, Reading
from leadwell.schema.operators import EXISTS

CHARACTERS_MAX = 65_536
_NUL = rb"\u0000"
WHOLE_END = 2**63
"""Whole numbers within ±2^63 are kept exactly: 64-bit ids are common."""


class Data(FieldType):
    """A JSON value of any shape, or of the shape that the field's schema asks."""

    __slots__ = ()

    def read(self, field: Field, given: JSON, reading: Reading = PLAIN) -> JSON:
        """Accept what the field's JSON Schema accepts (2020-12)."""
        del reading
        _check_whole(given)
        try:
            text = msgspec.json.encode(given)
        except UnicodeEncodeError:
            raise MalformedValue(
                "the JSON value has half a character", hint="send clean UTF-8"
            ) from None
        if _NUL in text.replace(rb"\\", b""):
            raise MalformedValue(
                "the JSON value has a NUL", hint="no database keeps one in JSON"
            )
        if len(text) > CHARACTERS_MAX:
            raise MalformedValue(
                "the JSON value is too large",
                hint=f"at most {CHARACTERS_MAX:,} bytes are kept",
            )
        if field.json_schema is not None:
            _check(msgspec.json.encode(field.json_schema), given)
        return given

    def parse(self, field: Field, text: str, reading: Reading = PLAIN) -> JSON:
        """Read JSON text, as a file or a form holds it."""
        try:
            return self.read(field, msgspec.json.decode(text), reading)
        except msgspec.DecodeError:
            raise MalformedValue(
                f"{text[:40]!r} is not JSON",
                hint='write JSON: {"sku": "A1"}',
                value=text,
            ) from None

    def json_schema(self, field: Field) -> JSONSchema:
        """Give the field's own schema, or one that allows everything."""
        return dict(field.json_schema) if isinstance(field.json_schema, dict) else {}

    def example(self, field: Field) -> str:
        """Give an empty list, the smallest value there is."""
        del field
        return "[]"


def _check_whole(given: JSON) -> None:
    """Refuse whole numbers that most readers of JSON would round in silence."""
    if isinstance(given, dict):
        for inner in given.values():
            _check_whole(inner)
    elif isinstance(given, list):
        for inner in given:
            _check_whole(inner)
    elif isinstance(given, int) and not -WHOLE_END <= given < WHOLE_END:
        raise MalformedValue(
            f"the number {str(given)[:40]} has more than 64 bits",
            hint="send it as a text, so that nobody rounds it",
        )


@lru_cache(maxsize=256)
def _validator(schema: bytes) -> Draft202012Validator:
    # The empty registry: a `$ref` must never make the hub fetch a foreign page.
    return Draft202012Validator(msgspec.json.decode(schema), registry=Registry())


def _check(schema: bytes, given: JSON) -> None:
    validator: Any = _validator(schema)
    fault: Any = next(validator.iter_errors(given), None)
    if fault is not None:
        raise MalformedValue(
            f"at {fault.json_path}: {fault.message[:200]}",
            hint="the field's JSON Schema decides; see the campaign's schema",
        )


DATA = Data(
    name="json",
    summary="one JSON value, held to the field's JSON Schema if it has one",
    operators=(EXISTS,),
    widget="json",
    sorts_by=None,
)
