"""Writing leads: one write is one campaign and one transaction, under one ticket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
from msgspec import UNSET

from leadwell.errors import (
    InvalidLead,
    LeadNotFound,
    OutsideScope,
    PreconditionFailed,
    Unavailable,
)
from leadwell.errors.duplicates import DuplicateLead
from leadwell.model.campaign import Campaign, Policy
from leadwell.model.lead import Lead, Value
from leadwell.model.query import Condition
from leadwell.schema import rendering
from leadwell.schema.matching import matches
from leadwell.schema.submission import Submission
from leadwell.store.connection import Connection
from leadwell.store.duplicates import matching, policies
from leadwell.store.duplicates.keys import Keys
from leadwell.store.writes import names, rows, scopes, ticket
from leadwell.store.writes.history import History
from leadwell.store.writes.scopes import Membership, Reason, Step
from leadwell.store.writes.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: whose external ids they are, and the filter they must stay inside."""

    lineage: str = ""
    forced: tuple[Condition, ...] = ()
    noted_as: str = ""
    """What the history calls them; empty: their lineage."""
    readable: matching.Readable = None
    """The fields that they may see: no others are compared to find duplicates."""


OPERATOR = Author()
"""The person at the hub's own command line."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one submission."""

    lead: Lead
    body: bytes
    """The whole lead, rendered."""
    is_new: bool
    is_changed: bool = False
    """Whether a lead that was there already is different now."""


