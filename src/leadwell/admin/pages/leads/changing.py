"""Change one lead as somebody has typed it, unless others changed it meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from leadwell.admin.pages.leads import inputs
from leadwell.admin.pages.leads.inputs import Input
from leadwell.admin.visit import Visit
from leadwell.errors import LeadNotFound
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Author
from leadwell.schema.fields import type_named
from leadwell.store import leads
from leadwell.store.connection import Connection
from leadwell.store.writes import history
from leadwell.store.writes.writing import Writing


@dataclass(frozen=True, slots=True)
class Held:
    """A lead as somebody sees it, with its campaign."""

    campaign: Campaign
    lead: dict[str, Any]

    @property
    def version(self) -> int:
        """The lead's own revision."""
        number: int = self.lead["metadata"]["version"]
        return number


@dataclass(frozen=True, slots=True)
class Differing:
    """One thing that was typed on what is not there any more."""

    now: Input
    typed: Input


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of an edit."""

    held: Held
    """The lead as it is now."""
    is_changed: bool = False
    differing: Sequence[Differing] = ()
    """What was typed, where somebody else has changed the lead: nothing is saved."""


def author_of(visit: Visit, campaign: Campaign) -> Author:
    """Return whose name stands in the history of what somebody changes."""
    grant = visit.user.grant(campaign)
    return Author(grant.lineage, grant.forced)


def begin(
    visit: Visit, connection: Connection, campaign: Campaign, count: int = 1
) -> Writing:
    """Begin to write leads of a campaign that is held."""
    author = author_of(visit, campaign)
    return Writing.begin(connection, campaign, author, visit.hub.now, count)


def held(visit: Visit, connection: Connection, campaign: Campaign, ref: int) -> Held:
    """Return a lead.

    Raises:
        LeadNotFound: there is none.
    """
    query = visit.user.grant(campaign).lead(campaign, ref)
    body = leads.find_one(connection, campaign, query)
    if body is None:
        raise LeadNotFound.of(ref, campaign.id)
    return Held(campaign, msgspec.json.decode(body))


def save(visit: Visit, connection: Connection, lead_id: int, version: int) -> Edited:
    """Save what was typed on this version of a lead.

    Raises:
        LeadNotFound: there is no such lead any more.
        InvalidLead: it breaks the schema.
    """
    campaign = visit.held(connection)
    writing = begin(visit, connection, campaign)
    known = held(visit, connection, campaign, lead_id)
    now = inputs.of_lead(visit.said, campaign, known.lead)
    seen = now
    if known.version != version:
        seen = _as_it_was(visit, connection, known, version, now)
    changed = [
        Differing(holds, typed)
        for holds, was, typed in _typed(visit, now, seen)
        if typed.texts not in (was.texts, holds.texts)
    ]
    if known.version != version and changed:
        return Edited(known, differing=changed)
    if not changed:
        writing.close()
        return Edited(known)
    typed = [each.typed for each in changed]
    given = inputs.read(visit.said, campaign, typed, is_new=False)
    outcome = writing.change(lead_id, given, frozenset((version,)))
    writing.close()
    lead = msgspec.json.decode(outcome.body)
    return Edited(Held(campaign, lead), is_changed=outcome.is_changed)


def _typed(
    visit: Visit, now: Sequence[Input], seen: Sequence[Input]
) -> list[tuple[Input, Input, Input]]:
    by_name = {each.name: each for each in seen}
    holds = {each.name: each for each in now}
    return [
        (holds[each.name], by_name[each.name], each)
        for each in inputs.typed(visit.form, now)
    ]


def _as_it_was(
    visit: Visit,
    connection: Connection,
    known: Held,
    version: int,
    now: Sequence[Input],
) -> list[Input]:
    """Return what the lead held at a version, as far as its history tells."""
    campaign = known.campaign
    lead = {**known.lead, "fields": dict(known.lead["fields"])}
    revisions = history.find(connection, campaign.id, known.lead["id"])
    for each in reversed([each for each in revisions if each.version > version]):
        for ref, (before, _) in each.changes.items():
            _put_back(campaign, lead, ref, before)
    return inputs.of_lead(visit.said, campaign, lead) if revisions else list(now)


def _put_back(campaign: Campaign, lead: dict[str, Any], ref: str, before: Any) -> None:
    if ref == "status":
        status = campaign.status_by_id.get(before)
        lead["status"] = {"slug": status.slug} if status else None
    elif ref == "assigned_to":
        lead["assigned_person"] = {"id": before} if before else None
    elif ref.isdecimal() and (field := campaign.field_by_id.get(int(ref))):
        kind = type_named(field.type)
        value = None if before is None else kind.restored(before)
        shown = None if value is None else kind.show(field, value)
        fields: dict[str, Any] = lead["fields"]
        fields[field.slug] = msgspec.to_builtins(shown)
