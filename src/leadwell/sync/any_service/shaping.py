"""A lead of any service, written as the hub would; what is left over is kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import blake2b
from typing import Any, cast

import msgspec

from leadwell.sync.any_service.profile import Names

EXTRA = "_extra"
"""The column of what no other column can hold, as JSON; no field begins so."""
HOLDERS = ("fields", "field_values", "select_field_values", "data_field_values")
"""Keys of a lead whose objects hold its fields."""
_NOTHING: Mapping[str, Any] = {}
_OF_METADATA = ("external_id", "source_updated_at")
ID_MAX = 2**63
"""What databases hold."""
_DIGITS = re.compile(r"\d{1,19}", re.ASCII)
_WIRE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CREATED, _UPDATED = ("created_at", "created"), ("updated_at", "updated")
"""What the article calls them, and what it is often read as."""


@dataclass(frozen=True, slots=True)
class Told:
    """One lead as an answer told it."""

    id: int
    version: int
    """Microseconds from 1970 to its `updated_at`; 0: it says none."""
    latest: int
    """The same, if its time names no zone and came twice: of the second time."""
    wire: dict[str, Any]
    """As the hub writes leads, with its fields as they were given."""
    extra: dict[str, Any]
    """What has no place in that."""

    @property
    def mark(self) -> tuple[int, int]:
        """What it is recognised by."""
        return self.id, self.version

    @property
    def hash(self) -> str:
        """Stands for its whole content."""
        content = msgspec.json.encode((self.wire, self.extra), order="sorted")
        return blake2b(content, digest_size=8).hexdigest()


def told(lead: Mapping[str, Any], names: Names, zone: tzinfo) -> Told:
    """Read one lead.

    Raises:
        ValueError: it has no id that is a whole number.
    """
    left, extra = dict(lead), dict[str, Any]()
    lead_id = _id(left.pop(names.id, None), names.id)
    updated, moment = _moment(left, (names.updated_at, *_UPDATED), zone)
    created, _ = _moment(left, (names.created_at, *_CREATED), zone)
    version = latest = version_of(moment) if moment else 0
    if moment is not None:
        latest += repeated(moment, zone) // _MICROSECOND
    metadata = _metadata(left.pop("metadata", None), extra, zone)
    wire = {
        "id": lead_id,
        "status": _status(left.pop("status", None), extra),
        "assigned_person": _person(left.pop("assigned_person", None), extra),
        "created_at": created,
        "updated_at": updated,
        "metadata": {"version": version, **metadata},
        "fields": _fields(left, extra),
    }
    return Told(lead_id, version, latest, wire, extra)


def _fields(left: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for holder in HOLDERS:
        held = left.pop(holder, None)
        if isinstance(held, dict):
            fields |= cast("dict[str, Any]", held)
        elif held:
            extra[holder] = held
    return fields | left


def stamp(moment: datetime | None) -> str | None:
    """Write a moment as the hub does: UTC, microseconds, `Z`."""
    if moment is None:
        return None
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")


def version_of(moment: datetime) -> int:
    """Count the microseconds from 1970 to a moment."""
    return (moment - _EPOCH) // _MICROSECOND


def repeated(moment: datetime, zone: tzinfo) -> timedelta:
    """Return by how much later its local time comes again; zero: it comes once.

    Where clocks are set back, 02:30 is written twice. It is read as the first one.
    """
    local = moment.astimezone(zone)
    first, second = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    if first is None or second is None:
        return timedelta(0)
    return max(first - second, timedelta(0))


def moment_of(text: object, zone: tzinfo) -> datetime | None:
    """Read a time, in that zone if it names none; `None`: it is none."""
    if not isinstance(text, str) or len(text) < 10:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _id(given: object, name: str) -> int:
    found = int(given) if isinstance(given, str) and _DIGITS.fullmatch(given) else given
    if type(found) is int and abs(found) < ID_MAX:
        return found
    missing = f"a lead has no {name}" if given is None else "an id is no number"
    raise ValueError(f"{missing}, and copies need one that is a whole number")


def _moment(
    left: dict[str, Any], names: tuple[str, ...], zone: tzinfo
) -> tuple[str | None, datetime | None]:
    """Take a moment out of a lead, as the hub writes it; what is none stays."""
    for name in names:
        text = left.get(name)
        found = moment_of(text, zone)
        if found is not None:
            del left[name]
            is_written_so = _WIRE.fullmatch(f"{text}")
            return f"{text}" if is_written_so else stamp(found), found
    return None, None


def _status(given: object, extra: dict[str, Any]) -> dict[str, Any] | None:
    if isinstance(given, str):
        return {"slug": given, "label": given}
    choice = choice_of(given)
    if given is not None and (choice is None or given != choice):
        extra["status"] = given
    return choice


def _person(given: object, extra: dict[str, Any]) -> dict[str, Any] | None:
    if type(given) is int:
        return {"id": given, "name": f"{given}"}
    if not isinstance(given, dict):
        extra |= {} if given is None else {"assigned_person": given}
        return None
    person = cast("dict[str, Any]", given)
    person_id, name = person.get("id"), person.get("name")
    is_known = type(person_id) is int
    if not is_known or person.keys() - {"id", "name"}:
        extra["assigned_person"] = person
    known = {"id": person_id, "name": name if isinstance(name, str) else f"{person_id}"}
    return known if is_known else None


def _metadata(given: object, extra: dict[str, Any], zone: tzinfo) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        extra |= {} if given is None else {"metadata": given}
        return _NOTHING
    metadata = cast("dict[str, Any]", given)
    external, source = (metadata.get(name) for name in _OF_METADATA)
    found: dict[str, Any] = {}
    if isinstance(external, str) and "\0" not in external:
        found["external_id"] = external
    if moment := moment_of(source, zone):
        found["source_updated_at"] = stamp(moment)
    if left := {n: v for n, v in metadata.items() if n not in found and v is not None}:
        extra["metadata"] = left
    return found


def choice_of(given: object) -> dict[str, str] | None:
    """Read one option: its slug and its label; `None`: it is none."""
    if not isinstance(given, dict):
        return None
    option = cast("dict[str, object]", given)
    slug, label = option.get("slug"), option.get("label", option.get("name"))
    if not isinstance(slug, str):
        return None
    return {"slug": slug, "label": label if isinstance(label, str) else slug}
