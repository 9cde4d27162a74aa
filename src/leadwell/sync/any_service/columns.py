"""The columns of a service's leads: as its schema says, else as its leads have them.

Whatever has no column of its own goes to `_extra`, as JSON: nothing is lost.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from leadwell.sync.any_service.shaping import EXTRA, Told, choice_of
from leadwell.sync.cells import Fault, Row, row_of
from leadwell.sync.table import Table, table_of

COLUMNS_MAX = 500
"""Fewer than any database allows; what is beyond goes to `_extra`."""
_NAME = re.compile(r"[^\W_](?:[\w -]*\w)?")
_NAME_BYTES_MAX = 55
"""PostgreSQL cuts names at 63; the view appends `.label`."""
_OF_CHOICE = frozenset({"slug", "label", "name"})
_CHOICES = frozenset({"select", "multi_select"})
_EXTRA_FIELD = {"slug": EXTRA, "label": "What has no column", "type": "json"}
_OWN = {column.name for column in table_of({"fields": [], "statuses": []}).columns}


@dataclass(slots=True)
class Columns:
    """The schema of a service, as far as it is known; it grows with the leads."""

    schema: dict[str, Any]
    """As the hub answers one."""
    is_served: bool
    """Whether the service itself says which fields there are."""
    table: Table = field(init=False)
    _fields: dict[str, dict[str, Any]] = field(init=False)
    _folded: set[str] = field(init=False)
    _slugs: dict[str, set[str]] = field(init=False)
    """The options of each field that has some; of `""`, the statuses."""

    def __post_init__(self) -> None:
        """Read the schema."""
        fields = [each for each in self.schema["fields"] if each["slug"] != EXTRA]
        self.schema = self.schema | {"fields": [*fields, _EXTRA_FIELD]}
        self._fields = {each["slug"]: each for each in self.schema["fields"]}
        self._folded = {slug.casefold() for slug in self._fields}
        self._slugs = {
            slug: {option["slug"] for option in each.get("options", ())}
            for slug, each in self._fields.items()
            if each["type"] in _CHOICES
        } | {"": {each["slug"] for each in self.schema["statuses"]}}
        self.table = table_of(self.schema)

    def learn(self, leads: Iterable[Told]) -> bool:
        """Take up what leads have that was not met yet; whether there was any."""
        before, schema = self._size(), self.schema
        for lead in leads:
            self._take_status(lead.wire["status"])
            for name, value in lead.wire["fields"].items():
                if name in self._slugs:
                    self._take_options(name, value)
                elif name not in self._fields:
                    self._take(name, value)
        if self._size() == before and self.schema is schema:
            return False
        fields = [each for slug, each in self._fields.items() if slug != EXTRA]
        self.schema = self.schema | {"fields": [*fields, _EXTRA_FIELD]}
        self.table = table_of(self.schema)
        return True

    def row(self, lead: Told) -> tuple[Row, list[Fault]]:
        """Put a lead into its columns; what breaks a served schema is a fault."""
        extra = dict(lead.extra)
        fields: dict[str, Any] = {}
        for name, value in lead.wire["fields"].items():
            if name in self._slugs:
                fields[name] = _fitting(name, value, extra)
            elif name in self._fields:
                fields[name] = value
            elif value is not None:
                extra[name] = value
        fields[EXTRA] = extra or None
        wire = lead.wire | {"fields": fields}
        row, faults = row_of(wire, self.table)
        if not faults or self.is_served:
            return row, faults
        # Nobody said what a field holds, so another kind of value is no fault.
        slugs = {column.name: column.field or "" for column in self.table.columns}
        misfits = {slugs[each.field] for each in faults}
        extra |= {slug: lead.wire["fields"].get(slug) for slug in misfits}
        fields |= dict.fromkeys(misfits) | {EXTRA: extra}
        return row_of(wire, self.table)

    def _size(self) -> tuple[int, int]:
        return len(self._fields), sum(map(len, self._slugs.values()))

    def _take_status(self, status: Mapping[str, str] | None) -> None:
        known = self._slugs[""]
        if status and status["slug"] not in known:
            known.add(status["slug"])
            statuses = [*self.schema["statuses"], {**status, "type": ""}]
            self.schema = self.schema | {"statuses": statuses}

    def _take(self, name: str, value: object) -> None:
        # An empty list does not say what it is a list of.
        if value is None or value == [] or self.is_served or not self._is_free(name):
            return
        kind = kind_of(value)
        self._fields[name] = {"slug": name, "label": name, "type": kind}
        self._folded.add(name.casefold())
        if kind in _CHOICES:
            self._slugs[name] = set()
            self._take_options(name, value)

    def _is_free(self, name: str) -> bool:
        return (
            len(self._fields) < COLUMNS_MAX
            and _is_name(name)
            and name.casefold() not in self._folded
        )

    def _take_options(self, name: str, value: object) -> None:
        found = cast("list[object]", value) if isinstance(value, list) else [value]
        for choice in map(choice_of, found):
            if choice and choice["slug"] not in self._slugs[name]:
                self._slugs[name].add(choice["slug"])
                known = self._fields[name]
                options = [*known.get("options", ()), choice]
                self._fields[name] = known | {"options": options}


def inferred() -> Columns:
    """Return the columns of a service that says nothing about its fields."""
    return Columns({"fields": [], "statuses": []}, is_served=False)


def served(given: object) -> Columns | None:
    """Read the schema that a service answered; `None`: it is none of this shape."""
    content = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    schema = content.get("data", content)
    try:
        fields = _named(_field(each) for each in schema["fields"])
        statuses = [
            {"slug": each["slug"], "label": each["label"], "type": each.get("type", "")}
            for each in schema.get("statuses", [])
        ]
        return Columns({"fields": fields, "statuses": statuses}, is_served=True)
    except (KeyError, TypeError, AttributeError):
        return None


def _named(fields: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out fields that no column can be named by; their values are kept beside."""
    kept: dict[str, dict[str, Any]] = {}
    for each in fields:
        if _is_name(each["slug"]) and len(kept) < COLUMNS_MAX:
            kept.setdefault(each["slug"].casefold(), each)
    return list(kept.values())


