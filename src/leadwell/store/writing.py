"""Writing leads: one write is one campaign and one transaction, and takes a ticket.

The ticket is the campaign's row in `counter`. Taking it is the first statement of
every write, and its lock is held to the commit: so `seq` rises in the order of
commits, a reader never sees a hole, and `updated_at` never runs backwards, whatever
the clock does (explanation/order). Nothing but this module writes `seq`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from leadwell.errors import InvalidLead, OutsideScope, Unavailable
from leadwell.model.campaign import Campaign
from leadwell.model.lead import Lead, Value
from leadwell.model.query import Condition
from leadwell.schema import rendering
from leadwell.schema.fields import type_named
from leadwell.schema.matching import matches
from leadwell.schema.submission import Submission
from leadwell.schema.times import from_microseconds, microseconds
from leadwell.store.connection import Connection, one
from leadwell.store.leads import COLUMNS, lead_of


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: whose external ids they are, and the filter they must stay inside."""

    lineage: str = ""
    forced: tuple[Condition, ...] = ()


OPERATOR = Author()
"""The person at the hub's own command line."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What one transaction may hand out: numbers up to these, and one moment."""

    seq: int
    lead_id: int
    stamped_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one submission."""

    lead: Lead
    is_new: bool
    is_changed: bool = False
    """Whether a lead that was there already is different now."""


def take_ticket(
    connection: Connection, campaign_id: int, count: int, now: int
) -> Ticket:
    """Reserve `count` sequence numbers and lead ids; `now` is in microseconds.

    The numbers reserved are the `count` ones up to those of the ticket. Its moment
    is `now`, or a microsecond after the last one when the clock has not moved on.
    """
    ((seq, lead_id, stamped_at),) = connection.rows(
        """
           UPDATE counter
              SET seq = seq + :count,
                  lead_id = lead_id + :count,
                  stamped_at = CASE WHEN :now > stamped_at THEN :now
                                    ELSE stamped_at + 1 END
            WHERE campaign_id = :campaign_id
        RETURNING seq, lead_id, stamped_at
        """,
        {"campaign_id": campaign_id, "count": count, "now": now},
    )
    return Ticket(seq - count, lead_id - count, from_microseconds(stamped_at))


def add(
    connection: Connection,
    campaign: Campaign,
    submissions: Sequence[Submission],
    author: Author,
    now: int,
) -> list[Outcome]:
    """Add leads, or update those that the author's external ids name already.

    All of them or none: a refusal undoes the transaction.

    Raises:
        InvalidLead: a lead would lie outside the author's filter.
        Unavailable: the campaign's schema has changed since it was read.
    """
    ticket = take_ticket(connection, campaign.id, len(submissions), now)
    _check_current(connection, campaign)
    outcomes: list[Outcome] = []
    seq, lead_id = ticket.seq, ticket.lead_id
    for submission in submissions:
        known = _known(connection, campaign, author, submission.external_id)
        if known is None:
            lead_id += 1
            lead = _new(campaign, submission, ticket, lead_id)
        else:
            lead = _changed(known, submission, ticket)
        _check_scope(campaign, author, known, lead)
        is_changed = known is not None and lead is not known
        outcomes.append(Outcome(lead, known is None, is_changed))
        if lead is known:
            continue
        seq += 1
        row = _row(campaign, lead, seq)
        if known is None:
            _insert(connection, row)
            _claim(connection, author, lead)
        else:
            _update(connection, row)
    _give_back(connection, campaign.id, seq, lead_id)
    return outcomes


def _give_back(
    connection: Connection, campaign_id: int, seq: int, lead_id: int
) -> None:
    # What an update or an unchanged lead did not use. The ticket's lock still holds.
    connection.run(
        """
        UPDATE counter SET seq = :seq, lead_id = :lead_id
         WHERE campaign_id = :campaign_id
        """,
        {"campaign_id": campaign_id, "seq": seq, "lead_id": lead_id},
    )


def _check_current(connection: Connection, campaign: Campaign) -> None:
    ((version,),) = connection.rows(
        "SELECT schema_version FROM campaign WHERE campaign_id = :campaign_id",
        {"campaign_id": campaign.id},
    )
    if version != campaign.schema_version:
        raise Unavailable(
            "the campaign's schema changed while the lead was read",
            hint="send it again",
        )


def _known(
    connection: Connection, campaign: Campaign, author: Author, external_id: str | None
) -> Lead | None:
    if external_id is None:
        return None
    row = one(
        connection.rows(
            f"""
            SELECT {COLUMNS}
              FROM external_key
              JOIN lead ON lead.campaign_id = :campaign_id
                       AND lead.id = external_key.lead_id
             WHERE external_key.campaign_id = :campaign_id
               AND external_key.lineage = :lineage
               AND external_key.external_id = :external_id
            """,
            {
                "campaign_id": campaign.id,
                "lineage": author.lineage,
                "external_id": external_id,
            },
        )
    )
    return None if row is None else lead_of(campaign, row)


def _new(
    campaign: Campaign, submission: Submission, ticket: Ticket, lead_id: int
) -> Lead:
    status = submission.status
    assigned_to = submission.assigned_to
    return Lead(
        campaign_id=campaign.id,
        id=lead_id,
        version=1,
        status=_default_id(campaign) if status is UNSET else status,
        assigned_to=None if assigned_to is UNSET else assigned_to,
        # The source may not claim to know the future.
        created_at=min(submission.created_at or ticket.stamped_at, ticket.stamped_at),
        updated_at=ticket.stamped_at,
        values=_filled(submission.values),
        external_id=submission.external_id,
        source_updated_at=submission.source_updated_at,
    )


def _default_id(campaign: Campaign) -> int | None:
    default = campaign.default_status
    return None if default is None else default.id


def _changed(known: Lead, submission: Submission, ticket: Ticket) -> Lead:
    status, assigned_to = submission.status, submission.assigned_to
    wanted = replace(
        known,
        values=_filled({**known.values, **submission.values}),
        status=known.status if status is UNSET else status,
        assigned_to=known.assigned_to if assigned_to is UNSET else assigned_to,
        source_updated_at=submission.source_updated_at or known.source_updated_at,
    )
    if wanted == known:
        return known
    return replace(wanted, version=known.version + 1, updated_at=ticket.stamped_at)


def _filled(values: Mapping[int, Value]) -> dict[int, Value]:
    return {ref: value for ref, value in values.items() if value not in (None, ())}


def _check_scope(
    campaign: Campaign, author: Author, known: Lead | None, lead: Lead
) -> None:
    for state in (known, lead):
        if state is not None and not matches(campaign, author.forced, state):
            error = OutsideScope(
                "the lead lies outside this token's own filter",
                hint="give the values that the filter asks for; see GET /v2/me",
            )
            raise InvalidLead([error.problem(pointer="")])


def _claim(connection: Connection, author: Author, lead: Lead) -> None:
    if lead.external_id is None:
        return
    # The lead that bore this name may have been deleted since.
    connection.run(
        """
        INSERT INTO external_key (campaign_id, lineage, external_id, lead_id)
             VALUES (:campaign_id, :lineage, :external_id, :lead_id)
        ON CONFLICT (campaign_id, lineage, external_id)
          DO UPDATE SET lead_id = excluded.lead_id
        """,
        {
            "campaign_id": lead.campaign_id,
            "lineage": author.lineage,
            "external_id": lead.external_id,
            "lead_id": lead.id,
        },
    )


def _insert(connection: Connection, row: Mapping[str, Any]) -> None:
    connection.run(
        """
        INSERT INTO lead (campaign_id, id, seq, version, status, assigned_to,
                          created_at, updated_at, source_updated_at, external_id,
                          fields, keys, body, schema_version)
             VALUES (:campaign_id, :id, :seq, :version, :status, :assigned_to,
                     :created_at, :updated_at, :source_updated_at, :external_id,
                     :fields, :keys, :body, :schema_version)
        """,
        row,
    )


def _update(connection: Connection, row: Mapping[str, Any]) -> None:
    connection.run(
        """
        UPDATE lead
           SET seq = :seq, version = :version, status = :status,
               assigned_to = :assigned_to, updated_at = :updated_at,
               source_updated_at = :source_updated_at, fields = :fields, keys = :keys,
               body = :body, schema_version = :schema_version
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        row,
    )


def _row(campaign: Campaign, lead: Lead, seq: int) -> dict[str, Any]:
    moved = lead.source_updated_at
    stored, keys = _columns(campaign, lead.values)
    return {
        "campaign_id": campaign.id,
        "id": lead.id,
        "seq": seq,
        "version": lead.version,
        "status": lead.status,
        "assigned_to": lead.assigned_to,
        "created_at": microseconds(lead.created_at),
        "updated_at": microseconds(lead.updated_at),
        "source_updated_at": None if moved is None else microseconds(moved),
        "external_id": lead.external_id,
        "fields": stored,
        "keys": keys,
        "body": rendering.body(campaign, lead),
        "schema_version": campaign.schema_version,
    }


def _columns(campaign: Campaign, values: Mapping[int, Value]) -> tuple[str, str]:
    stored: dict[str, Any] = {}
    keys: dict[str, str] = {}
    for field in campaign.fields:
        if field.id in values:
            kind = type_named(field.type)
            stored[str(field.id)] = kind.stored(values[field.id])
            key = kind.key(values[field.id])
            if key is not None:
                keys[str(field.id)] = key
    return (
        msgspec.json.encode(stored).decode(),
        msgspec.json.encode(keys).decode(),
    )
