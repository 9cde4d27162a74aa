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

    def __post_init__(self) -> None:
        """Read the schema."""
        fields = [each for each in self.schema["fields"] if each["slug"] != EXTRA]
        self.schema = self.schema | {"fields": [*fields, _EXTRA_FIELD]}
        self._fields = {each["slug"]: each for each in self.schema["fields"]}
        self._folded = {slug.casefold() for slug in self._fields}
        self.table = table_of(self.schema)

    def learn(self, leads: Iterable[Told]) -> bool:
        """Take up what leads have that was not met yet; whether there was any."""
        before = self._size()
        for lead in leads:
            self._take_status(lead.wire["status"])
            for name, value in lead.wire["fields"].items():
                # An empty list does not say what it is a list of.
                if value is not None and value != []:
                    self._take(name, value)
        if self._size() == before:
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
            known = self._fields.get(name)
            if known is None:
                if value is not None:
                    extra[name] = value
            else:
                fields[name] = _fitting(known["type"], name, value, extra)
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

    def _size(self) -> tuple[int, int, int]:
        options = sum(len(each.get("options", ())) for each in self._fields.values())
        return len(self._fields), options, len(self.schema["statuses"])

    def _take_status(self, status: Mapping[str, str] | None) -> None:
        statuses = self.schema["statuses"]
        if status and all(status["slug"] != each["slug"] for each in statuses):
            status = {**status, "type": ""}
            self.schema = self.schema | {"statuses": [*statuses, status]}

    def _take(self, name: str, value: object) -> None:
        known = self._fields.get(name)
        if known is None:
            if self.is_served or not self._is_free(name):
                return
            known = {"slug": name, "label": name, "type": kind_of(value)}
            self._fields[name] = known
            self._folded.add(name.casefold())
        if known["type"] in {"select", "multi_select"}:
            self._take_options(known, value)

    def _is_free(self, name: str) -> bool:
        return (
            len(self._fields) < COLUMNS_MAX
            and _NAME.fullmatch(name) is not None
            and len(name.encode()) <= _NAME_BYTES_MAX
            and name.casefold() not in self._folded
            # Databases tell no small letters from large ones.
            and (name in _OWN or name.casefold() not in _OWN)
        )

    def _take_options(self, known: dict[str, Any], value: object) -> None:
        found = cast("list[object]", value) if isinstance(value, list) else [value]
        options = known.get("options", [])
        slugs = {each["slug"] for each in options}
        new = [c for c in map(choice_of, found) if c and c["slug"] not in slugs]
        if new:
            known = known | {"options": [*options, *new]}
            self._fields[known["slug"]] = known


def inferred() -> Columns:
    """Return the columns of a service that says nothing about its fields."""
    return Columns({"fields": [], "statuses": []}, is_served=False)


def served(given: object) -> Columns | None:
    """Read the schema that a service answered; `None`: it is none of this shape."""
    content = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    schema = content.get("data", content)
    try:
        fields = [_field(each) for each in schema["fields"]]
        statuses = [
            {"slug": each["slug"], "label": each["label"], "type": each.get("type", "")}
            for each in schema.get("statuses", [])
        ]
        return Columns({"fields": fields, "statuses": statuses}, is_served=True)
    except (KeyError, TypeError, AttributeError):
        return None


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


def _fitting(kind: str, name: str, value: object, extra: dict[str, Any]) -> object:
    """Bring a choice into the hub's shape; what else it says is kept beside it."""
    if kind == "select":
        if isinstance(value, str):
            return {"slug": value}
        _keep_more(name, value, [value], extra)
    if kind == "multi_select" and isinstance(value, list):
        options = cast("list[object]", value)
        _keep_more(name, options, options, extra)
        return [{"slug": o} if isinstance(o, str) else o for o in options]
    return value


def _keep_more(
    name: str, value: object, options: Iterable[object], extra: dict[str, Any]
) -> None:
    for each in options:
        if isinstance(each, dict) and each.keys() - {"slug", "label", "name"}:
            extra[name] = value
            return
