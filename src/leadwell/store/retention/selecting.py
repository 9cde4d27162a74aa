"""Which leads a retention rule is about: those there are, and what is left of others.

A lead that was deleted is gone from the table, while its history still says what it
held. A rule that asks for no status is about it too; its age counts from its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from leadwell.model.campaign import Campaign
from leadwell.model.grant import Grant, LeadQuery
from leadwell.model.query import Question
from leadwell.store import filtering
from leadwell.store.connection import Connection
from leadwell.store.retention.rules import Action, Rule
from leadwell.store.writes.scopes import WHOLE, Reason

WINDOW = 20_000
"""How many ids one statement looks at: no database gives up, however many leads."""


@dataclass(frozen=True, slots=True)
class Found:
    """Leads that a rule is about, by their ids."""

    there: Sequence[int]
    gone: Sequence[int]
    """Leads that are deleted: their history is what it is about."""
    looked_to: int
    """All leads up to this one are looked at."""
    is_last: bool
    """Whether there is none behind it."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many leads a rule is about."""

    there: int
    gone: int


@dataclass(frozen=True, slots=True)
class Selection:
    """What one rule is about at one moment, as far as somebody's grant reaches."""

    campaign: Campaign
    rule: Rule
    query: LeadQuery
    older_than: int
    """In microseconds."""

    @classmethod
    def of(cls, grant: Grant, campaign: Campaign, rule: Rule, now: int) -> "Selection":
        """Ask within a grant which leads are too old at `now`, in microseconds."""
        query = grant.query(campaign, Question(conditions=rule.conditions(now)))
        return cls(campaign, rule, query, rule.older_than(now))

    def count(self, connection: Connection) -> Count:
        """Return how many leads it is about."""
        there = gone = 0
        for after in range(0, self._last(connection), WINDOW):
            there += len(self._there(connection, after, WINDOW))
            gone += len(self._gone(connection, after, WINDOW))
        return Count(there, gone)

    def after(self, connection: Connection, lead_id: int, most: int) -> Found:
        """Return the next leads by id, as far as there are some in one window."""
        last = self._last(connection)
        while True:
            there = set(self._there(connection, lead_id, most))
            gone = set(self._gone(connection, lead_id, most))
            first, upto = sorted(there | gone)[:most], lead_id + WINDOW
            if first or upto >= last:
                break
            lead_id = upto
        is_full = len(first) == most
        return Found(
            there=[each for each in first if each in there],
            gone=[each for each in first if each in gone],
            looked_to=first[-1] if is_full else upto,
            is_last=not is_full and upto >= last,
        )

    def still(self, connection: Connection, ids: Sequence[int]) -> list[int]:
        """Return those of these leads that it is about at this moment."""
        clause = filtering.where(connection.dialect, self.campaign, self.query)
        found = connection.rows(
            f"""
            SELECT lead.id FROM lead
             WHERE {clause.sql} AND {self._holds(connection)}
               AND {connection.dialect.among("lead.id", "ids")}
             ORDER BY lead.id
            """,
            {
                **clause.params,
                **self._refs(),
                "ids": connection.dialect.listed(ids),
            },
        )
        return [row[0] for row in found]

    def _last(self, connection: Connection) -> int:
        ((last,),) = connection.rows(
            "SELECT lead_id FROM counter WHERE campaign_id = :campaign_id",
            {"campaign_id": self.campaign.id},
        )
        return int(last)

    def _there(self, connection: Connection, after: int, most: int) -> list[int]:
        clause = filtering.where(connection.dialect, self.campaign, self.query)
        found = connection.rows(
            f"""
            SELECT lead.id FROM lead
             WHERE {clause.sql} AND {self._holds(connection)}
               AND lead.id > :after AND lead.id <= :upto
             ORDER BY lead.id
             LIMIT :most
            """,
            {
                **clause.params,
                **self._refs(),
                "after": after,
                "upto": after + WINDOW,
                "most": most,
            },
        )
        return [row[0] for row in found]

    def _holds(self, connection: Connection) -> str:
        """Write that something is left to do: nothing is emptied twice."""
        if self.rule.action is Action.ERASE:
            return "1 = 1"
        # A field that is gone from the campaign is in histories still.
        held = [
            f"{connection.dialect.held('fields', ref, is_number=False)} IS NOT NULL"
            for ref in self.rule.fields
            if ref in self.campaign.field_by_id
        ]
        noted = f"""EXISTS (
                   SELECT 1 FROM lead_history
                    WHERE lead_history.campaign_id = :campaign_id
                      AND lead_history.lead_id = lead.id
                      AND {self._noted()})"""
        return f"({' OR '.join([*held, noted])})"

    def _noted(self) -> str:
        """Write that a revision names one of the fields."""
        tests = (f"lead_history.changes LIKE :ref{ref}" for ref in self.rule.fields)
        return f"({' OR '.join(tests)})"

    def _refs(self) -> dict[str, Any]:
        # Inside a text of JSON a quote has a backslash before it: this is a key.
        if self.rule.action is Action.ERASE:
            return {}
        return {f"ref{ref}": f'%"{ref}":%' for ref in self.rule.fields}

    def _gone(self, connection: Connection, lead_id: int, most: int) -> list[int]:
        if self.rule.statuses:
            return []
        params = {
            "campaign_id": self.campaign.id,
            "scope_id": WHOLE,
            "deleted": Reason.DELETED.value,
            "older_than": self.older_than,
            "after": lead_id,
            "upto": lead_id + WINDOW,
            "most": most,
        }
        if self.rule.action is Action.ERASE:
            found = connection.rows(
                """
                SELECT scope_member.lead_id FROM scope_member
                 WHERE scope_member.campaign_id = :campaign_id
                   AND scope_member.lead_id > :after
                   AND scope_member.lead_id <= :upto
                   AND scope_member.scope_id = :scope_id
                   AND scope_member.in_scope = 0
                   AND scope_member.reason = :deleted
                   AND scope_member.at < :older_than
                 ORDER BY scope_member.lead_id
                 LIMIT :most
                """,
                params,
            )
            return [row[0] for row in found]
        found = connection.rows(
            f"""
            SELECT scope_member.lead_id FROM scope_member
             WHERE scope_member.campaign_id = :campaign_id
               AND scope_member.lead_id > :after
               AND scope_member.lead_id <= :upto
               AND scope_member.scope_id = :scope_id
               AND scope_member.in_scope = 0
               AND scope_member.reason IN (:deleted, :merged)
               AND scope_member.at < :older_than
               AND EXISTS (
                   SELECT 1 FROM lead_history
                    WHERE lead_history.campaign_id = :campaign_id
                      AND lead_history.lead_id = scope_member.lead_id
                      AND {self._noted()})
             ORDER BY scope_member.lead_id
             LIMIT :most
            """,
            {**params, **self._refs(), "merged": Reason.MERGED.value},
        )
        return [row[0] for row in found]
