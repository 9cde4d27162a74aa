"""Read a lead that somebody hands in, against the campaign's schema.

The campaign given here is the token's view of it, so a field that the token may not
see is an unknown field. All problems are reported at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from leadwell.errors import (
    Contradiction,
    InvalidLead,
    LeadwellError,
    MalformedValue,
    Problem,
    Required,
    UnknownField,
)
from leadwell.model.campaign import Attribute, Campaign, Field
from leadwell.model.lead import JSON, Value
from leadwell.schema import times
from leadwell.schema.fields import Reading, type_named
from leadwell.schema.fields.base import text_given, wrong_type
from leadwell.schema.fields.select import SELECT
from leadwell.schema.nearest import listed, nearest

EXTERNAL_ID_CHARACTERS_MAX = 255
KEYS = ("status", "fields", "assigned_person", "external_id")
ALIASES = ("field_values", "select_field_values")
"""The original system's names for parts of `fields`."""
PROBLEMS_MAX = 100
"""Told of one lead: enough to mend a mapping, too few to make an answer huge."""
IMPORT_KEYS = ("created_at", "source_updated_at")
"""What only an import may set: they are facts about the source."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A lead as it was handed in: what it names, and nothing else."""

    values: Mapping[int, Value]
    """Keyed by the id of the field; `None` empties it."""
    status: int | UnsetType | None = UNSET
    assigned_to: int | UnsetType | None = UNSET
    external_id: str | UnsetType | None = UNSET
    created_at: datetime | None = None
    source_updated_at: datetime | None = None


def read(
    view: Campaign,
    given: Mapping[str, JSON],
    *,
    is_new: bool = True,
    reading: Reading | None = None,
    extra_keys: tuple[str, ...] = (),
    problems_max: int = PROBLEMS_MAX,
) -> Submission:
    """Read a submission; a new one must have every required field.

    Raises:
        InvalidLead: it breaks the schema; it holds all problems, or the first ones.
    """
    reader = _Reader(view, reading or Reading(country=view.country), problems_max)
    submission = reader.submission(given, extra_keys)
    if is_new:
        reader.require(submission.values)
    if reader.problems:
        raise InvalidLead(reader.problems)
    return submission


