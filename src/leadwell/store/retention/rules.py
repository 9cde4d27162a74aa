"""Retention rules: which leads of a campaign are too old, and what becomes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import msgspec

from leadwell.errors import NotFound, UsageError
from leadwell.model.campaign import Campaign, Column
from leadwell.model.query import Condition
from leadwell.schema.times import from_microseconds
from leadwell.store.connection import Connection, Row, one

DAYS_MAX = 36_500
"""A hundred years: longer than any campaign lives."""
RULES_MAX = 20
"""How many rules a campaign may have."""
DAY_US = 86_400_000_000
FIRST_AFTER_US = DAY_US
"""A rule that is confirmed is carried out a day later: a mistake is seen until then."""
EVERY_US = DAY_US
LEASE_US = 120_000_000
"""After so long without a sign of life another process goes on with a run."""
AGES = (Column.CREATED_AT, Column.UPDATED_AT)
PERSONAL = frozenset({"email", "phone", "text", "long_text"})
"""The types of fields that tell who somebody is, as far as a type can say so."""
_COLUMNS = """id, age_of, days, statuses, action, fields, due_at, beat_at, done_to,
               done, ran_at, ran"""


class Action(StrEnum):
    """What becomes of a lead that is too old."""

    ERASE = "erase"
    ANONYMISE = "anonymise"


@dataclass(frozen=True, slots=True)
class Rule:
    """Leads that are older than so many days are erased, or some fields emptied."""

    age_of: Column
    """The moment that the age is counted from: `created_at` or `updated_at`."""
    days: int
    action: Action
    statuses: tuple[int, ...] = ()
    """Only leads with one of these; empty: whatever their status is."""
    fields: tuple[int, ...] = ()
    """What is emptied; ids of fields."""
    id: int = 0
    due_at: int = 0
    """When it is carried out next, in microseconds."""
    beat_at: int = 0
    """When it was last worked at, in microseconds; 0: no run is going on."""
    done_to: int = 0
    """The last lead that the run which goes on is done with."""
    done: int = 0
    """How many leads that run was about so far."""
    ran_at: int = 0
    """When the last run ended, in microseconds; 0: there was none."""
    ran: int = 0
    """How many leads that one was about."""

    def older_than(self, now: int) -> int:
        """Return the moment before which a lead is too old, in microseconds."""
        return now - self.days * DAY_US

    def conditions(self, now: int) -> tuple[Condition, ...]:
        """Return what holds of a lead that is too old; `now` is in microseconds."""
        moment = from_microseconds(self.older_than(now))
        age = Condition(self.age_of, "lt", (moment,))
        if not self.statuses:
            return (age,)
        return age, Condition(Column.STATUS, "in", self.statuses)


def checked(rule: Rule) -> Rule:
    """Return a rule that can be carried out.

    Raises:
        UsageError: it names no number of days that can be, or nothing to empty.
    """
    if not 1 <= rule.days <= DAYS_MAX:
        raise UsageError(
            f"{rule.days} is no number of days", hint=f"write 1 to {DAYS_MAX}"
        )
    if rule.action is Action.ANONYMISE and not rule.fields:
        raise UsageError(
            "no field is named that shall be emptied", hint="name at least one"
        )
    if rule.action is Action.ERASE and rule.fields:
        raise UsageError(
            "fields are named, and nothing is left of a lead that is erased",
            hint="anonymise, or name no field",
        )
    return rule


def in_short(campaign: Campaign, rule: Rule) -> str:
    """Write a rule in the wire's words, as notes and commands have it."""
    about = f"{rule.age_of.value} > {rule.days} d"
    if rule.statuses:
        known = campaign.status_by_id
        about += f" · {', '.join(known[x].slug for x in rule.statuses if x in known)}"
    if rule.action is Action.ERASE:
        return f"{about} · erase"
    held = campaign.field_by_id
    slugs = ", ".join(held[ref].slug for ref in rule.fields if ref in held)
    return f"{about} · anonymise: {slugs}"


def find_all(connection: Connection, campaign_id: int) -> list[Rule]:
    """Return the rules of a campaign, oldest first."""
    found = connection.rows(
        f"""
        SELECT {_COLUMNS} FROM retention
         WHERE campaign_id = :campaign_id
         ORDER BY id
        """,
        {"campaign_id": campaign_id},
    )
    return [_rule(row) for row in found]


def find(connection: Connection, campaign_id: int, rule_id: int) -> Rule | None:
    """Return one rule; `None`: there is none with this id."""
    row = one(
        connection.rows(
            f"""
            SELECT {_COLUMNS} FROM retention
             WHERE campaign_id = :campaign_id AND id = :id
            """,
            {"campaign_id": campaign_id, "id": rule_id},
        )
    )
    return None if row is None else _rule(row)


