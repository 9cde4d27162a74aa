"""A campaign and the schema its leads follow."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from leadwell.model.lead import JSON

T = TypeVar("T")

DERIVED_MAX = 1_000
"""What is kept with one campaign: mostly views, one for each grant, and filters."""


PERSONAL_TYPES = frozenset({"email", "phone"})
"""New fields of these types are personal unless somebody says otherwise."""
MASK = "***"
_MASKS: Mapping[str, str] = {"email": "***@***", "phone": "+** ** ** ** **"}


class Column(StrEnum):
    """What every lead has besides its fields, as far as it can be asked about."""

    ID = "id"
    STATUS = "status"
    ASSIGNED_TO = "assigned_to"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


class Attribute(StrEnum):
    """What a lead shows besides its fields, as far as a token may hide it."""

    STATUS = "status"
    ASSIGNED_PERSON = "assigned_person"
    EXTERNAL_ID = "external_id"


ALL_ATTRIBUTES = frozenset(Attribute)


class StatusType(StrEnum):
    """Where a status stands in a lead's life."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select: `slug` travels on the wire, `label` is for people."""

    id: int
    slug: str
    label: str
    aliases: tuple[str, ...] = field(default=(), kw_only=True)
    """Slugs that it had before: they are understood, but never shown."""


@dataclass(frozen=True, slots=True)
class Status(Option):
    """Where a lead stands."""

    type: StatusType = StatusType.ACTIVE
    is_default: bool = False


@dataclass(frozen=True)
class Field:
    """One column of a campaign's leads. `type` names an entry of `FIELD_TYPES`."""

    id: int
    slug: str
    label: str
    type: str
    required: bool = False
    options: tuple[Option, ...] = ()
    json_schema: JSON = None
    """For fields of the type json: what their values must follow (2020-12)."""
    aliases: tuple[str, ...] = ()
    """Slugs that it had before: they are understood, but never shown."""
    is_personal: bool = False
    """Whether it says who somebody is: some tokens see a mask in place of its values.
    """
    mask: str = ""
    """What stands in place of every value, in the view of such a token."""

    @cached_property
    def option_by_id(self) -> Mapping[int, Option]:
        """The options by their ids."""
        return {option.id: option for option in self.options}

    @cached_property
    def option_by_slug(self) -> Mapping[str, Option]:
        """The options by their slugs, compared byte for byte."""
        return {option.slug: option for option in self.options}

    @cached_property
    def option_by_alias(self) -> Mapping[str, Option]:
        """The options by the slugs that they had before."""
        return {alias: option for option in self.options for alias in option.aliases}

    def option_named(self, slug: str) -> Option | None:
        """Return the option that has this slug, or had it before."""
        return self.option_by_slug.get(slug) or self.option_by_alias.get(slug)


def mask_of(type_name: str) -> str:
    """Return what stands in place of every value of a masked field of this type.

    It depends on nothing else, not on the value, its length, digits or domain: so it
    tells that there is a value, and no more (ADR 0032).
    """
    return _MASKS.get(type_name, MASK)


class Policy(StrEnum):
    """What becomes of a new lead that has the e-mail or phone of another one."""

    OFF = "off"
    """Nothing: nobody looks."""
    FLAG = "flag"
    """It is added, and the campaign's people are shown both."""
    MERGE = "merge"
    """It fills the empty fields of the one that is there, and is not added."""
    REJECT = "reject"
    """It is refused."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What a campaign does about two leads of one person."""

    policy: Policy = Policy.OFF
    fields: tuple[int, ...] | None = None
    """The ids of the fields that tell who somebody is; `None`: every e-mail and phone.
    """


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the account to whom leads are assigned."""

    id: int
    name: str


@dataclass(frozen=True)
class Campaign:
    """A named set of leads that share one schema.

    A token's view of a campaign is again a campaign: fields, options and attributes
    it may not see are simply not in it (`schema.visibility`).
    """

    id: int
    account_id: int
    slug: str
    name: str
    country: str
    """ISO 3166-1 alpha-2: how phone numbers without a country code are read."""
    schema_version: int
    """Rises with every change of a field, option, status or person."""
    fields: tuple[Field, ...] = ()
    statuses: tuple[Status, ...] = ()
    people: tuple[Person, ...] = ()
    attributes: frozenset[Attribute] = ALL_ATTRIBUTES
    duplicates: Duplicates = Duplicates()

    @cached_property
    def derived(self) -> dict[Hashable, Any]:
        """What readers of this value made of it and keep with it, by their own keys.

        It is a value, so what follows from it never grows old.
        """
        return {}

    def deriving(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what follows from this value under a key, made on first use."""
        if key not in self.derived:
            if len(self.derived) >= DERIVED_MAX:
                self.derived.clear()
            self.derived[key] = make()
        found: T = self.derived[key]
        return found

    @cached_property
    def field_by_id(self) -> Mapping[int, Field]:
        """The fields by their ids."""
        return {field.id: field for field in self.fields}

    @cached_property
    def field_by_slug(self) -> Mapping[str, Field]:
        """The fields by their slugs, compared byte for byte."""
        return {field.slug: field for field in self.fields}

    @cached_property
    def field_by_alias(self) -> Mapping[str, Field]:
        """The fields by the slugs that they had before."""
        return {alias: field for field in self.fields for alias in field.aliases}

    def field_named(self, slug: str) -> Field | None:
        """Return the field that has this slug, or had it before."""
        return self.field_by_slug.get(slug) or self.field_by_alias.get(slug)

    @cached_property
    def status_by_id(self) -> Mapping[int, Status]:
        """The statuses by their ids."""
        return {status.id: status for status in self.statuses}

    @cached_property
    def person_by_id(self) -> Mapping[int, Person]:
        """The account's people by their ids."""
        return {person.id: person for person in self.people}

    @property
    def default_status(self) -> Status | None:
        """The status that a new lead falls to."""
        return next((status for status in self.statuses if status.is_default), None)
