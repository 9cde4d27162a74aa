"""Chores: what a changed filter or schema means for many leads, done in chunks.

A chunk is a write like any other, so that other writers wait a moment and no more.
What is not done yet is kept in `chore`: whoever comes next goes on with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from leadwell.model.campaign import Campaign
from leadwell.model.grant import OPERATOR
from leadwell.model.lead import Lead, Value
from leadwell.store import campaigns
from leadwell.store.connection import Connection, remembered
from leadwell.store.duplicates import keys
from leadwell.store.writes import rows, scopes, ticket
from leadwell.store.writes.scopes import Membership, Reason, Step
from leadwell.store.writes.writing import Writing

CHUNK = 500
"""Leads in one chunk: some tens of milliseconds."""


class Kind(StrEnum):
    """What is to be done to the leads."""

    FLIP = "flip"
    """Move them in or out of a filter's scope."""
    REVISE = "revise"
    """Give every lead a new revision: a field has another slug, or is gone."""
    REVISE_HOLDERS = "revise_holders"
    """… those that hold an option or a status that has another slug, or is gone."""
    RENDER = "render"
    """Store every lead as today's schema shows it. No reader is told: a lead that is
    stored otherwise is rendered when it is read, which only takes longer."""
    KEYS = "keys"
    """Keep by which keys duplicates are found: the campaign asks otherwise now. Only
    its people are shown what comes of it."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Some work on many leads, and how far it has come."""

    kind: Kind
    part_id: int
    """The filter; or the field, option or status that has changed."""
    done_to: int
    """The last lead that is done, by id."""


def add(connection: Connection, campaign_id: int, kind: Kind, part_id: int) -> None:
    """Put work on the list, or begin it anew when it is there already."""
    connection.run(
        """
        INSERT INTO chore (campaign_id, kind, part_id, done_to)
             VALUES (:campaign_id, :kind, :part_id, 0)
        ON CONFLICT (campaign_id, kind, part_id) DO UPDATE SET done_to = 0
        """,
        {"campaign_id": campaign_id, "kind": kind.value, "part_id": part_id},
    )


def drop(connection: Connection, campaign_id: int, kind: Kind, part_id: int) -> None:
    """Take work off the list."""
    connection.run(
        """
        DELETE FROM chore
         WHERE campaign_id = :campaign_id AND kind = :kind AND part_id = :part_id
        """,
        {"campaign_id": campaign_id, "kind": kind.value, "part_id": part_id},
    )


def find(connection: Connection, campaign_id: int) -> list[Chore]:
    """Return what is to be done, what readers wait for first: revisions, then flips."""
    found = connection.rows(
        """
        SELECT kind, part_id, done_to FROM chore
         WHERE campaign_id = :campaign_id
         ORDER BY kind = 'render', kind = 'keys', kind DESC, part_id
        """,
        {"campaign_id": campaign_id},
    )
    return [Chore(Kind(row[0]), row[1], row[2]) for row in found]


def remaining(connection: Connection, campaign_id: int) -> int:
    """Return how many leads are still to be looked at, as far as ids tell."""
    ((left,),) = connection.rows(
        """
        SELECT coalesce(sum(counter.lead_id - chore.done_to), 0)
          FROM chore
          JOIN counter ON counter.campaign_id = chore.campaign_id
         WHERE chore.campaign_id = :campaign_id
        """,
        {"campaign_id": campaign_id},
    )
    return int(left)


def left(connection: Connection, campaign_id: int, kind: Kind) -> int:
    """Return how many leads are still to be looked at for chores of one kind."""
    ((count,),) = connection.rows(
        """
        SELECT coalesce(sum(counter.lead_id - chore.done_to), 0)
          FROM chore
          JOIN counter ON counter.campaign_id = chore.campaign_id
         WHERE chore.campaign_id = :campaign_id AND chore.kind = :kind
        """,
        {"campaign_id": campaign_id, "kind": kind.value},
    )
    return int(count)


@remembered
def is_pending(connection: Connection, campaign_id: int, scope_id: int) -> bool:
    """Whether something is to be done that readers of this scope will be told of."""
    return bool(
        connection.rows(
            """
            SELECT 1 FROM chore
             WHERE campaign_id = :campaign_id
               AND kind NOT IN ('render', 'keys')
               AND (kind <> 'flip' OR part_id = :scope_id)
             LIMIT 1
            """,
            {"campaign_id": campaign_id, "scope_id": scope_id},
        )
    )


def campaigns_with_work(connection: Connection) -> list[int]:
    """Return the campaigns that have something to do."""
    found = connection.rows("SELECT DISTINCT campaign_id FROM chore ORDER BY 1")
    return [row[0] for row in found]