def known(connection: Connection, campaign_id: int, rule_id: int) -> Rule:
    """Return one rule.

    Raises:
        NotFound: there is none with this id.
    """
    rule = find(connection, campaign_id, rule_id)
    if rule is None:
        raise NotFound(
            f"campaign {campaign_id} has no retention rule {rule_id}",
            hint=f"see: leadwell retention list --campaign {campaign_id}",
        )
    return rule


def find_due(connection: Connection, now: int) -> list[tuple[int, int]]:
    """Return the rules that wait to be carried out: their campaigns and ids."""
    found = connection.rows(
        """
        SELECT campaign_id, id FROM retention
         WHERE due_at <= :now AND beat_at <= :stale
         ORDER BY campaign_id, id
        """,
        {"now": now, "stale": now - LEASE_US},
    )
    return [(row[0], row[1]) for row in found]


def add(connection: Connection, campaign: Campaign, rule: Rule, now: int) -> Rule:
    """Keep a rule that somebody has confirmed; it is carried out a day from now.

    One that says the same is left as it is. The campaign is held by the caller.

    Raises:
        UsageError: it cannot be carried out, or there are too many.
    """
    checked(rule)
    there = find_all(connection, campaign.id)
    for each in there:
        if _said(each) == _said(rule):
            return each
    if len(there) >= RULES_MAX:
        raise UsageError(
            f"the campaign has {len(there)} retention rules already",
            hint="remove one first",
        )
    next_id = max((each.id for each in there), default=0) + 1
    made = replace(rule, id=next_id, due_at=now + FIRST_AFTER_US)
    connection.run(
        f"""
        INSERT INTO retention (campaign_id, {_COLUMNS})
             VALUES (:campaign_id, :id, :age_of, :days, :statuses, :action, :fields,
                     :due_at, :beat_at, :done_to, :done, :ran_at, :ran)
        """,
        _params(campaign.id, made),
    )
    return made


def remove(connection: Connection, campaign_id: int, rule_id: int) -> None:
    """Take a rule away: what it would have done is not done any more."""
    connection.run(
        "DELETE FROM retention WHERE campaign_id = :campaign_id AND id = :id",
        {"campaign_id": campaign_id, "id": rule_id},
    )


def claim(connection: Connection, campaign_id: int, rule_id: int, now: int) -> bool:
    """Take the run of a rule that is due; `False`: somebody else is at it.

    A run that was broken off is taken after `LEASE_US`, and goes on where it was.
    """
    claimed = connection.rows(
        """
           UPDATE retention SET beat_at = :now
            WHERE campaign_id = :campaign_id AND id = :id
              AND due_at <= :now AND beat_at <= :stale
        RETURNING id
        """,
        {
            "campaign_id": campaign_id,
            "id": rule_id,
            "now": now,
            "stale": now - LEASE_US,
        },
    )
    return bool(claimed)


def hasten(connection: Connection, campaign_id: int, rule_id: int, now: int) -> None:
    """Make a rule due at once; one that is due already stays as it is."""
    connection.run(
        """
        UPDATE retention SET due_at = :now
         WHERE campaign_id = :campaign_id AND id = :id AND due_at > :now
        """,
        {"campaign_id": campaign_id, "id": rule_id, "now": now},
    )


def keep(connection: Connection, campaign_id: int, rule: Rule) -> None:
    """Note how far a rule's run is."""
    connection.run(
        """
        UPDATE retention
           SET due_at = :due_at, beat_at = :beat_at, done_to = :done_to, done = :done,
               ran_at = :ran_at, ran = :ran
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        {
            name: value
            for name, value in _params(campaign_id, rule).items()
            if name not in {"age_of", "days", "statuses", "action", "fields"}
        },
    )


def _said(rule: Rule) -> Rule:
    return Rule(rule.age_of, rule.days, rule.action, rule.statuses, rule.fields)


def _rule(row: Row) -> Rule:
    return Rule(
        id=row[0],
        age_of=Column(row[1]),
        days=row[2],
        statuses=msgspec.json.decode(row[3], type=tuple[int, ...]),
        action=Action(row[4]),
        fields=msgspec.json.decode(row[5], type=tuple[int, ...]),
        due_at=row[6],
        beat_at=row[7],
        done_to=row[8],
        done=row[9],
        ran_at=row[10],
        ran=row[11],
    )


def _params(campaign_id: int, rule: Rule) -> Mapping[str, Any]:
    return {
        "campaign_id": campaign_id,
        "id": rule.id,
        "age_of": rule.age_of.value,
        "days": rule.days,
        "statuses": msgspec.json.encode(rule.statuses).decode(),
        "action": rule.action.value,
        "fields": msgspec.json.encode(rule.fields).decode(),
        "due_at": rule.due_at,
        "beat_at": rule.beat_at,
        "done_to": rule.done_to,
        "done": rule.done,
        "ran_at": rule.ran_at,
        "ran": rule.ran,
    }