class _Reader:
    """Reads one submission and gathers all that is wrong with it."""

    def __init__(self, view: Campaign, reading: Reading, problems_max: int) -> None:
        self._view = view
        self._reading = reading
        self._problems_max = problems_max
        self._refused: set[int] = set()
        self.problems: list[Problem] = []

    def submission(
        self, given: Mapping[str, JSON], extra_keys: tuple[str, ...]
    ) -> Submission:
        allowed = (*self._allowed(), *extra_keys)
        for key in given:
            if key not in (*allowed, *ALIASES, "campaign_id"):
                self._note(f"/{_escaped(key)}", _unknown(key, allowed))
        return Submission(
            values=self._values(given),
            status=self._status(given) if "status" in allowed else UNSET,
            assigned_to=self._person(given) if "assigned_person" in allowed else UNSET,
            external_id=self._external_id(given) if "external_id" in allowed else UNSET,
            created_at=self._moment(given, "created_at", extra_keys),
            source_updated_at=self._moment(given, "source_updated_at", extra_keys),
        )

    def require(self, values: Mapping[int, Value]) -> None:
        for field in self._view.fields:
            is_empty = values.get(field.id) is None
            if field.required and is_empty and field.id not in self._refused:
                self._note(f"/fields/{field.slug}", _required(field))

    def _allowed(self) -> tuple[str, ...]:
        hidden = frozenset(Attribute) - self._view.attributes
        return tuple(key for key in KEYS if key not in hidden)

    def _values(self, given: Mapping[str, JSON]) -> dict[int, Value]:
        found: dict[int, Value] = {}
        by_slug = self._view.field_by_slug
        for part, slug, value in self._named(given):
            field = by_slug.get(slug)
            if field is None:
                self._note(f"/{part}/{_escaped(slug)}", _unknown(slug, by_slug))
                continue
            try:
                read = self._value(field, value)
                first = found.setdefault(field.id, read)
                if first is not read:
                    _check_same(field, first, read)
            except LeadwellError as error:
                self._refused.add(field.id)
                self._note(f"/{part}/{_escaped(slug)}", error)
        return found

    def _named(self, given: Mapping[str, JSON]) -> Iterator[tuple[str, str, JSON]]:
        for part in ("fields", *ALIASES):
            values = given.get(part)
            if isinstance(values, dict):
                for slug, value in values.items():
                    yield part, slug, value
            elif values is not None:
                self._note(f"/{part}", wrong_type(values, "an object of fields"))

    def _value(self, field: Field, given: JSON) -> Value:
        if given is not None and given not in ("", []):
            return type_named(field.type).read(field, given, self._reading)
        if field.required:
            raise _required(field)
        return None

    def _status(self, given: Mapping[str, JSON]) -> int | UnsetType | None:
        if "status" not in given:
            return UNSET
        stand_in = Field(0, "status", "Status", "select", options=self._view.statuses)
        if given["status"] is None:
            return None
        try:
            return SELECT.read(stand_in, given["status"])
        except LeadwellError as error:
            self._note("/status", error)
            return UNSET

    def _person(self, given: Mapping[str, JSON]) -> int | UnsetType | None:
        person = given.get("assigned_person", UNSET)
        if isinstance(person, dict) and "id" in person:
            # As the wire shows it; one without an id names nobody, and is refused.
            person = person["id"]
        if person is None or person is UNSET:
            return person
        # To Python true is 1, and so the person with that id.
        if isinstance(person, bool):
            person = str(person).lower()
        if isinstance(person, int) and person in self._view.person_by_id:
            return person
        error = MalformedValue(
            "there is no such person",
            hint="give the id of a person of the account",
            value=str(person),
        )
        self._note("/assigned_person", error)
        return UNSET

    def _external_id(self, given: Mapping[str, JSON]) -> str | UnsetType | None:
        value = given.get("external_id", UNSET)
        if value is UNSET or value is None or value == "":
            return UNSET if value is UNSET else None
        try:
            return text_given(value, "text", EXTERNAL_ID_CHARACTERS_MAX)
        except LeadwellError as error:
            self._note("/external_id", error)
            return None

    def _moment(
        self, given: Mapping[str, JSON], key: str, allowed: tuple[str, ...]
    ) -> datetime | None:
        value = given.get(key)
        if value is None or key not in allowed:
            return None
        try:
            return times.read(
                text_given(value, times.EXAMPLE, 64), zone=self._reading.zone
            )
        except LeadwellError as error:
            self._note(f"/{key}", error)
            return None

    def _note(self, pointer: str, error: LeadwellError) -> None:
        self.problems.append(error.problem(pointer=pointer))
        if len(self.problems) >= self._problems_max:
            raise InvalidLead(self.problems)


def _check_same(field: Field, first: Value, second: Value) -> None:
    """Refuse a field that two parts of a body give differently."""
    kind = type_named(field.type)
    one, two = (
        msgspec.json.encode(
            None if value is None else kind.stored(value), order="deterministic"
        )
        for value in (first, second)
    )
    if one != two:
        raise Contradiction(
            f"{field.slug} is given twice, and differently",
            hint="give it once, in fields",
        )


def _required(field: Field) -> Required:
    return Required(f"{field.slug} is required", hint="give it a value")


def _unknown(name: str, known: Mapping[str, object] | tuple[str, ...]) -> UnknownField:
    near = nearest(name, known)
    return UnknownField(
        f"there is no field {name[:64]!r}",
        hint=f"did you mean {near}?"
        if near
        else f"known here: {', '.join(listed(known))}",
        value=name,
        allowed=listed(known),
        did_you_mean=near,
    )


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
