"""Take back one revision of a lead: it holds again what it held before."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from leadwell.errors import Conflict
from leadwell.model.campaign import Campaign, Field
from leadwell.model.lead import Value
from leadwell.schema.fields import type_named
from leadwell.schema.submission import Submission
from leadwell.store.connection import Connection
from leadwell.store.writes import history
from leadwell.store.writes.writing import Outcome, Writing

Changes = Mapping[str, tuple[Any, Any]]
"""As `history.Revision.changes` has them."""


def undo(
    connection: Connection, writing: Writing, lead_id: int, version: int
) -> Outcome:
    """Undo the revision that made this version, if it is the lead's last one.

    Raises:
        LeadNotFound: there is no such lead any more.
        PreconditionFailed: it was changed since.
        Conflict: it was no edit, its history is gone, or the campaign has changed so
            that the lead cannot hold it any more.
    """
    found = history.find(connection, writing.campaign.id, lead_id)
    revision = next((each for each in found if each.version == version), None)
    if revision is None or revision.op != "update":
        raise Conflict(
            "this change cannot be undone",
            hint="see the history of the lead, and change it again",
        )
    given = former(writing.campaign, revision.changes)
    return writing.change(lead_id, given, frozenset((version,)))


def former(campaign: Campaign, changes: Changes) -> Submission:
    """Return what a lead held before these changes.

    Raises:
        Conflict: a field, option, status or person of it is gone.
    """
    values: dict[int, Value] = {}
    columns: dict[str, Any] = {}
    for ref, (before, _) in changes.items():
        if ref.isdecimal():
            values[int(ref)] = _value(campaign, int(ref), before)
        else:
            columns[ref] = before
    status = columns.get("status", UNSET)
    person = columns.get("assigned_to", UNSET)
    if status not in {UNSET, None, *campaign.status_by_id}:
        raise _gone("status")
    if person not in {UNSET, None, *campaign.person_by_id}:
        raise _gone("person")
    external_id = columns.get("external_id", UNSET)
    return Submission(values, status, person, external_id)


def _value(campaign: Campaign, ref: int, before: Any) -> Value:
    field = campaign.field_by_id.get(ref)
    if field is None:
        raise _gone("field")
    if before is None:
        return None
    value = type_named(field.type).restored(before)
    if not _chosen(field, value) <= field.option_by_id.keys():
        raise _gone("option")
    return value


def _chosen(field: Field, value: Any) -> set[int]:
    if field.type == "select":
        return {value}
    return set(value) if field.type == "multi_select" else set()


def _gone(what: str) -> Conflict:
    return Conflict(
        f"this change cannot be undone: a {what} of before is gone",
        hint="change the lead to what is right today",
    )
