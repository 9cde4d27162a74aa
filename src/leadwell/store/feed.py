"""The change feed: what became of the leads in a token's scope, in commit order.

It reads `scope_member`, which holds one row for every lead that was ever in the
scope. So the feed is compacted, never runs out, and has no trace of any other lead.
"""

from dataclasses import dataclass, replace
from typing import Any

from leadwell.errors import CursorLost
from leadwell.model.campaign import Campaign
from leadwell.model.cursor import NO_EPOCH, Knows, Leaving, Place
from leadwell.model.grant import LeadQuery
from leadwell.store import filtering
from leadwell.store.audit import seen
from leadwell.store.connection import Connection, Row, one, remembered
from leadwell.store.leads import COLUMNS, body_of, shown_of
from leadwell.store.writes import chores
from leadwell.store.writes.scopes import Reason

LEFT_FILTER = "left_filter"
SCOPE_CHANGED = "scope_changed"


@dataclass(frozen=True, slots=True)
class Upsert:
    """A lead as it is now."""

    lead_id: int
    version: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Removal:
    """A lead that the reader shall no longer have."""

    lead_id: int
    version: int
    reason: str
    at: int
    """In microseconds."""
    merged_into: int | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """Some changes in their order, and where the feed goes on."""

    entries: tuple[Upsert | Removal, ...]
    place: Place
    has_more: bool
    up_to_date: bool
    """Whether the reader's copy is exact once these changes are applied."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest moment of a campaign."""

    seq: int
    epoch: bytes


@remembered
def head(connection: Connection, campaign_id: int) -> Head:
    """Return the newest moment. Served by the primary keys."""
    ((seq, epoch),) = connection.rows(
        """
        SELECT counter.seq,
               (SELECT epoch.id FROM epoch
                 WHERE epoch.campaign_id = :campaign_id
                 ORDER BY epoch.from_seq DESC
                 LIMIT 1)
          FROM counter
         WHERE counter.campaign_id = :campaign_id
        """,
        {"campaign_id": campaign_id},
    )
    return Head(seq, NO_EPOCH if epoch is None else bytes(epoch))


@remembered
def check_known(
    connection: Connection, campaign_id: int, epoch: bytes, seq: int
) -> None:
    """Refuse a moment that never was in this database's history.

    A database that was restored from a backup lacks what was written after it: such
    a moment lies past the beginning of the next epoch, or past the newest moment.

    Raises:
        CursorLost: the reader has to begin anew.
    """
    params = {"campaign_id": campaign_id, "epoch": epoch}
    row = one(
        connection.rows(
            """
            SELECT from_seq FROM epoch
             WHERE campaign_id = :campaign_id AND id = :epoch
            """,
            params,
        )
    )
    is_first = epoch == NO_EPOCH
    from_seq = -1 if row is None else int(row[0])
    ((last,),) = connection.rows(
        """
        SELECT coalesce(
                 (SELECT min(epoch.from_seq) - 1 FROM epoch
                   WHERE epoch.campaign_id = :campaign_id
                     AND epoch.from_seq > :from_seq),
                 (SELECT counter.seq FROM counter
                   WHERE counter.campaign_id = :campaign_id))
        """,
        {"campaign_id": campaign_id, "from_seq": from_seq},
    )
    if (row is None and not is_first) or seq > last:
        raise CursorLost(
            "the hub was restored from a backup, and this cursor is of later",
            hint="begin anew without a cursor, and replace your copy",
        )


def read(
    connection: Connection,
    campaign: Campaign,
    query: LeadQuery,
    place: Place,
    limit: int,
) -> Changes:
    """Return the changes after a place, at most `limit`, oldest first.

    Served by `scope_member_by_seq`; it costs what the changes cost, not the leads.
    """
    now = head(connection, campaign.id)
    place = place.answered_at(now.seq, now.epoch)
    if place.leaving:
        return _departures(connection, query, place, limit)
    is_quiet = newest(connection, campaign.id, query.scope_id) <= place.seq
    rows = [] if is_quiet else _rows(connection, campaign, query, place, limit + 1)
    has_more = len(rows) > limit
    rows = rows[:limit]
    entries = tuple(_entry(campaign, query, row) for row in rows)
    seen.note(query, [each.lead_id for each in entries if isinstance(each, Upsert)])
    pending = chores.is_pending(connection, campaign.id, query.scope_id)
    reached = rows[-1][1] if has_more else max(now.seq, place.seq)
    up_to_date = not has_more and not pending
    after = replace(place, seq=reached)
    return Changes(
        entries, after.settled() if up_to_date else after, has_more, up_to_date
    )


@remembered
def newest(connection: Connection, campaign_id: int, scope_id: int) -> int:
    """Return the newest change of the scope: what a waiting reader looks at."""
    ((seq,),) = connection.rows(
        """
        SELECT coalesce(max(seq), 0) FROM scope_member
         WHERE campaign_id = :campaign_id AND scope_id = :scope_id
        """,
        {"campaign_id": campaign_id, "scope_id": scope_id},
    )
    return int(seq)


def epoch_of_scope(connection: Connection, campaign_id: int, scope_id: int) -> bytes:
    """Return the epoch in which the scope changed last."""
    seq = newest(connection, campaign_id, scope_id)
    return epoch_at(connection, campaign_id, seq)


@remembered
def epoch_at(connection: Connection, campaign_id: int, seq: int) -> bytes:
    """Return the epoch that a moment lies in."""
    row = one(
        connection.rows(
            """
            SELECT id FROM epoch
             WHERE campaign_id = :campaign_id AND from_seq <= :seq
             ORDER BY from_seq DESC
             LIMIT 1
            """,
            {"campaign_id": campaign_id, "seq": seq},
        )
    )
    return NO_EPOCH if row is None else bytes(row[0])


