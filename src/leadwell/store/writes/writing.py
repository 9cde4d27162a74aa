"""Writing leads: one write is one campaign and one transaction, under one ticket."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import msgspec
from msgspec import UNSET

from leadwell.errors import (
    InvalidLead,
    LeadwellError,
    OutsideScope,
    Unavailable,
)
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Author
from leadwell.model.lead import Lead, Value
from leadwell.schema import rendering
from leadwell.schema.matching import matches
from leadwell.schema.submission import Submission
from leadwell.store.connection import Connection, Joint
from leadwell.store.duplicates import policies
from leadwell.store.duplicates.keys import Keys
from leadwell.store.writes import rows, scopes, ticket
from leadwell.store.writes.history import History
from leadwell.store.writes.names import Names
from leadwell.store.writes.present import Present, with_gaps_filled
from leadwell.store.writes.scopes import Membership, Reason, Step
from leadwell.store.writes.ticket import Ticket

T = TypeVar("T")


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
        self.history = History(connection, campaign, author.name, taken.now)
        self._keys = Keys(connection, campaign)
        self._added = rows.Added(connection, campaign)
        self._names = Names(connection, campaign)
        self._present = Present(connection, campaign, author, self._added, self._names)
        self._connection = connection

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

    def hand_over(self, author: Author) -> None:
        """Let another one write what follows, in the same transaction."""
        self._present.author = author
        self.history.author = author.name

    def expect(self, lineage: str, given: Iterable[Submission]) -> None:
        """Look up together which leads submissions name that are to be saved."""
        self._names.expect(lineage, (each.external_id for each in given))

    def save(self, given: Submission) -> Outcome:
        """Add a lead, or update the one that the author's external id names already.

        Raises:
            InvalidLead: the lead would lie outside the author's filter.
            DuplicateLead: another lead has its e-mail or phone; nothing is written.
        """
        known = self._present.named(given.external_id)
        if known is not None:
            return self._changed(known, _merged(known, given), "update")
        lead = _new(self.campaign, given, self.ticket)
        self._check_inside(lead)
        known = self._present.met(lead)
        if known is not None:
            outcome = self._changed(known, with_gaps_filled(known, lead), "merge")
            # Last: of what is refused not even the name may stay.
            named = replace(lead, id=known.id)
            self._names.give(self._present.author.lineage, named)
            return outcome
        self.ticket.next_lead_id()
        seq = self.ticket.next_seq()
        body = self._added.add(lead, seq)
        self._names.give(self._present.author.lineage, lead)
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
        known = self._present.known(lead_id, if_versions)
        wanted = _merged(known, given)
        if given.external_id is not UNSET:
            self._check_inside(wanted)
            self._names.change(self._present.author.lineage, known, wanted)
        return self._changed(known, wanted, "update")

    def remove(self, lead_id: int, if_versions: frozenset[int] | None = None) -> None:
        """Delete a lead.

        Raises:
            LeadNotFound, PreconditionFailed: as for a change.
        """
        known = self._present.known(lead_id, if_versions)
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
        known = self._present.known(lead_id, if_versions)
        into = self._present.known(into_id, None)
        outcome = self._changed(into, with_gaps_filled(into, known), "merge")
        # Who sends the lead that is gone again means the one that stayed.
        self._names.pass_on(known, into)
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
        """Write what is left: new leads, and what all mean for scopes and history."""
        self._added.write()
        self._names.write()
        self.members.close()
        self._keys.close()
        self.history.close()
        self.ticket.close()

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
        self._names.settle()
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
        if not matches(self.campaign, self._present.author.forced, lead):
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


@dataclass(frozen=True, slots=True)
class Piece(Generic[T]):
    """What one request writes; done in one go with others that wait meanwhile."""

    campaign: Campaign
    author: Author
    now: int
    """When it came, in microseconds."""
    count: int
    """How many leads it may change."""
    do: Callable[[Connection, Writing], T]
    saved: Sequence[Submission] = ()
    """What it is going to save."""

    def job(self, *, is_alone: bool = False) -> Joint[T]:
        """Return what a database runs.

        What leaves a trace when it is refused has to be alone, to be undone.
        """
        campaign = self.campaign
        kind = (campaign.id, campaign.schema_version, campaign.duplicates)
        return Joint(None if is_alone else kind, self.count, self, do_all)


def do_all(connection: Connection, pieces: Sequence[Piece[T]]) -> list[T | Exception]:
    """Do what several requests ask for, under one ticket and in their order.

    Raises:
        Unavailable: the campaign's schema has changed since it was read.
    """
    first = pieces[0]
    now = max(each.now for each in pieces)
    count = sum(each.count for each in pieces)
    writing = Writing.begin(connection, first.campaign, first.author, now, count)
    by_author: dict[str, list[Submission]] = {}
    for each in pieces:
        by_author.setdefault(each.author.lineage, []).extend(each.saved)
    for lineage, given in by_author.items():
        writing.expect(lineage, given)
    outcomes: list[T | Exception] = []
    for each in pieces:
        writing.hand_over(each.author)
        try:
            outcomes.append(each.do(connection, writing))
        except LeadwellError as refusal:
            outcomes.append(refusal)
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


def _as_kept(campaign: Campaign, lead: Lead) -> bytes:
    # To Python true is 1 and 1.50 is 1.5; a reader sees the difference.
    kept = rows.stored(campaign, lead.values)
    return msgspec.json.encode(kept, order="deterministic")


def _filled(values: Mapping[int, Value]) -> dict[int, Value]:
    return {ref: value for ref, value in values.items() if value not in (None, ())}
