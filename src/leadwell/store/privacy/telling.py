"""All that is held of one person's leads: values, history, files, and who had them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from leadwell.model.campaign import Campaign
from leadwell.model.grant import PERSON, Grant
from leadwell.model.importing import IMPORT
from leadwell.schema.fields import type_named
from leadwell.schema.times import show
from leadwell.store import leads, readers, tokens
from leadwell.store.connection import Connection
from leadwell.store.privacy.finding import Found
from leadwell.store.uploads import jobs
from leadwell.store.writes import history
from leadwell.store.writes.history import Revision

Shown = dict[str, Any]


def tell(connection: Connection, grant: Grant, found: Found) -> list[Shown]:
    """Return each lead of a person as JSON has it, also those that are deleted.

    A lead stands in it as the API shows it to who may see all of it, or as `None` once
    it was deleted: then its history says what it held.
    """
    names = _Names(connection, found.campaign)
    return [
        _lead(connection, grant, names, lead_id)
        for lead_id in sorted((*found.leads, *found.merged))
    ]


def _lead(connection: Connection, grant: Grant, names: "_Names", lead_id: int) -> Shown:
    campaign = names.campaign
    body = leads.find_one(connection, campaign, grant.lead(campaign, lead_id))
    revisions = history.find(connection, campaign.id, lead_id)
    return {
        "id": lead_id,
        "lead": None if body is None else msgspec.json.decode(body),
        "history": [
            {
                "version": each.version,
                "at": show(each.at),
                "by": names.of(each.author),
                "what": each.op,
                "changes": dict(_changes(campaign, each)),
            }
            for each in revisions
        ],
        "recipients": [
            {
                "token": each.name,
                "id": each.lineage,
                "could_read_since": show(each.since),
                "confirmed_at": show(each.confirmed_at) if each.confirmed_at else None,
            }
            for each in readers.recipients(connection, campaign, lead_id)
        ],
    }


class _Names:
    """What the authors of a campaign's changes are called; each is looked up once."""

    def __init__(self, connection: Connection, campaign: Campaign) -> None:
        self.campaign = campaign
        self._connection = connection
        self._known: dict[str, str] = {}

    def of(self, author: str) -> str:
        """Name an author: a person, the file of an import, a token, or the operator."""
        if author not in self._known:
            self._known[author] = self._look(author)
        return self._known[author]

    def _look(self, author: str) -> str:
        if not author:
            return "operator"
        if author.startswith(PERSON):
            ref = author.removeprefix(PERSON)
            person = self.campaign.person_by_id.get(int(ref))
            return person.name if person else author
        if author.startswith(IMPORT):
            number = int(author.removeprefix(IMPORT))
            job = jobs.known(self._connection, self.campaign.id, number)
            return f"file {job.file_name}"
        found = tokens.find_lineage(self._connection, author)
        return f"token {found[0].name}" if found else author


def _changes(campaign: Campaign, revision: Revision) -> Iterator[tuple[str, list[Any]]]:
    for ref, pair in revision.changes.items():
        name = ref
        if ref.isdecimal() and int(ref) in campaign.field_by_id:
            name = campaign.field_by_id[int(ref)].slug
        yield name, [_shown(campaign, ref, value) for value in pair]


def _shown(campaign: Campaign, ref: str, value: Any) -> Any:
    if value is None:
        return None
    if ref == "status":
        status = campaign.status_by_id.get(value)
        return status.slug if status else value
    if ref == "assigned_to":
        person = campaign.person_by_id.get(value)
        return person.name if person else value
    field = campaign.field_by_id.get(int(ref)) if ref.isdecimal() else None
    if field is None:
        return value
    kind = type_named(field.type)
    return msgspec.to_builtins(kind.show(field, kind.restored(value)))
