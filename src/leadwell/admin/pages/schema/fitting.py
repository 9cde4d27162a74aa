"""The JSON Schema of a field: as text, as typed, and which leads do not fit it."""

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from leadwell.admin.visit import Visit
from leadwell.errors import InvalidDefinition, LeadwellError, MalformedBody
from leadwell.model.campaign import Campaign, Field
from leadwell.model.query import Condition, Question
from leadwell.schema import definition
from leadwell.schema.fields import type_named
from leadwell.schema.operators import EXISTS
from leadwell.store import leads
from leadwell.store.connection import Connection

LOOKED_AT_MAX = 2_000
"""Leads whose data is looked at before a schema is changed."""
PER_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Misfits:
    """How many leads hold what another schema does not allow."""

    count: int
    looked_at: int
    is_all: bool
    """Whether every lead that holds the field was looked at."""


def text_of(field: Field) -> str:
    """Write the JSON Schema of a field as somebody edits it; empty: there is none."""
    held = field.json_schema
    return "" if held is None else _written(held)


def tidy(text: str) -> str:
    """Write a JSON text as `text_of` does, where it is JSON."""
    try:
        return _written(msgspec.json.decode(text)) if text else ""
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return text


def read(field: Field, text: str) -> Field:
    """Return the field with the JSON Schema that somebody has typed.

    Raises:
        MalformedBody: it is no JSON.
        InvalidDefinition: it is no JSON Schema.
    """
    return replace(field, json_schema=read_schema(text) if text else None)


def read_schema(text: str) -> Any:
    """Read a JSON Schema.

    Raises:
        MalformedBody: it is no JSON.
        InvalidDefinition: it is no JSON Schema.
    """
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise MalformedBody(
            "this is no JSON", hint='write, for instance, {"type": "array"}'
        ) from None
    # As a whole field of a schema file is read, so that both allow the same.
    given = {"slug": "x", "label": "x", "type": "json", "json_schema": found}
    return definition.read_field(given).json_schema


def problem(visit: Visit, text: str) -> str:
    """Say what is wrong with a JSON Schema that was typed; empty: nothing."""
    try:
        if text:
            read_schema(text)
    except InvalidDefinition as error:
        return visit.said.refusal(error.message)
    except MalformedBody as error:
        return visit.said.refusal(error.detail)
    return ""


def misfits(
    connection: Connection, visit: Visit, campaign: Campaign, wanted: Field
) -> Misfits:
    """Count the leads whose data does not fit a field as it is to be."""
    kind, found, looked_at, page = type_named("json"), 0, 0, 1
    holding = (Condition(wanted.id, EXISTS.suffix, (True,)),)
    while looked_at < LOOKED_AT_MAX:
        asked = Question(conditions=holding, per_page=PER_PAGE, page=page)
        query = visit.user.grant(campaign).query(campaign, asked)
        bodies = leads.find_page(connection, campaign, query).items
        for body in bodies:
            value = msgspec.json.decode(body)["fields"][wanted.slug]
            try:
                kind.read(wanted, value)
            except LeadwellError:
                found += 1
        looked_at, page = looked_at + len(bodies), page + 1
        if len(bodies) < PER_PAGE:
            return Misfits(found, looked_at, is_all=True)
    return Misfits(found, looked_at, is_all=False)


def _written(held: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(held), indent=2).decode()
