"""Why a token does not see a lead: what its owner may know, and its bearer must not."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from leadwell.model.campaign import Campaign, Column
from leadwell.model.grant import Grant
from leadwell.model.query import Condition, FieldRef
from leadwell.model.token import Token
from leadwell.schema import matching
from leadwell.store import filters, leads
from leadwell.store.connection import Connection
from leadwell.store.writes import chores, erasing, history, rows

_SHOWN_AS = {
    Column.STATUS: "status",
    Column.ASSIGNED_TO: "assigned_person",
    Column.CREATED_AT: "created_at",
    Column.UPDATED_AT: "updated_at",
    Column.ID: "id",
}


@dataclass(frozen=True, slots=True)
class Test:
    """One condition of the token's filter, and the lead."""

    condition: Condition
    holds: bool
    held: Any
    """What the lead has there, as the API shows it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What stands between a token and a lead."""

    lead_id: int
    is_there: bool
    is_open: bool
    """Whether the token itself works."""
    tests: tuple[Test, ...] = ()
    gone: str = ""
    """What became of a lead that is gone: `delete`, `merge`, `erased`; or nothing."""
    gone_at: datetime | None = None
    is_pending: bool = False
    """Whether an edit of the filter is not worked through yet."""

    @property
    def is_seen(self) -> bool:
        """Whether the token sees the lead."""
        return self.is_there and self.is_open and all(each.holds for each in self.tests)


def find(
    connection: Connection,
    campaign: Campaign,
    token: Token,
    lead_id: int,
    now: datetime,
) -> Reason:
    """Return why a token of a campaign does not see a lead, or that it does."""
    is_open = token.is_open(now)
    lead = rows.find(connection, campaign, lead_id)
    if lead is None:
        return _gone(connection, campaign, lead_id, is_open=is_open)
    filter_id = token.filter_id
    if filter_id is None:
        return Reason(lead_id, is_there=True, is_open=is_open)
    query = Grant.of_operator(campaign).lead(campaign, lead_id)
    body = leads.find_one(connection, campaign, query)
    shown = msgspec.json.decode(body or b"{}")
    conditions = filters.find(connection, campaign, filter_id).conditions
    tests = tuple(
        Test(
            each,
            matching.matches(campaign, (each,), lead),
            _held(campaign, shown, each.field),
        )
        for each in conditions
    )
    pending = chores.is_pending(connection, campaign.id, filter_id)
    return Reason(
        lead_id, is_there=True, is_open=is_open, tests=tests, is_pending=pending
    )


def _gone(
    connection: Connection, campaign: Campaign, lead_id: int, *, is_open: bool
) -> Reason:
    gone = Reason(lead_id, is_there=False, is_open=is_open)
    if erasing.is_erased(connection, campaign.id, lead_id):
        return replace(gone, gone="erased")
    revisions = history.find(connection, campaign.id, lead_id)
    if not revisions:
        return gone
    last = max(revisions, key=lambda each: each.version)
    return replace(gone, gone=last.op, gone_at=last.at)


def _held(campaign: Campaign, shown: dict[str, Any], ref: FieldRef) -> Any:
    if isinstance(ref, Column):
        return shown[_SHOWN_AS[ref]]
    field = campaign.field_by_id.get(ref)
    return shown["fields"][field.slug] if field else None
