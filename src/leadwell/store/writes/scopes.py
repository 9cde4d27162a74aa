"""Scopes: which leads each filter holds and held, kept with every write.

A scope is one saved filter of a campaign, and scope 0 the whole campaign. Every lead
that was ever inside has a row in `scope_member`; a lead that never was leaves none.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from leadwell.model.campaign import Campaign
from leadwell.model.digest import Digest, Words, words
from leadwell.model.lead import Lead
from leadwell.model.query import Condition
from leadwell.schema import saved
from leadwell.schema.matching import matches
from leadwell.store.connection import Connection, Row, remembered

WHOLE = 0
"""The scope of tokens without a filter."""
_NO_MEMBER = (0, 0, 0, 0, 0, 0, 0)


class Reason(StrEnum):
    """Why a lead is no longer in a scope."""

    DELETED = "deleted"
    ERASED = "erased"
    MERGED = "merged"
    LEFT_SCOPE = "left_scope"
    SCOPE_CHANGED = "scope_changed"


@dataclass(frozen=True, slots=True)
class Scope:
    """One filter as a set of leads."""

    id: int
    conditions: tuple[Condition, ...]


@dataclass(slots=True)
class Member:
    """Where one lead stands to one scope."""

    in_scope: int
    seq: int
    version: int
    first_seq: int
    entered_seq: int
    left_seq: int
    prior_seq: int
    reason: str | None = None
    at: int = 0
    merged_into: int | None = None

    @property
    def is_erased(self) -> bool:
        """Whether every reader that held the lead is told to erase it."""
        return self.reason == Reason.ERASED


@dataclass(frozen=True, slots=True)
class Step:
    """What one write does to one lead."""

    lead_id: int
    lead: Lead | None
    """As it is from now on; `None`: gone."""
    version: int
    seq: int
    at: int
    reason: Reason = Reason.LEFT_SCOPE
    merged_into: int | None = None
    before: Lead | None = None
    """As it was; `None`: new, or it does not matter."""


def find_open(connection: Connection, campaign: Campaign) -> tuple[Scope, ...]:
    """Return the scopes that writes keep up, the whole campaign's first."""
    rows = connection.rows(
        """
        SELECT id, conditions FROM filter
         WHERE campaign_id = :campaign_id AND closed = 0
         ORDER BY id
        """,
        {"campaign_id": campaign.id},
    )
    key: Row = ("scopes", campaign.id, campaign.schema_version, *rows)
    if key not in connection.memo:
        filters = (Scope(row[0], saved.loaded(campaign, row[1])) for row in rows)
        connection.memo[key] = (Scope(WHOLE, ()), *filters)
    found: tuple[Scope, ...] = connection.memo[key]
    return found


def begin(connection: Connection, campaign_id: int, scope_id: int) -> None:
    """Make an empty scope."""
    connection.run(
        """
        INSERT INTO scope (campaign_id, scope_id, leads, sum_0, sum_1, sum_2, sum_3)
             VALUES (:campaign_id, :scope_id, 0, 0, 0, 0, 0)
        """,
        {"campaign_id": campaign_id, "scope_id": scope_id},
    )


@remembered
def digest(connection: Connection, campaign_id: int, scope_id: int) -> Digest:
    """Return what the scope adds up to. Served by the primary key."""
    ((leads, *sums),) = connection.rows(
        """
        SELECT leads, sum_0, sum_1, sum_2, sum_3 FROM scope
         WHERE campaign_id = :campaign_id AND scope_id = :scope_id
        """,
        {"campaign_id": campaign_id, "scope_id": scope_id},
    )
    first, second, third, fourth = sums
    return Digest(leads, (first, second, third, fourth))


