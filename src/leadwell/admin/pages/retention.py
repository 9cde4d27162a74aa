"""How long leads are kept: a rule is shown with what it would do, then confirmed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from leadwell.admin import freshness
from leadwell.admin.freshness import seen
from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.errors import UsageError
from leadwell.model.campaign import Campaign, Column
from leadwell.schema.times import from_microseconds
from leadwell.store import leads
from leadwell.store.connection import Connection
from leadwell.store.people.activity import What
from leadwell.store.retention import rules
from leadwell.store.retention.rules import Action, Rule
from leadwell.store.retention.selecting import Count, Selection

SAMPLE = 5
"""How many leads are shown of those that a rule is about."""
DAYS = 730
"""What a new form begins with: two years."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A rule as a form holds it, and what is wrong with it."""

    rule: Rule
    days: str
    wrong: dict[str, str]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rule would do at this moment."""

    count: Count
    older_than: datetime
    first_at: datetime
    sample: list[Any]
    """The first of the leads, as the API shows them."""


class Retention:
    """The page of a new rule, and the end of one."""

    async def show(self, visit: Visit) -> Response:
        """Show an empty form."""
        return visit.page("retention.html", await visit.read(lambda c: _new(c, visit)))

    async def add(self, visit: Visit) -> Response:
        """Show what a rule would do; keep it once that was confirmed."""
        if visit.text("confirm"):
            try:
                if await visit.write(lambda c: _add(c, visit)):
                    return visit.go(_path(visit), "added")
            except UsageError as error:
                content = await visit.read(lambda c: _looked_at(c, visit))
                shown = content | {"error": error}
                return visit.page("retention.html", shown, 422)
        content = await visit.read(lambda c: _looked_at(c, visit))
        is_wrong = content["typed"].wrong or visit.text("confirm")
        return visit.page("retention.html", content, 422 if is_wrong else 200)

    async def remove(self, visit: Visit) -> Response:
        """Take a rule away."""
        await visit.write(lambda c: _remove(c, visit))
        return visit.go(_path(visit), "removed")


def shown(connection: Connection, campaign: Campaign) -> list[dict[str, Any]]:
    """Return the rules of a campaign for the tab, each with the state it is in."""
    return [
        {
            "rule": rule,
            "seen": seen_of(campaign, rule),
            "due": from_microseconds(rule.due_at),
            "ran": from_microseconds(rule.ran_at) if rule.ran_at else None,
        }
        for rule in rules.find_all(connection, campaign.id)
    ]


def seen_of(campaign: Campaign, rule: Rule) -> str:
    """Name what a rule says, so that nobody confirms another one than was shown."""
    return seen(
        rules.in_short(campaign, rule), rule.days, rule.statuses, rule.fields, rule.id
    )


def _path(visit: Visit) -> str:
    return f"/campaigns/{visit.campaign_id}/settings"


def _new(connection: Connection, visit: Visit) -> dict[str, Any]:
    campaign = visit.campaign(connection)
    personal = [each.id for each in campaign.fields if each.type in rules.PERSONAL]
    rule = Rule(Column.CREATED_AT, DAYS, Action.ERASE, fields=tuple(personal))
    return _content(visit, campaign, Typed(rule, str(DAYS), {}))


def _content(visit: Visit, campaign: Campaign, typed: Typed) -> dict[str, Any]:
    return {
        **around(visit, campaign, "settings"),
        "at": _path(visit),
        "typed": typed,
        "ticked": {int(x) for x in _ids(visit, "field")} or set(typed.rule.fields),
        "effect": None,
        "error": None,
        "is_stale": False,
        "seen": "",
    }


def _looked_at(connection: Connection, visit: Visit) -> dict[str, Any]:
    campaign = visit.campaign(connection)
    typed = _typed(visit, campaign)
    content = _content(visit, campaign, typed)
    if typed.wrong:
        return content
    now = seen_of(campaign, typed.rule)
    return content | {
        "effect": _effect(connection, visit, campaign, typed.rule),
        "seen": now,
        "is_stale": bool(visit.text("confirm")) and visit.text("seen") != now,
    }


def _effect(
    connection: Connection, visit: Visit, campaign: Campaign, rule: Rule
) -> Effect:
    now = visit.hub.now
    grant = visit.user.grant(campaign)
    selection = Selection.of(grant, campaign, rule, now)
    ids = selection.after(connection, 0, SAMPLE).there
    bodies = leads.find_bodies(connection, campaign, selection.query, ids)
    return Effect(
        selection.count(connection),
        from_microseconds(rule.older_than(now)),
        from_microseconds(now + rules.FIRST_AFTER_US),
        [msgspec.json.decode(body) for body in bodies],
    )


def _ids(visit: Visit, name: str) -> list[str]:
    given = (str(each) for each in visit.form.getlist(name))
    return [each for each in given if each.isascii() and each.isdecimal()]


def _typed(visit: Visit, campaign: Campaign) -> Typed:
    is_erased = visit.text("action") != Action.ANONYMISE
    age = visit.text("age_of")
    days = visit.text("days")
    is_number = days.isascii() and days.isdecimal() and len(days) < len("1" + "0" * 9)
    fields = tuple(x.id for x in campaign.fields if str(x.id) in _ids(visit, "field"))
    statuses = _ids(visit, "status")
    rule = Rule(
        Column(age) if age in rules.AGES else Column.CREATED_AT,
        int(days) if is_number else 0,
        Action.ERASE if is_erased else Action.ANONYMISE,
        tuple(x.id for x in campaign.statuses if str(x.id) in statuses),
        () if is_erased else fields,
    )
    return Typed(rule, days, _wrong(visit, rule, statuses))


def _wrong(visit: Visit, rule: Rule, statuses: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if not 1 <= rule.days <= rules.DAYS_MAX:
        most = visit.said.number(rules.DAYS_MAX)
        found["days"] = visit.said(
            "Write a whole number from 1 to %(most)s.", most=most
        )
    if rule.action is Action.ANONYMISE and not rule.fields:
        found["field"] = visit.said("Tick at least one field.")
    if len(rule.statuses) < len(statuses):
        # Without it the rule would be about more leads than somebody has asked for.
        found["status"] = visit.said("A status is gone: tick again those you mean.")
    return found


def _add(connection: Connection, visit: Visit) -> bool:
    """Keep a rule; `False`: what is sent is not what was shown."""
    campaign = visit.held(connection)
    typed = _typed(visit, campaign)
    if typed.wrong or visit.text("seen") != seen_of(campaign, typed.rule):
        return False
    there = rules.find_all(connection, campaign.id)
    made = rules.add(connection, campaign, typed.rule, visit.hub.now)
    if made not in there:
        about = rules.in_short(campaign, made)
        visit.note(connection, campaign, What.RETENTION_ADDED, about, made.id)
    return True


def _remove(connection: Connection, visit: Visit) -> None:
    campaign = visit.held(connection)
    rule_id = int(visit.request.path_params["rule_id"])
    rule = rules.find(connection, campaign.id, rule_id)
    if rule is None:
        return
    freshness.check(visit, seen_of(campaign, rule))
    rules.remove(connection, campaign.id, rule_id)
    about = rules.in_short(campaign, rule)
    visit.note(connection, campaign, What.RETENTION_REMOVED, about, rule_id)
