"""Which leads are one person's: by what they hold, what they held, and by mergers.

Any field counts that holds the address or number as its whole value, also an external
id. A text that mentions it among other words is told of and left: the lead may be
somebody else's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from leadwell.model.campaign import Campaign
from leadwell.model.grant import Grant
from leadwell.model.query import Question
from leadwell.schema.identity import Identity
from leadwell.schema.operators import CONTAINS
from leadwell.store import filtering
from leadwell.store.connection import Connection, Row, one
from leadwell.store.writes import erasing
from leadwell.store.writes.scopes import WHOLE

WINDOW = 20_000
"""How many ids one statement looks at: no database gives up, however many leads."""
_ENDS = frozenset({"delete", "merge"})
"""The revisions after which a lead may be gone: nothing is held by it then."""

Identities = Sequence[Identity]


@dataclass(frozen=True, slots=True)
class Found:
    """What a campaign holds of one person."""

    campaign: Campaign
    leads: tuple[int, ...]
    """Leads that hold the address or number, or did when they were deleted, and those
    that such a lead was merged into: each is the person's, and erased as a whole."""
    merged: tuple[int, ...]
    """Leads that were merged into those: they go with them."""
    former: tuple[int, ...]
    """Leads that hold another one now. They may be somebody else's, so that nobody can
    tell by a program alone; only their history holds this one."""
    mentioned: tuple[int, ...]
    """Leads of others, with a text in which it stands among other words."""
    filters: tuple[str, ...]
    """Names of saved filters that ask for it; an empty one was made for a token."""
    closed: int = 0
    """How many filters ask for it that nobody uses any more."""

    @property
    def is_empty(self) -> bool:
        """Whether the campaign holds nothing of the person."""
        told = (self.leads, self.former, self.mentioned, self.filters, self.closed)
        return not any(told)

    def with_former(self, connection: Connection) -> "Found":
        """Return the same with what held the address before: that is the person's too.

        Somebody has looked at those leads and said so.
        """
        return _gathered(connection, self, {*self.leads, *self.former}, set())


def find(
    connection: Connection, grant: Grant, campaign: Campaign, identities: Identities
) -> Found:
    """Look through a campaign, as far as somebody's grant reaches.

    No index serves it: all leads are looked at, and all of their history.
    """
    there, held = dict[int, bool](), dict[int, bool]()
    for after in range(0, _last(connection, campaign), WINDOW):
        there |= _there(connection, grant, campaign, identities, after)
        held |= _held(connection, campaign, identities, after)
    # What a lead holds today is no question of its history.
    whole = {ref for ref, is_whole in there.items() if is_whole}
    gone = {ref for ref, at_last in held.items() if at_last}
    former = {ref for ref, at_last in held.items() if not at_last}
    names = tuple(_filters(connection, campaign, identities, is_closed=False))
    closed = len([*_filters(connection, campaign, identities, is_closed=True)])
    only_told = Found(campaign, (), (), (), tuple(sorted(there)), names, closed)
    return _gathered(connection, only_told, whole | gone, former)


def _gathered(
    connection: Connection, found: Found, leads: set[int], former: set[int]
) -> Found:
    campaign_id = found.campaign.id
    roots = {_root(connection, campaign_id, each) for each in leads}
    # What is merged into one that is merged into another one goes with the last.
    merged = {
        further
        for root in roots
        for further in erasing.merged_into(connection, campaign_id, root)
        if not erasing.is_erased(connection, campaign_id, further)
    }
    return replace(
        found,
        leads=tuple(sorted(roots - merged)),
        merged=tuple(sorted(merged)),
        former=tuple(sorted(former - roots - merged)),
        mentioned=tuple(x for x in found.mentioned if x not in roots | merged),
    )


def _last(connection: Connection, campaign: Campaign) -> int:
    ((last,),) = connection.rows(
        "SELECT lead_id FROM counter WHERE campaign_id = :campaign_id",
        {"campaign_id": campaign.id},
    )
    return int(last)