def _is_name(name: str) -> bool:
    return (
        _NAME.fullmatch(name) is not None
        and len(name.encode()) <= _NAME_BYTES_MAX
        # Databases tell no small letters from large ones.
        and (name in _OWN or name.casefold() not in _OWN)
    )


def kind_of(value: object) -> str:
    """Return the type of field that a value most likely is of."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    if choice_of(value):
        return "select"
    options = cast("list[object]", value) if isinstance(value, list) else []
    is_choices = bool(options) and all(map(choice_of, options))
    return "multi_select" if is_choices else "json"


def _field(given: Mapping[str, Any]) -> dict[str, Any]:
    options = [
        {"slug": each["slug"], "label": each.get("label", each["slug"])}
        for each in given.get("options", [])
    ]
    slug, kind = given["slug"], given["type"]
    if not isinstance(slug, str) or not isinstance(kind, str):
        raise TypeError
    return {"slug": slug, "label": given.get("label", slug), "type": kind} | (
        {"options": options} if options else {}
    )


def _fitting(name: str, value: object, extra: dict[str, Any]) -> object:
    """Bring a choice into the hub's shape; what else it says is kept beside it."""
    if isinstance(value, str):
        return {"slug": value}
    is_list = isinstance(value, list)
    options = cast("list[object]", value) if is_list else [value]
    for each in options:
        if isinstance(each, dict) and not each.keys() <= _OF_CHOICE:
            extra[name] = value
    if not is_list:
        return value
    return [{"slug": each} if isinstance(each, str) else each for each in options]
