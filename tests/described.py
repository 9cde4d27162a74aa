"""Readers of descriptions: everybody, tokens of ordinary and of unusual campaigns."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import yaml

from leadwell.api.documents import STATUSES
from leadwell.describe.contract import openapi, swagger
from leadwell.describe.reader import Reader
from leadwell.model.account import Account
from leadwell.model.campaign import Attribute, Campaign, Field, Option, Person, Status
from leadwell.model.grant import Grant
from leadwell.schema import querystring, question
from leadwell.schema.visibility import view as view_of
from tests import make

Object = dict[str, Any]
URL = "https://hub.example/leads"
ACCOUNT = Account(1, "demo", "Demo")
KEYWORDS = ("class", "def", "none", "function", "constructor", "in", "field", "name")
LABELS = (
    "<script>alert(1)</script>",
    "**bold** [link](javascript:alert(1)) `code` | {{token}} $x ",
    "Zażółć \N{PILE OF POO} שלום",
    "x" * 10_000,
    "two\nlines",
)
"""Labels that somebody else wrote."""
TYPES = ("text", "number", "select", "date", "email", "multi_select", "decimal")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C, where it is: ten times as fast."""
LINE = {"$ref": "#/$defs/line", "$defs": {"line": {"type": "integer", "minimum": 3}}}


def of_yaml(text: str) -> Any:
    return yaml.load(text, _LOADER)  # noqa: S506 - it is a safe one


def token(campaign: Campaign, *, filter: str = "", **changes: Any) -> Reader:  # noqa: A002
    """The bearer of a token of one campaign."""
    asked = question.conditions(campaign, querystring.decode(filter.encode()))
    grant = Grant(1, campaign.id, forced=asked, **changes)
    return Reader(URL, ACCOUNT, (view_of(campaign, grant),), grant, "A token")


def account(*campaigns: Campaign, may_write: bool = True) -> Reader:
    grant = Grant(1, None, may_write=may_write)
    return Reader(URL, ACCOUNT, campaigns, grant, "A token")


def wide(fields: int, options: int) -> Campaign:
    """A campaign of many fields, each list of which has many options."""
    made = [
        Field(
            number + 1,
            f"field-number-{number:03}",
            f"Field number {number}",
            TYPES[number % len(TYPES)],
            options=tuple(_options(number, options)) if number % 7 in (2, 5) else (),
        )
        for number in range(fields)
    ]
    whole = make.a_campaign()
    return replace(whole, fields=tuple(made))


def _options(number: int, count: int) -> Iterator[Option]:
    for place in range(count):
        yield Option(
            number * 10_000 + place, f"option-{number}-{place}", f"Option {place}"
        )


def _odd_options(first_id: int) -> tuple[Option, ...]:
    return tuple(
        Option(first_id + place, f"o{place}", label)
        for place, label in enumerate(LABELS)
    )


def odd() -> Campaign:
    """A campaign whose labels are markup and whose slugs are keywords."""
    fields = [
        Field(place + 1, slug, LABELS[place % len(LABELS)], TYPES[place % 3], True)
        for place, slug in enumerate(KEYWORDS)
    ]
    fields = [
        replace(x, options=_odd_options(x.id * 100) if x.type == "select" else ())
        for x in fields
    ]
    statuses = (Status(1, "new", LABELS[0], is_default=True),)
    named = replace(make.a_campaign(), name=LABELS[0], fields=tuple(fields))
    lines = Field(99, "lines", "Lines", "json", json_schema=LINE)
    legacy = Field(98, "status", "A field that was there first", "text")
    return replace(named, fields=(*named.fields, lines, legacy), statuses=statuses)


def _readers() -> Iterator[tuple[str, Reader]]:
    whole = replace(make.a_campaign(), people=(Person(1, "Somebody Real"),))
    other = replace(whole, id=363, name="Walls")
    bare = replace(whole, fields=(), statuses=(), people=(), attributes=frozenset())
    few = frozenset({1, 6, Attribute.STATUS})
    yield "everybody", Reader(URL)
    yield "token", token(whole, may_write=True)
    yield "reading", token(whole)
    yield (
        "filtered",
        token(whole, filter="source=website&budget[gte]=9", may_write=True),
    )
    yield "narrow", token(whole, readable=few, may_write=True)
    yield "bare", token(bare, may_write=True)
    yield "odd", token(odd(), may_write=True)
    yield "account", account(whole, other)
    yield "many", account(*(replace(whole, id=n, name=f"C{n}") for n in range(1, 150)))
    yield "nothing", account()


READERS = dict(_readers())


def as_openapi(reader: Reader) -> Object:
    return openapi.document(reader, STATUSES)


def as_swagger(reader: Reader) -> Object:
    return swagger.document(reader, STATUSES)