class Writing:
    """The writes of one transaction; a refusal of one leaves the others possible."""

    def __init__(
        self,
        connection: Connection,
        campaign: Campaign,
        author: Author,
        taken: Ticket,
    ) -> None:
        """Begin with a ticket that was taken in this transaction."""
        self.campaign = campaign
        self.ticket = taken
        self.members = Membership(
            connection, campaign, scopes.find_open(connection, campaign)
        )
        self.history = History(
            connection, campaign, author.noted_as or author.lineage, taken.now
        )
        self._keys = Keys(connection, campaign)
        self._connection = connection
        self._author = author

    @classmethod
    def begin(
        cls,
        connection: Connection,
        campaign: Campaign,
        author: Author,
        now: int,
        count: int,
    ) -> "Writing":
        """Take a ticket for `count` leads; `now` is in microseconds.

        Raises:
            Unavailable: the campaign's schema has changed since it was read.
        """
        taken = ticket.take(connection, campaign.id, count, now)
        _check_current(connection, campaign)
        return cls(connection, campaign, author, taken)

    def save(self, given: Submission) -> Outcome:
        """Add a lead, or update the one that the author's external id names already.

        Raises:
            InvalidLead: the lead would lie outside the author's filter.
            DuplicateLead: another lead has its e-mail or phone; nothing is written.
        """
        known = _named(self._connection, self.campaign, self._author, given)
        if known is not None:
            return self._changed(known, _merged(known, given), "update")
        lead = _new(self.campaign, given, self.ticket)
        self._check_inside(lead)
        known = _met(self._connection, self.campaign, self._author, lead)
        if known is not None:
            if lead.external_id is not None:
                named = replace(lead, id=known.id)
                names.give(self._connection, self._author.lineage, named)
            return self._changed(known, _with_gaps_filled(known, lead), "merge")
        self.ticket.next_lead_id()
        seq = self.ticket.next_seq()
        body = rows.insert(self._connection, self.campaign, lead, seq)
        if lead.external_id is not None:
            names.give(self._connection, self._author.lineage, lead)
        self.members.note_new(lead.id)
        self._follow(lead, seq, None)
        self.history.note("create", None, lead, 1)
        return Outcome(lead, body, is_new=True)

    def change(
        self, lead_id: int, given: Submission, if_versions: frozenset[int] | None = None
    ) -> Outcome:
        """Change what the submission names of a lead.

        Raises:
            LeadNotFound: there is none, or none that the author may see.
            PreconditionFailed: it has none of the versions that are named.
            InvalidLead: it would leave the author's filter.
            Conflict: another lead has that external id.
        """
        known = self._known(lead_id, if_versions)
        wanted = _merged(known, given)
        if given.external_id is not UNSET:
            self._check_inside(wanted)
            lineage = self._author.lineage
            names.change(self._connection, lineage, self.campaign, known, wanted)
        return self._changed(known, wanted, "update")

    def remove(self, lead_id: int, if_versions: frozenset[int] | None = None) -> None:
        """Delete a lead.

        Raises:
            LeadNotFound, PreconditionFailed: as for a change.
        """
        known = self._known(lead_id, if_versions)
        self._gone(known, Reason.DELETED)
        self.history.note("delete", known, None, known.version + 1)

    def merge(
        self, lead_id: int, into_id: int, if_versions: frozenset[int] | None = None
    ) -> Outcome:
        """Fill the empty fields of a lead with another's, and delete that other one.

        What partners called the lead that is gone, they then call the one that stays.

        Raises:
            LeadNotFound, PreconditionFailed, InvalidLead: as for a change.
        """
        known, into = self._known(lead_id, if_versions), self._known(into_id, None)
        outcome = self._changed(into, _with_gaps_filled(into, known), "merge")
        # Who sends the lead that is gone again means the one that stayed.
        names.pass_on(self._connection, known, into)
        self._gone(known, Reason.MERGED, merged_into=into.id)
        self.history.note("merge", known, None, known.version + 1)
        return outcome

    def revise(self, known: Lead, wanted: Lead, op: str = "schema") -> None:
        """Write what the campaign itself made of a lead, as a revision of its own.

        The author's filter does not count: nobody has asked for this lead.
        """
        self._rewrite(known, wanted, op)

    def follow(self, step: Step) -> None:
        """Note what becomes of a lead: every write of one passes here."""
        self.members.follow(step)
        is_new = step.before is None
        self._keys.follow(step.lead_id, step.lead, is_new=is_new)

    def close(self) -> None:
        """Write what the leads' changes mean for scopes, duplicates and history."""
        self.members.close()
        self._keys.close()
        self.history.close()
        self.ticket.close()

    def _known(self, lead_id: int, if_versions: frozenset[int] | None) -> Lead:
        known = rows.find(self._connection, self.campaign, lead_id)
        if known is None or not matches(self.campaign, self._author.forced, known):
            raise LeadNotFound.of(lead_id, self.campaign.id)
        if if_versions is not None and known.version not in if_versions:
            raise PreconditionFailed(
                f"lead {lead_id} has version {known.version} now",
                hint="read it again, and repeat your change on what it holds now",
            )
        return known

    def _changed(self, known: Lead, wanted: Lead, op: str) -> Outcome:
        self._check_inside(known)
        self._check_inside(wanted)
        if wanted == known and _as_kept(self.campaign, wanted) == _as_kept(
            self.campaign, known
        ):
            body = rendering.body(self.campaign, known)
            return Outcome(known, body, is_new=False)
        return self._rewrite(known, wanted, op)

    def _rewrite(self, known: Lead, wanted: Lead, op: str) -> Outcome:
        lead = replace(
            wanted, version=known.version + 1, updated_at=self.ticket.stamped_at
        )
        seq = self.ticket.next_seq()
        body = rows.update(self._connection, self.campaign, lead, seq)
        self._follow(lead, seq, known)
        self.history.note(op, known, lead, lead.version)
        return Outcome(lead, body, is_new=False, is_changed=True)

    def _gone(
        self, known: Lead, reason: Reason, merged_into: int | None = None
    ) -> None:
        rows.delete(self._connection, self.campaign.id, known.id)
        step = Step(
            known.id,
            None,
            known.version + 1,
            self.ticket.next_seq(),
            self.ticket.now,
            reason,
            merged_into,
            known,
        )
        self.follow(step)

    def _follow(self, lead: Lead, seq: int, before: Lead | None) -> None:
        step = Step(lead.id, lead, lead.version, seq, self.ticket.now, before=before)
        self.follow(step)

    def _check_inside(self, lead: Lead) -> None:
        if not matches(self.campaign, self._author.forced, lead):
            raise _outside()


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
    writing = Writing.begin(connection, campaign, author, now, len(submissions))
    outcomes = [writing.save(submission) for submission in submissions]
    writing.close()
    return outcomes


