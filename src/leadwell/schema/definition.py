"""Read a campaign definition: the content of a schema file (docs/reference).

Ids of fields, options and statuses are given here, in the order of the file, since a
new campaign has none yet.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, cast

from jsonschema import Draft202012Validator, SchemaError

from leadwell.errors import InvalidDefinition, Problem, UsageError
from leadwell.model.campaign import (
    PERSONAL_TYPES,
    Campaign,
    Duplicates,
    Field,
    Option,
    Policy,
    Status,
    StatusType,
)
from leadwell.model.lead import JSON
from leadwell.model.slug import RESERVED, is_slug, slug_of, unique_slug
from leadwell.schema import identity
from leadwell.schema.fields import FIELD_TYPES
from leadwell.schema.nearest import nearest

FIELDS_MAX = 200
OPTIONS_MAX = 2_000
STATUSES_MAX = 200
NAME_CHARACTERS_MAX = 255
_COUNTRY = re.compile(r"[A-Z]{2}")
_CAMPAIGN_KEYS = (
    *("id", "name", "slug", "account", "country", "fields", "statuses"),
    "duplicates",
)
_DUPLICATES_KEYS = ("policy", "fields")
_FIELD_KEYS = (
    *("slug", "label", "type", "required", "personal", "options", "json_schema"),
)
_STATUS_KEYS = ("slug", "label", "type", "default")
_TYPES = tuple(kind.name for kind in FIELD_TYPES)
_WITH_OPTIONS = ("select", "multi_select")
DEFAULT_STATUSES = ({"slug": "new", "label": "New", "default": True},)


@dataclass(frozen=True, slots=True)
class Definition:
    """A campaign to be made, and the slug of the account that will own it."""

    campaign: Campaign
    """Its id is 0 when the file leaves the choice to the hub."""
    account: str | None


def read(given: object) -> Definition:
    """Read a definition from parsed YAML or JSON.

    Raises:
        InvalidDefinition: it has mistakes; it holds all of them with their places.
    """
    reader = _Reader()
    definition = reader.definition(given)
    if reader.problems or definition is None:
        raise InvalidDefinition(reader.problems)
    return definition


def written(campaign: Campaign, account: str) -> dict[str, Any]:
    """Write a campaign as a definition that `read` accepts."""
    content: dict[str, Any] = {
        "id": campaign.id,
        "name": campaign.name,
        "slug": campaign.slug,
        "account": account,
        "country": campaign.country,
        "fields": [_field_written(field) for field in campaign.fields],
        "statuses": [
            {"slug": s.slug, "label": s.label, "type": s.type.value}
            | ({"default": True} if s.is_default else {})
            for s in campaign.statuses
        ],
    }
    decided = campaign.duplicates
    compared = [field.slug for field in identity.fields(campaign)]
    if decided.policy is not Policy.OFF and compared:
        content["duplicates"] = {"policy": decided.policy.value} | (
            {} if decided.fields is None else {"fields": compared}
        )
    return content


def read_field(given: Mapping[str, Any]) -> Field:
    """Read one field as it would stand in a schema file.

    Raises:
        InvalidDefinition: it has mistakes.
    """
    return read({"name": "one field", "fields": [given]}).campaign.fields[0]


def is_country(text: str) -> bool:
    """Whether a text has the form of a country: ISO 3166-1 alpha-2."""
    return _COUNTRY.fullmatch(text) is not None


def checked_name(text: str) -> str:
    """Return the name of a campaign without space around it.

    Raises:
        UsageError: it is empty or too long.
    """
    name = text.strip()
    if not name or len(name) > NAME_CHARACTERS_MAX or "\0" in name:
        raise UsageError(
            "the name is empty or too long",
            hint=f"write 1 to {NAME_CHARACTERS_MAX} characters",
        )
    return name


def _field_written(field: Field) -> dict[str, Any]:
    written_field: dict[str, Any] = {
        "slug": field.slug,
        "label": field.label,
        "type": field.type,
    }
    if field.required:
        written_field["required"] = True
    if field.is_personal != (field.type in PERSONAL_TYPES):
        written_field["personal"] = field.is_personal
    if field.type in _WITH_OPTIONS:
        written_field["options"] = [
            {"slug": option.slug, "label": option.label} for option in field.options
        ]
    if field.json_schema is not None:
        written_field["json_schema"] = field.json_schema
    return written_field


class _Reader:
    """Reads one definition and gathers all that is wrong with it."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._ids = count(1)

    def definition(self, given: object) -> Definition | None:
        if not isinstance(given, Mapping):
            self._note("", "the definition is not an object", "start with name: …")
            return None
        top = cast("Mapping[str, Any]", given)
        self._known("", top, _CAMPAIGN_KEYS)
        name = self._text("/name", top.get("name"), required=True)
        slug = self._text("/slug", top.get("slug")) or slug_of(name) or "campaign"
        if not is_slug(slug):
            self._note("/slug", f"{slug!r} is not a slug", _SLUG_HINT)
        country = self._text("/country", top.get("country")) or "DK"
        if not is_country(country):
            self._note("/country", f"{country!r} is not a country", "write DK or SE")
        campaign = Campaign(
            id=self._id(top.get("id")),
            account_id=0,
            slug=slug,
            name=name,
            country=country,
            schema_version=1,
            fields=tuple(self._fields(top.get("fields"))),
            statuses=self._statuses(top.get("statuses")),
        )
        decided = self._duplicates(campaign, top.get("duplicates"))
        campaign = replace(campaign, duplicates=decided)
        return Definition(campaign, self._text("/account", top.get("account")) or None)

    def _duplicates(self, campaign: Campaign, given: object) -> Duplicates:
        try:
            return _decided(campaign, given)
        except UsageError as error:
            self._note("/duplicates", error.message, error.hint)
            return Duplicates()

    def _id(self, given: object) -> int:
        if given is None:
            return 0
        if isinstance(given, int) and not isinstance(given, bool) and 0 < given < 2**31:
            return given
        self._note("/id", f"{given!r} is not an id", "give a whole number from 1")
        return 0

    def _fields(self, given: object) -> Iterator[Field]:
        taken: set[str] = set()
        for place, item in self._items("/fields", given or [], FIELDS_MAX):
            self._known(place, item, _FIELD_KEYS)
            label, slug = self._names(place, item, taken)
            if slug in RESERVED:
                hint = f"choose another, for instance {unique_slug(slug, taken)}"
                self._note(f"{place}/slug", f"{slug!r} is a reserved name", hint)
            kind = self._one_of(f"{place}/type", item.get("type", "text"), _TYPES)
            yield Field(
                id=next(self._ids),
                slug=slug,
                label=label,
                type=kind,
                required=self._flag(f"{place}/required", item.get("required", False)),
                options=tuple(self._options(place, kind, item.get("options"))),
                json_schema=self._json_schema(place, kind, item.get("json_schema")),
                is_personal=self._flag(
                    f"{place}/personal", item.get("personal", kind in PERSONAL_TYPES)
                ),
            )

    def _options(self, place: str, kind: str, given: object) -> Iterator[Option]:
        if kind not in _WITH_OPTIONS:
            if given:
                hint = "leave them out, or make the field a select"
                self._note(f"{place}/options", f"a {kind} has no options", hint)
            return
        if not given:
            self._note(
                f"{place}/options", "a select needs options", "list at least one"
            )
        taken: set[str] = set()
        for at, item in self._items(f"{place}/options", given or [], OPTIONS_MAX):
            self._known(at, item, ("slug", "label"))
            label, slug = self._names(at, item, taken)
            yield Option(next(self._ids), slug, label)

    def _statuses(self, given: object) -> tuple[Status, ...]:
        taken: set[str] = set()
        found: list[Status] = []
        for place, item in self._items(
            "/statuses", given or DEFAULT_STATUSES, STATUSES_MAX
        ):
            self._known(place, item, _STATUS_KEYS)
            label, slug = self._names(place, item, taken)
            types = tuple(kind.value for kind in StatusType)
            kind = self._one_of(f"{place}/type", item.get("type", "active"), types)
            is_default = self._flag(f"{place}/default", item.get("default", False))
            kept = StatusType(kind) if kind in types else StatusType.ACTIVE
            found.append(Status(next(self._ids), slug, label, kept, is_default))
        defaults = [status.slug for status in found if status.is_default]
        if found and len(defaults) != 1:
            hint = "mark exactly one with default: true"
            self._note("/statuses", f"{len(defaults)} statuses are the default", hint)
        return tuple(found)

    def _names(
        self, place: str, item: Mapping[str, Any], taken: set[str]
    ) -> tuple[str, str]:
        label = self._text(f"{place}/label", item.get("label"))
        slug = self._text(f"{place}/slug", item.get("slug")) or slug_of(label)
        if not is_slug(slug):
            self._note(f"{place}/slug", f"{slug!r} is not a slug", _SLUG_HINT)
        elif slug in taken:
            self._note(f"{place}/slug", f"{slug!r} is there twice", "slugs are unique")
        taken.add(slug)
        return label or slug, slug

    def _items(
        self, place: str, given: object, most: int
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if not isinstance(given, list | tuple):
            self._note(
                place, "this is not a list", "write one item a line, with a dash"
            )
            return
        items = list(cast("list[Any]", given))
        if len(items) > most:
            self._note(place, f"{len(items)} items are too many", f"at most {most}")
        for number, item in enumerate(items[:most]):
            if isinstance(item, str):
                yield f"{place}/{number}", {"label": item}
            elif isinstance(item, Mapping):
                yield f"{place}/{number}", item
            else:
                self._note(f"{place}/{number}", "this is not an object", _ITEM_HINT)

    def _known(
        self, place: str, item: Mapping[str, Any], known: tuple[str, ...]
    ) -> None:
        for key in item:
            if key not in known:
                near = nearest(str(key), known)
                hint = f"did you mean {near}?" if near else f"known: {', '.join(known)}"
                self._note(f"{place}/{key}", f"there is no key {key!r} here", hint)

    def _text(self, place: str, given: object, *, required: bool = False) -> str:
        if given is None and not required:
            return ""
        if isinstance(given, bool):
            hint = (
                f'YAML reads yes and no as booleans: write "{"yes" if given else "no"}"'
            )
            self._note(place, "this is a boolean, not text", hint)
            return ""
        if isinstance(given, str | int | float) and str(given).strip():
            text, most = str(given).strip(), NAME_CHARACTERS_MAX
            if len(text) > most:
                message = f"this has {len(text):,} characters"
                self._note(place, message, f"write {most} at most")
            return text
        self._note(place, "this has no text", "give it one")
        return ""

    def _one_of(self, place: str, given: object, known: tuple[str, ...]) -> str:
        text = str(given)
        if text not in known:
            near = nearest(text, known)
            hint = f"did you mean {near}?" if near else f"known: {', '.join(known)}"
            self._note(place, f"{text!r} is not known here", hint)
            return known[0]
        return text

    def _flag(self, place: str, given: object) -> bool:
        if isinstance(given, bool):
            return given
        self._note(place, f"{given!r} is neither true nor false", "write true or false")
        return False

    def _json_schema(self, place: str, kind: str, given: Any) -> Any:
        if given is None:
            return None
        if wrong := _wrong_json_schema(kind, given):
            self._note(f"{place}/json_schema", *wrong)
        return given if kind == "json" else None

    def _note(self, place: str, message: str, hint: str) -> None:
        code = InvalidDefinition.code
        self.problems.append(
            Problem(code, f"{place or '/'}: {message}. {hint}", pointer=place)
        )


def _decided(campaign: Campaign, given: object) -> Duplicates:
    if given is None:
        return Duplicates()
    if not isinstance(given, Mapping) or not given.keys() <= set(_DUPLICATES_KEYS):
        raise UsageError(
            "this is no decision about duplicates",
            hint="write policy: flag, and fields: […] if not all are compared",
        )
    item = cast("Mapping[str, Any]", given)
    named = item.get("fields")
    if named is not None and not isinstance(named, list | tuple):
        raise UsageError("fields is not a list", hint="list their slugs")
    slugs = None if named is None else [str(slug) for slug in cast("list[Any]", named)]
    # To YAML a plain `off` is false.
    policy = item.get("policy", Policy.FLAG.value) or Policy.OFF.value
    return identity.decision(campaign, str(policy), slugs)


def _wrong_json_schema(kind: str, given: Any) -> tuple[str, str] | None:
    """Say what is wrong with the JSON Schema of a field, and what to do."""
    if kind != "json":
        return f"a {kind} has no JSON Schema", "leave it out"
    try:
        Draft202012Validator.check_schema(given)
    except SchemaError as error:
        return error.message[:200], "see JSON Schema 2020-12"
    far = next((ref for ref in _references(given) if ref[:1] != "#"), None)
    if far is None:
        return None
    return f"$ref {far!r} leads elsewhere", "refer within: #/$defs/…"


def _references(schema: JSON) -> Iterator[str]:
    """Yield every `$ref`: the hub never fetches a foreign page."""
    if isinstance(schema, dict):
        for key, inner in schema.items():
            if key in {"$ref", "$dynamicRef"}:
                yield str(inner)
            else:
                yield from _references(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


_SLUG_HINT = "use a-z, 0-9, - and _, at most 63, not starting or ending with - or _"
_ITEM_HINT = "write {slug: …, label: …}"
