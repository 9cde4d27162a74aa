"""A lead with typed values, read by its campaign's schema."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

Object: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a select, or a status: the wire's word and people's word."""

    slug: str
    label: str

    def __str__(self) -> str:
        """Show the label."""
        return self.label


@dataclass(frozen=True, slots=True)
class Person:
    """Who a lead is assigned to."""

    id: int
    name: str


Value: TypeAlias = (
    str
    | bool
    | int
    | float
    | Decimal
    | date
    | datetime
    | Choice
    | tuple[Choice, ...]
    | Object
    | list[Any]
    | None
)
"""What one field of a lead holds: a number for `number`, a `Decimal` for `decimal`,
a `date`, an aware `datetime`, a `Choice` for `select`, a tuple of them for
`multi_select`, whatever was stored for `json`, else text; `None` when it is empty.
"""


@dataclass(frozen=True, slots=True)
class Kinds:
    """The types of a campaign's fields, by slug."""

    version: str
    """The schema's version, as `Leadwell-Schema-Version` names it."""
    types: Mapping[str, str]

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> "Kinds":
        """Take the types from a schema as the hub answers it."""
        fields = schema["fields"]
        return cls(schema["version"], {each["slug"]: each["type"] for each in fields})


@dataclass(frozen=True, slots=True)
class Lead:
    """One lead as the token sees it. `lead["budget"]` is short for its field."""

    id: int
    version: int
    """Counts the lead's own revisions, from 1."""
    campaign_id: int
    status: Choice | None
    fields: Mapping[str, Value]
    """By slug; an empty field is `None`, one that was not asked for is absent."""
    assigned_person: Person | None
    created_at: datetime
    updated_at: datetime
    external_id: str | None
    source_updated_at: datetime | None
    raw: Mapping[str, Any]
    """What the hub answered, whole: what a later hub adds stands here."""

    def __getitem__(self, slug: str) -> Value:
        return self.fields[slug]


def read(raw: Object, kinds: Kinds) -> Lead:
    """Read a lead of the wire.

    Fields of a type that is unknown here keep their JSON, and so does a value that
    its type cannot read: a newer hub may have changed what it means.

    Raises:
        KeyError, TypeError, ValueError: it is no lead.
    """
    metadata = raw["metadata"]
    person = raw.get("assigned_person")
    source_updated_at = metadata.get("source_updated_at")
    return Lead(
        id=raw["id"],
        version=metadata["version"],
        campaign_id=metadata["campaign_id"],
        status=_choice(raw.get("status")),
        fields={
            slug: value(given, kinds.types.get(slug, ""))
            for slug, given in raw["fields"].items()
        },
        assigned_person=person and Person(person["id"], person["name"]),
        created_at=datetime.fromisoformat(raw["created_at"]),
        updated_at=datetime.fromisoformat(raw["updated_at"]),
        external_id=metadata.get("external_id"),
        source_updated_at=source_updated_at
        and datetime.fromisoformat(source_updated_at),
        raw=raw,
    )


def value(given: Any, kind: str) -> Value:
    """Read one value of a field of this type."""
    held: Value = given
    reader = _READERS.get(kind)
    if given is not None and reader is not None:
        with suppress(KeyError, TypeError, ValueError, InvalidOperation):
            held = reader(given)
    return held


def _choice(given: Any) -> Choice | None:
    return None if given is None else Choice(given["slug"], given["label"])


def _choices(given: Any) -> tuple[Choice, ...]:
    return tuple(Choice(each["slug"], each["label"]) for each in given)


_READERS: Mapping[str, Callable[[Any], Value]] = {
    "decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "select": _choice,
    "multi_select": _choices,
}
"""How what is no plain JSON is read, by type of field."""
