"""Which leads a retention rule is about: those there are, and what is left of others.

A lead that was deleted is gone from the table, while its history still says what it
held. A rule that asks for no status is about it too; its age counts from its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from leadwell.model.campaign import Campaign
from leadwell.model.grant import Grant, LeadQuery
from leadwell.model.query import Question, SortKey
from leadwell.store import filtering
from leadwell.store.connection import Connection
from leadwell.store.retention.rules import Action, Rule
from leadwell.store.writes.scopes import WHOLE, Reason


@dataclass(frozen=True, slots=True)
class Found:
    """Leads that a rule is about, by their ids."""

    there: Sequence[int]
    gone: Sequence[int]
    """Leads that are deleted: their history is what it is about."""


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
        sort = (SortKey(rule.age_of),)
        question = Question(conditions=rule.conditions(now), sort=sort)
        query = grant.query(campaign, question)
        return cls(campaign, rule, query, rule.older_than(now))

    def count(self, connection: Connection) -> Count:
        """Return how many leads it is about."""
        clause = filtering.where(connection.dialect, self.campaign, self.query)
        ((there,),) = connection.rows(
            f"""
            SELECT count(*) FROM lead
             WHERE {clause.sql} AND {self._holds(connection)}
            """,
            {**clause.params, **self._refs()},
        )
        return Count(there, len(self._gone(connection, 0, 2**31)))

    def sample(self, connection: Connection, most: int) -> list[int]:
        """Return the oldest leads that it is about, of those there are."""
        clause = filtering.where(connection.dialect, self.campaign, self.query)
        order = filtering.order(connection.dialect, self.campaign, self.query)
        found = connection.rows(
            f"""
            SELECT lead.id FROM lead
             WHERE {clause.sql} AND {self._holds(connection)}
             ORDER BY {order}
             LIMIT :most
            """,
            {**clause.params, **self._refs(), "most": most},
        )
        return [row[0] for row in found]

    def after(self, connection: Connection, lead_id: int, most: int) -> Found:
        """Return the next leads by id; fewer than `most` are the last ones."""
        clause = filtering.where(connection.dialect, self.campaign, self.query)
        found = connection.rows(
            f"""
            SELECT lead.id FROM lead
             WHERE {clause.sql} AND {self._holds(connection)} AND lead.id > :after
             ORDER BY lead.id
             LIMIT :most
            """,
            {**clause.params, **self._refs(), "after": lead_id, "most": most},
        )
        there = {row[0] for row in found}
        gone = set(self._gone(connection, lead_id, most))
        first = sorted(there | gone)[:most]
        return Found(
            [each for each in first if each in there],
            [each for each in first if each in gone],
        )

    def still(self, connection: Connection, ids: Sequence[int]) -> list[int]:
        """Return those of these leads that it is about at this moment."""
        clause = filtering.where(connection.dialect, self.campaign, self.query)
        found = connection.rows(
            f"""
            SELECT lead.id FROM lead
             WHERE {clause.sql} AND {self._holds(connection)}
               AND {connection.dialect.among("ids")}
             ORDER BY lead.id
            """,
            {
                **clause.params,
                **self._refs(),
                "ids": connection.dialect.listed(ids),
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
            "most": most,
        }
        if self.rule.action is Action.ERASE:
            found = connection.rows(
                """
                SELECT scope_member.lead_id FROM scope_member
                 WHERE scope_member.campaign_id = :campaign_id
                   AND scope_member.lead_id > :after
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