def _check_current(connection: Connection, campaign: Campaign) -> None:
    (found,) = connection.rows(
        """
        SELECT schema_version, duplicates, identifying FROM campaign
         WHERE campaign_id = :campaign_id
        """,
        {"campaign_id": campaign.id},
    )
    if found != (campaign.schema_version, *policies.row_of(campaign.duplicates)):
        raise Unavailable(
            "the campaign's schema changed while the lead was read",
            hint="send it again",
        )


def _named(
    connection: Connection, campaign: Campaign, author: Author, given: Submission
) -> Lead | None:
    if not isinstance(given.external_id, str):
        return None
    lead_id = names.find(connection, campaign, author.lineage, given.external_id)
    return None if lead_id is None else rows.find(connection, campaign, lead_id)


def _met(
    connection: Connection, campaign: Campaign, author: Author, lead: Lead
) -> Lead | None:
    """Return the lead in sight that a new one duplicates, and is to be merged into.

    Raises:
        DuplicateLead: the campaign refuses duplicates.
    """
    forced = author.forced
    found = matching.find(connection, campaign, lead, forced, author.readable)
    if found is None:
        return None
    known_id, field = found
    if campaign.duplicates.policy is Policy.REJECT:
        raise DuplicateLead.of(known_id, field.slug)
    known = rows.find(connection, campaign, known_id)
    # Rather two leads than one that its author could not see any more.
    if known is None or not matches(campaign, forced, _with_gaps_filled(known, lead)):
        return None
    return known


def _outside() -> InvalidLead:
    error = OutsideScope(
        "the lead lies outside this token's own filter",
        hint="give the values that the filter asks for; see GET /v2/me",
    )
    return InvalidLead([error.problem(pointer="")])


def _new(campaign: Campaign, given: Submission, taken: Ticket) -> Lead:
    default = campaign.default_status
    status = default.id if default and given.status is UNSET else given.status
    return Lead(
        campaign_id=campaign.id,
        id=taken.lead_id + 1,
        version=1,
        status=None if status is UNSET else status,
        assigned_to=None if given.assigned_to is UNSET else given.assigned_to,
        # The source may not claim to know the future.
        created_at=min(given.created_at or taken.stamped_at, taken.stamped_at),
        updated_at=taken.stamped_at,
        values=_filled(given.values),
        external_id=None if given.external_id is UNSET else given.external_id,
        source_updated_at=given.source_updated_at,
    )


def _merged(known: Lead, given: Submission) -> Lead:
    status, assigned_to = given.status, given.assigned_to
    external_id = given.external_id
    return replace(
        known,
        values=_filled({**known.values, **given.values}),
        status=known.status if status is UNSET else status,
        assigned_to=known.assigned_to if assigned_to is UNSET else assigned_to,
        external_id=known.external_id if external_id is UNSET else external_id,
        source_updated_at=given.source_updated_at or known.source_updated_at,
    )


def _with_gaps_filled(into: Lead, other: Lead) -> Lead:
    return replace(
        into,
        values={**other.values, **into.values},
        status=other.status if into.status is None else into.status,
        assigned_to=other.assigned_to if into.assigned_to is None else into.assigned_to,
        external_id=into.external_id or other.external_id,
    )


def _as_kept(campaign: Campaign, lead: Lead) -> bytes:
    # To Python true is 1 and 1.50 is 1.5; a reader sees the difference.
    kept = rows.stored(campaign, lead.values)
    return msgspec.json.encode(kept, order="deterministic")


def _filled(values: Mapping[int, Value]) -> dict[int, Value]:
    return {ref: value for ref, value in values.items() if value not in (None, ())}
