"""What the placeholders of a profile stand for, for one lead."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, cast

from leadwell.errors import UsageError
from leadwell.sync.destinations.push.lead import Item
from leadwell.sync.destinations.push.profile import EACH, Profile
from leadwell.sync.destinations.push.template import Unfit
from leadwell.sync.table import Kind, Table

OWN = (
    "id",
    "version",
    "campaign_id",
    "event_id",
    "external_id",
    "reason",
    "remote_id",
    "status",
    "status.label",
    "assigned_person",
    "assigned_person.name",
    "created_at",
    "updated_at",
    "source_updated_at",
)
"""Placeholders that every lead has."""
_WITH_LABELS = (Kind.CHOICE, Kind.CHOICES)


@dataclass(frozen=True, slots=True)
class Source:
    """Makes values of leads."""

    campaign_id: int
    maps: Mapping[str, Mapping[str, Any]]
    secrets: Mapping[str, str]

    def of(self, item: Item, remote_id: Any) -> dict[str, Any]:
        """Return all values of a lead; of a removed one there are few.

        Raises:
            Unfit: a slug has no value in the target.
        """
        entry = item.entry
        parts = (self.campaign_id, entry.lead_id, entry.version, entry.step)
        found: dict[str, Any] = {
            "id": entry.lead_id,
            "version": entry.version,
            "campaign_id": self.campaign_id,
            "event_id": "msg_" + "_".join(map(str, parts)),
            "external_id": entry.external_id,
            "reason": entry.reason or None,
            "remote_id": remote_id,
        }
        found |= {f"secrets.{name}": held for name, held in self.secrets.items()}
        return found | self._of_lead(item.lead) if item.lead else found

    def _of_lead(self, lead: Mapping[str, Any]) -> dict[str, Any]:
        person: Mapping[str, Any] = lead["assigned_person"] or {}
        found: dict[str, Any] = {
            "assigned_person": person.get("id"),
            "assigned_person.name": person.get("name"),
            "created_at": lead["created_at"],
            "updated_at": lead["updated_at"],
            "source_updated_at": lead["metadata"]["source_updated_at"],
        }
        shown = {"status": lead["status"]}
        shown |= {f"fields.{slug}": value for slug, value in lead["fields"].items()}
        for name, value in shown.items():
            found |= self._of_value(name, value)
        return found

    def _of_value(self, name: str, value: Any) -> dict[str, Any]:
        chosen = self.maps.get(name.removeprefix("fields."))
        if isinstance(value, dict) and "slug" in value:
            choice = cast("Mapping[str, str]", value)
            mapped = _mapped(name, chosen, choice["slug"])
            return {name: mapped, f"{name}.label": choice["label"]}
        if isinstance(value, list) and all(
            map(_is_choice, cast("list[object]", value))
        ):
            choices = cast("list[Mapping[str, str]]", value)
            mapped = [_mapped(name, chosen, each["slug"]) for each in choices]
            return {name: mapped, f"{name}.label": [each["label"] for each in choices]}
        return {name: value}


def _is_choice(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return set(cast("Mapping[str, Any]", value)) == {"slug", "label"}


def _mapped(name: str, chosen: Mapping[str, Any] | None, slug: str) -> Any:
    if chosen is None:
        return slug
    if slug not in chosen and "*" not in chosen:
        field = name.removeprefix("fields.")
        raise Unfit(f"{slug!r} has no value in [map.{field}] of the profile")
    return chosen.get(slug, chosen.get("*"))


def check(profile: Profile, table: Table) -> None:
    """Refuse placeholders and maps of what no lead of the campaign has.

    Raises:
        UsageError: says which, and what was meant.
    """
    fields = [column for column in table.columns if column.field is not None]
    known = {*OWN, *(f"secrets.{name}" for name in profile.secrets)}
    known |= {f"fields.{each.field}" for each in fields}
    known |= {f"fields.{c.field}.label" for c in fields if c.kind in _WITH_LABELS}
    for name, call in profile.calls.items():
        own = {EACH} if call.each is not None else set[str]()
        for placeholder in sorted(call.placeholders() - known - own):
            raise _unknown(f"{{{placeholder}}} in {name}", placeholder, known)
    chosen = {each.field or "" for each in fields if each.kind in _WITH_LABELS}
    for field in sorted(profile.map.keys() - chosen - {"status"}):
        raise _unknown(f"[map.{field}]", field, {*chosen, "status"})


def _unknown(what: str, given: str, known: set[str]) -> UsageError:
    close = get_close_matches(given, sorted(known), 1)
    meant = f"did you mean {close[0]}? " if close else ""
    listed = ", ".join(sorted(known))
    return UsageError(
        f"{what} names nothing that a lead of this campaign has",
        hint=f"{meant}there are {listed}",
    )