@remembered
def watermark(connection: Connection, campaign_id: int, scope_id: int) -> int:
    """Return what to send as `updated_after` next time, in microseconds.

    It is the stamp of a lead that the token sees: every later change has a later one.
    """
    row = one(
        connection.rows(
            """
            SELECT lead.updated_at
              FROM scope_member
              JOIN lead ON lead.campaign_id = scope_member.campaign_id
                       AND lead.id = scope_member.lead_id
             WHERE scope_member.campaign_id = :campaign_id
               AND scope_member.scope_id = :scope_id
               AND scope_member.in_scope = 1
             ORDER BY scope_member.seq DESC
             LIMIT 1
            """,
            {"campaign_id": campaign_id, "scope_id": scope_id},
        )
    )
    return 0 if row is None else int(row[0])


# Whether the reader may hold a lead: it was in after the reader began and entered
# before the reader's place. Only the last two stays are kept apart.
_MAY_HOLD = """(member.first_seq <= :held
             AND ((member.entered_seq <= :held
                   AND (member.in_scope = 1 OR member.left_seq > :start))
                  OR member.prior_seq > :start))"""


def _rows(
    connection: Connection,
    campaign: Campaign,
    query: LeadQuery,
    place: Place,
    limit: int,
) -> list[Row]:
    seen, asked, params = filtering.seen_and_asked(connection.dialect, campaign, query)
    return connection.rows(
        f"""
        SELECT member.lead_id, member.seq, member.version, member.in_scope,
               member.reason, member.at,
               (SELECT other.lead_id FROM scope_member AS other
                 WHERE other.campaign_id = :campaign_id
                   AND other.lead_id = member.merged_into
                   AND other.scope_id = :scope_id AND other.in_scope = 1),
               CASE WHEN {asked} THEN 1 ELSE 0 END,
               lead.body, lead.schema_version, {COLUMNS}
          FROM scope_member AS member
          LEFT JOIN lead ON lead.campaign_id = :campaign_id
                        AND lead.id = member.lead_id
                        AND member.in_scope = 1
         WHERE member.campaign_id = :campaign_id
           AND member.scope_id = :scope_id
           AND member.seq > :seq
           AND ((member.in_scope = 1 AND {seen}
                 AND (({asked})
                      OR (member.seq > :changed AND member.first_seq <= :held)))
                OR (member.in_scope = 0 AND {_MAY_HOLD}))
         ORDER BY member.seq
         LIMIT :limit
        """,
        params
        | {
            "scope_id": query.scope_id,
            "seq": place.seq,
            "start": place.start,
            "changed": 0 if place.knows is Knows.WHAT_IT_HELD else place.start,
            "held": place.held,
            "limit": limit,
        },
    )


def _entry(campaign: Campaign, query: LeadQuery, row: Row) -> Upsert | Removal:
    lead_id, _, version, in_scope, reason, at, merged_into, is_asked, *lead = row
    if not in_scope:
        return Removal(lead_id, version, reason, at, merged_into)
    if not is_asked:
        return Removal(lead_id, version, LEFT_FILTER, at)
    body = shown_of(body_of(campaign, tuple(lead)), query)
    # What was read, not what was noted: the lead may have changed with its scope.
    return Upsert(lead_id, version, body)


def _departures(
    connection: Connection, query: LeadQuery, place: Place, limit: int
) -> Changes:
    """Tell what the reader held in scopes that its token no longer has.

    But for leads that stood in the new scope when the reader came to it: the feed
    tells whatever becomes of them. One that enters later may leave untold.
    """
    seen.note(query, ())
    leaving = place.leaving[0]
    rows = connection.rows(
        f"""
        SELECT member.lead_id, member.seq, member.version, member.in_scope,
               member.reason, member.at
          FROM scope_member AS member
         WHERE member.campaign_id = :campaign_id
           AND member.scope_id = :old_id
           AND member.seq > :done_to
           AND (member.in_scope = 1 OR member.seq > :told)
           AND {_MAY_HOLD}
           AND NOT EXISTS (SELECT 1 FROM scope_member AS other
                            WHERE other.campaign_id = :campaign_id
                              AND other.lead_id = member.lead_id
                              AND other.scope_id = :scope_id
                              AND other.in_scope = 1
                              AND other.entered_seq <= :begun)
         ORDER BY member.seq
         LIMIT :limit
        """,
        {
            "campaign_id": query.campaign_id,
            "scope_id": query.scope_id,
            "old_id": leaving.scope_id,
            "done_to": leaving.done_to,
            "told": leaving.told,
            "held": leaving.held,
            "start": leaving.start,
            "begun": place.held,
            "limit": limit,
        },
    )
    entries = tuple(_departure(row, leaving) for row in rows)
    if len(rows) < limit:
        rest: tuple[Leaving, ...] = place.leaving[1:]
    else:
        rest = (replace(leaving, done_to=rows[-1][1]), *place.leaving[1:])
    return Changes(
        entries, replace(place, leaving=rest), has_more=True, up_to_date=False
    )


def _departure(row: tuple[Any, ...], leaving: Leaving) -> Removal:
    lead_id, seq, version, in_scope, reason, at = row
    # What became of it later, the token may not know; but that it is erased, it must.
    is_told = not in_scope and (seq <= leaving.ended or reason == Reason.ERASED)
    if is_told:
        return Removal(lead_id, version, reason, at)
    return Removal(lead_id, version, SCOPE_CHANGED, leaving.ended_at)