def work(connection: Connection, campaign: Campaign, now: int) -> bool:
    """Do one chunk of the first chore; return whether anything is left to do.

    `now` is in microseconds. One transaction, and its ticket is taken first.
    """
    taken = ticket.take(connection, campaign.id, CHUNK, now)
    # The schema may have changed before the ticket was given.
    campaign = campaigns.known(connection, campaign.id)
    waiting = find(connection, campaign.id)
    if not waiting:
        taken.close()
        return False
    is_done = _chunk(connection, campaign, waiting[0], taken)
    return not is_done or len(waiting) > 1


def settle(connection: Connection, campaign: Campaign, scope_id: int, now: int) -> None:
    """Finish the flip of a scope before it is given up, or given another filter.

    Its readers may have been shown leads that it does not hold yet, and only what it
    holds can be taken back from them.
    """
    while mine := [
        chore
        for chore in find(connection, campaign.id)
        if (chore.kind, chore.part_id) == (Kind.FLIP, scope_id)
    ]:
        taken = ticket.take(connection, campaign.id, CHUNK, now)
        _chunk(connection, campaign, mine[0], taken)


def _chunk(
    connection: Connection, campaign: Campaign, chore: Chore, taken: ticket.Ticket
) -> bool:
    """Do one chunk, and close the ticket; return whether the chore is done."""
    if chore.kind is Kind.RENDER:
        taken.close()
        return _render(connection, campaign, chore)
    leads = rows.find_after(connection, campaign, chore.done_to, CHUNK)
    if chore.kind is Kind.FLIP:
        _flip(connection, campaign, chore.part_id, leads, taken)
        taken.close()
    elif chore.kind is Kind.KEYS:
        keys.fill(connection, campaign, leads)
        taken.close()
    else:
        writing = Writing(connection, campaign, OPERATOR, taken)
        for lead in _to_revise(campaign, chore, leads):
            writing.revise(lead, cleaned(campaign, lead))
        writing.close()
    return _ended(connection, campaign.id, chore, leads)


def _render(connection: Connection, campaign: Campaign, chore: Chore) -> bool:
    found = rows.find_rendered(connection, campaign, chore.done_to, CHUNK)
    version = campaign.schema_version
    rows.render(connection, campaign, [x for x, _, shown in found if shown != version])
    return _ended(connection, campaign.id, chore, [lead for lead, _, _ in found])


def _ended(
    connection: Connection, campaign_id: int, chore: Chore, leads: Sequence[Lead]
) -> bool:
    """Note how far the chore has come with these leads; return whether it is done."""
    if len(leads) < CHUNK:
        drop(connection, campaign_id, chore.kind, chore.part_id)
        return True
    _note_done(connection, campaign_id, chore, leads[-1].id)
    return False


def cleaned(campaign: Campaign, lead: Lead) -> Lead:
    """Return the lead without the options and the status that are gone."""
    values: dict[int, Value] = {}
    for ref, value in lead.values.items():
        field = campaign.field_by_id[ref]
        if field.type == "select" and value not in field.option_by_id:
            continue
        if field.type == "multi_select" and isinstance(value, tuple):
            values[ref] = tuple(each for each in value if each in field.option_by_id)
        else:
            values[ref] = value
    values = {ref: value for ref, value in values.items() if value != ()}
    status = lead.status if lead.status in campaign.status_by_id else None
    return replace(lead, values=values, status=status)


def _flip(
    connection: Connection,
    campaign: Campaign,
    scope_id: int,
    leads: Iterable[Lead],
    taken: ticket.Ticket,
) -> None:
    found = scopes.find_open(connection, campaign)
    scope = next(each for each in found if each.id == scope_id)
    members = Membership(connection, campaign, (scope,))
    for lead in leads:
        members.load([lead.id])
        if members.is_in(scope, lead.id) != members.belongs(scope, lead):
            seq = taken.next_seq()
            step = Step(
                lead.id, lead, lead.version, seq, taken.now, Reason.SCOPE_CHANGED
            )
            members.follow_in(scope, step)
    members.close()


def _to_revise(
    campaign: Campaign, chore: Chore, leads: Iterable[Lead]
) -> Iterable[Lead]:
    if chore.kind is Kind.REVISE:
        return leads
    return (lead for lead in leads if _holds(campaign, lead, chore.part_id))


def _holds(campaign: Campaign, lead: Lead, part_id: int) -> bool:
    if lead.status == part_id:
        return True
    for ref, value in lead.values.items():
        kind = campaign.field_by_id[ref].type
        if kind == "select" and value == part_id:
            return True
        if kind == "multi_select" and isinstance(value, tuple) and part_id in value:
            return True
    return False


def _note_done(
    connection: Connection, campaign_id: int, chore: Chore, lead_id: int
) -> None:
    connection.run(
        """
        UPDATE chore SET done_to = :done_to
         WHERE campaign_id = :campaign_id AND kind = :kind AND part_id = :part_id
        """,
        {
            "campaign_id": campaign_id,
            "kind": chore.kind.value,
            "part_id": chore.part_id,
            "done_to": lead_id,
        },
    )