@dataclass(slots=True)
class Membership:
    """What the writes of one transaction do to the campaign's scopes."""

    connection: Connection
    campaign: Campaign
    scopes: tuple[Scope, ...]
    _members: dict[tuple[int, int], Member] = field(
        default_factory=dict[tuple[int, int], Member]
    )
    _known: set[int] = field(default_factory=set[int])
    _stood: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    """What was inside before this transaction, by lead and scope."""
    _unflipped: dict[int, int] | None = None
    """Scopes that are being flipped, each with the last lead that is done."""
    _changed: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    _added: dict[int, list[Words]] = field(default_factory=dict[int, list[Words]])
    _taken: dict[int, list[Words]] = field(default_factory=dict[int, list[Words]])

    def note_new(self, lead_id: int) -> None:
        """Say that the lead was made in this transaction: no scope has it yet."""
        self._known.add(lead_id)

    def load(self, lead_ids: Iterable[int]) -> None:
        """Read where these leads stand, those that are not known yet."""
        for lead_id in lead_ids:
            if lead_id not in self._known:
                self._known.add(lead_id)
                self._load(lead_id)

    def follow(self, step: Step) -> None:
        """Move a lead in, on or out in every scope."""
        self.load([step.lead_id])
        for scope in self.scopes:
            self._catch_up(scope, step)
            self.follow_in(scope, step)
        if step.reason is Reason.ERASED:
            self._tell_all(step)

    def follow_in(self, scope: Scope, step: Step) -> None:
        """Move a lead in, on or out in one scope."""
        is_in = step.lead is not None and self.belongs(scope, step.lead)
        member = self._members.get((step.lead_id, scope.id))
        if is_in:
            self._enter(scope.id, member, step)
        elif member is not None and member.in_scope:
            self._leave(scope.id, member, step)

    def belongs(self, scope: Scope, lead: Lead) -> bool:
        """Whether the scope's filter matches the lead."""
        return matches(self.campaign, scope.conditions, lead)

    def is_in(self, scope: Scope, lead_id: int) -> bool:
        """Whether the scope holds the lead, as far as it is kept up."""
        member = self._members.get((lead_id, scope.id))
        return member is not None and bool(member.in_scope)

    def close(self) -> None:
        """Write what has changed: rows of leads, and sums of scopes."""
        self.connection.run_many(
            """
            INSERT INTO scope_member (campaign_id, lead_id, scope_id, in_scope, seq,
                                      version, first_seq, entered_seq, left_seq,
                                      prior_seq, reason, at, merged_into)
                 VALUES (:campaign_id, :lead_id, :scope_id, :in_scope, :seq,
                         :version, :first_seq, :entered_seq, :left_seq,
                         :prior_seq, :reason, :at, :merged_into)
            ON CONFLICT (campaign_id, lead_id, scope_id)
              DO UPDATE SET in_scope = excluded.in_scope, seq = excluded.seq,
                            version = excluded.version,
                            entered_seq = excluded.entered_seq,
                            left_seq = excluded.left_seq,
                            prior_seq = excluded.prior_seq,
                            reason = excluded.reason, at = excluded.at,
                            merged_into = excluded.merged_into
            """,
            [self._row(*key) for key in sorted(self._changed) if self._is_told(*key)],
        )
        for scope_id in sorted({*self._added, *self._taken}):
            added, taken = self._added.get(scope_id, ()), self._taken.get(scope_id, ())
            _add_up(self.connection, self.campaign.id, scope_id, added, taken)

    def _load(self, lead_id: int) -> None:
        rows = self.connection.rows(
            """
            SELECT scope_id, in_scope, seq, version, first_seq, entered_seq, left_seq,
                   prior_seq, reason, at, merged_into
              FROM scope_member
             WHERE campaign_id = :campaign_id AND lead_id = :lead_id
            """,
            {"campaign_id": self.campaign.id, "lead_id": lead_id},
        )
        for scope_id, *values in rows:
            member = self._members[lead_id, scope_id] = Member(*values)
            if member.in_scope:
                self._stood.add((lead_id, scope_id))

    def _is_told(self, lead_id: int, scope_id: int) -> bool:
        """Whether the lead was inside before or is now.

        One that only passed through within this transaction was never seen.
        """
        member = self._members[lead_id, scope_id]
        stood = (lead_id, scope_id) in self._stood
        return bool(member.in_scope) or stood or member.is_erased

    def _catch_up(self, scope: Scope, step: Step) -> None:
        """Let a lead enter that the scope's new filter shows, but no flip has reached.

        Somebody may have read it in a list, and is to be told when it leaves.
        """
        member = self._members.get((step.lead_id, scope.id))
        is_in = member is not None and member.in_scope
        if step.before is None or is_in or not self._awaits_flip(scope, step.lead_id):
            return
        if self.belongs(scope, step.before):
            self._enter(scope.id, member, replace(step, version=step.before.version))
            self._stood.add((step.lead_id, scope.id))

    def _awaits_flip(self, scope: Scope, lead_id: int) -> bool:
        if self._unflipped is None:
            rows = self.connection.rows(
                """
                SELECT part_id, done_to FROM chore
                 WHERE campaign_id = :campaign_id AND kind = 'flip'
                """,
                {"campaign_id": self.campaign.id},
            )
            self._unflipped = {row[0]: row[1] for row in rows}
        return lead_id > self._unflipped.get(scope.id, lead_id)

    def _enter(self, scope_id: int, member: Member | None, step: Step) -> None:
        if member is None:
            member = Member(*_NO_MEMBER)
            member.first_seq = step.seq
            self._members[step.lead_id, scope_id] = member
        if member.in_scope:
            self._take(scope_id, step.lead_id, member.version)
        else:
            member.entered_seq = step.seq
            member.prior_seq = member.left_seq
        member.in_scope, member.reason, member.merged_into = 1, None, None
        self._stamp(scope_id, member, step)
        self._added.setdefault(scope_id, []).append(words(step.lead_id, step.version))

    def _leave(self, scope_id: int, member: Member, step: Step) -> None:
        self._take(scope_id, step.lead_id, member.version)
        member.in_scope, member.left_seq = 0, step.seq
        member.reason, member.merged_into = step.reason.value, step.merged_into
        self._stamp(scope_id, member, step)

    def _tell_all(self, step: Step) -> None:
        """Tell every scope that ever held the lead that it is erased."""
        for (lead_id, scope_id), member in self._members.items():
            if lead_id != step.lead_id:
                continue
            if member.in_scope:
                self._leave(scope_id, member, step)
            member.reason, member.merged_into = step.reason.value, None
            self._stamp(scope_id, member, step)

    def _take(self, scope_id: int, lead_id: int, version: int) -> None:
        self._taken.setdefault(scope_id, []).append(words(lead_id, version))

    def _stamp(self, scope_id: int, member: Member, step: Step) -> None:
        member.seq, member.version, member.at = step.seq, step.version, step.at
        self._changed.add((step.lead_id, scope_id))

    def _row(self, lead_id: int, scope_id: int) -> dict[str, object]:
        member = self._members[lead_id, scope_id]
        return {
            "campaign_id": self.campaign.id,
            "lead_id": lead_id,
            "scope_id": scope_id,
            "in_scope": member.in_scope,
            "seq": member.seq,
            "version": member.version,
            "first_seq": member.first_seq,
            "entered_seq": member.entered_seq,
            "left_seq": member.left_seq,
            "prior_seq": member.prior_seq,
            "reason": member.reason,
            "at": member.at,
            "merged_into": member.merged_into,
        }


def _add_up(
    connection: Connection,
    campaign_id: int,
    scope_id: int,
    added: Iterable[Words],
    taken: Iterable[Words],
) -> None:
    now = digest(connection, campaign_id, scope_id).plus(added).minus(taken)
    connection.run(
        """
        UPDATE scope
           SET leads = :leads, sum_0 = :sum_0, sum_1 = :sum_1, sum_2 = :sum_2,
               sum_3 = :sum_3
         WHERE campaign_id = :campaign_id AND scope_id = :scope_id
        """,
        {
            "campaign_id": campaign_id,
            "scope_id": scope_id,
            "leads": now.count,
            "sum_0": now.sums[0],
            "sum_1": now.sums[1],
            "sum_2": now.sums[2],
            "sum_3": now.sums[3],
        },
    )