def _there(
    connection: Connection,
    grant: Grant,
    campaign: Campaign,
    identities: Identities,
    after: int,
) -> dict[int, bool]:
    """Return the leads that hold it, and whether each does as a whole value."""
    query = grant.query(campaign, Question())
    clause = filtering.where(connection.dialect, campaign, query)
    alike = [
        CONTAINS.sql.format(
            held="lead.keys", asked=clause.bind(CONTAINS.bound(_inner(each.key)))
        )
        for each in identities
    ]
    named = ", ".join(clause.bind(each.key) for each in identities)
    alike.append(f"lower(lead.external_id) IN ({named})")
    found = connection.rows(
        f"""
        SELECT lead.id, lead.keys, lead.external_id FROM lead
         WHERE {clause.sql} AND lead.id > :after AND lead.id <= :upto
           AND ({" OR ".join(alike)})
         ORDER BY lead.id
        """,
        {**clause.params, "after": after, "upto": after + WINDOW},
    )
    there: dict[int, bool] = {}
    for lead_id, keys, external_id in found:
        values = [*_values(keys).values(), external_id]
        there[lead_id] = any(x.is_held(value) for value in values for x in identities)
    return there


def _held(
    connection: Connection, campaign: Campaign, identities: Identities, after: int
) -> dict[int, bool]:
    """Return the leads whose history holds it, and whether each did when it ended.

    A lead that is there is not among those that did.
    """
    found: dict[int, bool] = {}
    for lead_id, op, changes in _revisions(connection, campaign, identities, after):
        pairs = _values(changes).values()
        is_told = any(each.is_held(x) for y in pairs for x in y for each in identities)
        if is_told:
            found[lead_id] = op in _ENDS and all(after is None for _, after in pairs)
    return found


def _revisions(
    connection: Connection, campaign: Campaign, identities: Identities, after: int
) -> list[Row]:
    params: dict[str, Any] = {
        "campaign_id": campaign.id,
        "after": after,
        "upto": after + WINDOW,
    }
    alike: list[str] = []
    for number, each in enumerate(identities):
        params[f"like_{number}"] = CONTAINS.bound(_inner(each.key))
        alike.append(
            CONTAINS.sql.format(
                held="lower(lead_history.changes)", asked=f":like_{number}"
            )
        )
    # As it was written, not as it is compared: a text with letters that databases do
    # not make small alike is looked at here.
    alike.append("octet_length(lead_history.changes) <> length(lead_history.changes)")
    return connection.rows(
        f"""
        SELECT lead_history.lead_id, lead_history.op, lead_history.changes
          FROM lead_history
         WHERE lead_history.campaign_id = :campaign_id
           AND lead_history.lead_id > :after AND lead_history.lead_id <= :upto
           AND ({" OR ".join(alike)})
         ORDER BY lead_history.lead_id, lead_history.version
        """,
        params,
    )


def _root(connection: Connection, campaign_id: int, lead_id: int) -> int:
    """Return the lead that this one lives on in: itself, if it was not merged."""
    row = one(
        connection.rows(
            """
            SELECT merged_into FROM scope_member
             WHERE campaign_id = :campaign_id AND lead_id = :lead_id
               AND scope_id = :whole
            """,
            {"campaign_id": campaign_id, "lead_id": lead_id, "whole": WHOLE},
        )
    )
    into = row[0] if row else None
    if into is None or erasing.is_erased(connection, campaign_id, into):
        return lead_id
    return _root(connection, campaign_id, into)


def _filters(
    connection: Connection,
    campaign: Campaign,
    identities: Identities,
    *,
    is_closed: bool,
) -> Iterator[str]:
    found = connection.rows(
        """
        SELECT name, conditions FROM filter
         WHERE campaign_id = :campaign_id AND closed = :closed
         ORDER BY id
        """,
        {"campaign_id": campaign.id, "closed": int(is_closed)},
    )
    for name, conditions in found:
        if any(each.is_held(x) for x in _texts(conditions) for each in identities):
            yield name or ""


def _texts(conditions: str) -> Iterator[Any]:
    for condition in msgspec.json.decode(conditions, type=list[dict[str, Any]]):
        yield from condition["values"]


def _values(text: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    return found


def _inner(text: str) -> str:
    """Write a text as it stands in a text of JSON."""
    return msgspec.json.encode(text).decode()[1:-1]
