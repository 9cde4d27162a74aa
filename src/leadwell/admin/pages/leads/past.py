"""The history of a lead in words: who changed what, from what to what."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from leadwell.admin.rendering import cell
from leadwell.admin.words import Words, mark
from leadwell.model.campaign import Campaign
from leadwell.model.grant import PERSON
from leadwell.model.importing import IMPORT
from leadwell.schema.fields import type_named
from leadwell.store import tokens
from leadwell.store.connection import Connection
from leadwell.store.retention.working import RETENTION
from leadwell.store.uploads import jobs
from leadwell.store.writes import history
from leadwell.store.writes.history import Revision

_DONE = {
    "create": mark("added the lead"),
    "update": mark("changed"),
    "delete": mark("deleted the lead"),
    "merge": mark("merged another lead into it"),
    "anonymise": mark("emptied fields, and what they held is kept nowhere"),
    "schema": mark("changed the campaign, and with it"),
}
_COLUMNS = {
    "status": mark("Status"),
    "assigned_to": mark("Assigned to"),
    "external_id": mark("External id"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one thing of a lead, for people."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Told:
    """One revision of a lead in words."""

    version: int
    at: datetime
    who: str
    done: str
    changes: tuple[Change, ...]


def told(
    said: Words, connection: Connection, campaign: Campaign, lead_id: int
) -> list[Told]:
    """Return the history of a lead, newest first."""
    revisions = history.find(connection, campaign.id, lead_id)
    names = {
        author: who(said, connection, campaign, author)
        for author in {each.author for each in revisions}
    }
    return [
        Told(
            each.version,
            each.at,
            names[each.author],
            said(_DONE.get(each.op, each.op)),
            tuple(_changes(said, campaign, each)),
        )
        for each in reversed(revisions)
    ]


def who(said: Words, connection: Connection, campaign: Campaign, author: str) -> str:
    """Name who has changed a lead: a person, a token, a file, or the operator."""
    if not author:
        return said("The operator of the hub")
    if author == RETENTION:
        return said("A retention rule")
    if author.startswith(PERSON):
        ref = author.removeprefix(PERSON)
        person = campaign.person_by_id.get(int(ref)) if ref.isdecimal() else None
        return person.name if person else said("Somebody who is gone")
    if author.startswith(IMPORT):
        job = jobs.known(connection, campaign.id, int(author.removeprefix(IMPORT)))
        return said("The import of %(name)s", name=job.file_name)
    found = tokens.find_lineage(connection, author)
    is_own = bool(found) and found[0].account_id == campaign.account_id
    return said("The token %(name)s", name=found[0].name) if is_own else author


def _changes(said: Words, campaign: Campaign, revision: Revision) -> Iterator[Change]:
    for ref, (before, after) in revision.changes.items():
        label = said(_COLUMNS.get(ref, ref))
        if ref.isdecimal():
            field = campaign.field_by_id.get(int(ref))
            label = field.label if field else said("a field that is gone")
        texts = (_text(said, campaign, ref, value) for value in (before, after))
        yield Change(label, *texts)


def _text(said: Words, campaign: Campaign, ref: str, value: Any) -> str:
    if value is None:
        return ""
    if ref == "status":
        status = campaign.status_by_id.get(value)
        return status.label if status else said("a status that is gone")
    if ref == "assigned_to":
        person = campaign.person_by_id.get(value)
        return person.name if person else str(value)
    field = campaign.field_by_id.get(int(ref)) if ref.isdecimal() else None
    if field is None:
        return cell(value, said)
    kind = type_named(field.type)
    restored = kind.restored(value)
    if isinstance(restored, datetime):
        return cell(restored, said)
    return cell(msgspec.to_builtins(kind.show(field, restored)), said)
