"""What each lead ever was, told by its history: the other way to what readers see."""

import json
from collections.abc import Iterable
from typing import Any

from leadwell.model.campaign import Campaign
from leadwell.model.lead import Lead
from leadwell.model.query import Condition
from leadwell.schema.matching import matches
from leadwell.store.connection import Connection
from leadwell.store.leads import values_of
from leadwell.store.writes import history, rows
from tests import make

State = dict[str, Any]
"""What a lead held, as it is stored: by field id, and its status."""


def states(connection: Connection, campaign: Campaign, lead_id: int) -> list[State]:
    """Return all that the lead ever was, newest first, by undoing what was noted."""
    lead = rows.find(connection, campaign, lead_id)
    state: State = {}
    if lead is not None:
        state = rows.stored(campaign, lead.values) | {"status": lead.status}
    found = [dict(state)]
    for revision in reversed(history.find(connection, campaign.id, lead_id)):
        state |= {name: before for name, (before, _) in revision.changes.items()}
        found.append(dict(state))
    return found


def is_ever_in(
    campaign: Campaign, held: Iterable[tuple[Condition, ...]], found: list[State]
) -> bool:
    """Whether any of these filters matches anything of what the lead was."""
    # Every lead has a name: what holds nothing is a lead that is gone.
    leads = [_lead(campaign, state) for state in found if _fields(state)]
    return any(matches(campaign, each, lead) for each in held for lead in leads)


def _lead(campaign: Campaign, state: State) -> Lead:
    return Lead(
        campaign_id=campaign.id,
        id=1,
        version=1,
        status=state.get("status"),
        assigned_to=None,
        created_at=make.MIDNIGHT,
        updated_at=make.MIDNIGHT,
        values=values_of(campaign, json.dumps(_fields(state))),
    )


def _fields(state: State) -> State:
    return {ref: x for ref, x in state.items() if ref.isdigit() and x is not None}
