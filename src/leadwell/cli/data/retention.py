"""`leadwell retention`: how long a campaign keeps its leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from leadwell.cli import output
from leadwell.cli.data.lead import days_of
from leadwell.cli.opening import HERE, CampaignId, Where, noted, now_us
from leadwell.cli.parts.editing import Change, agree
from leadwell.errors import Refused, UsageError

if TYPE_CHECKING:
    from leadwell.model.campaign import Campaign
    from leadwell.store.connection import Connection, Database
    from leadwell.store.retention.rules import Rule

retention = App(name="retention", help="How long a campaign keeps its leads.")
RuleId = Annotated[int, Parameter(name="RULE")]


@Parameter(name="*")
@dataclass(frozen=True)
class About:
    """Which leads a rule is about, and what of them."""

    older_than: str
    """The age: 1d to 36500d."""
    by: Literal["created_at", "updated_at"] = "created_at"
    """What the age is counted from."""
    status: tuple[str, ...] = ()
    """Only leads with this status; may be given several times."""
    field: tuple[str, ...] = ()
    """A field to empty; may be given several times."""


@retention.command
def add(
    action: Literal["erase", "anonymise"],
    *,
    about: About,
    change: Change,
    where: Where = HERE,
) -> None:
    """Say what becomes of leads that are older than so many days.

    How many leads that would be today is shown first. A running hub does it a day
    after this was agreed to, and every day from then on; `run` does it at once.

    Example: leadwell retention add erase --older-than 730d --status lost --campaign 362

    Args:
        action: erase a lead with its history, or empty some of its fields everywhere
        about: which leads, and what of them
        change: where, and whether to ask
        where: the database
    """
    from leadwell.store import campaigns
    from leadwell.store.people.activity import What
    from leadwell.store.retention import rules

    def job(connection: Connection) -> Rule:
        campaign = campaigns.hold(connection, change.campaign)
        rule = rules.add(
            connection, campaign, _asked(campaign, action, about), now_us()
        )
        short = rules.in_short(campaign, rule)
        noted(connection, campaign, What.RETENTION_ADDED, short, rule.id)
        return rule

    def look(connection: Connection) -> dict[str, Any]:
        campaign = campaigns.known(connection, change.campaign)
        return _effect(connection, campaign, _asked(campaign, action, about))

    content = where.read(look)
    _tell(content)
    if not change.dry_run:
        agree(yes=change.yes)
        content |= {"id": where.write(job).id}
    content["dry_run"] = change.dry_run
    text = (
        f"rule {content.get('id')}"
        if "id" in content
        else "nothing was changed: --dry-run"
    )
    output.document(content, as_json=where.json, text=text)


@retention.command(name="list")
def list_(*, campaign: CampaignId, where: Where = HERE) -> None:
    """List the rules of a campaign, and what the last run of each has done.

    Example: leadwell retention list --campaign 362

    Args:
        campaign: the campaign's id
        where: the database
    """
    from leadwell.schema.times import from_microseconds, show
    from leadwell.store import campaigns
    from leadwell.store.retention import rules

    def job(connection: Connection) -> list[dict[str, Any]]:
        found = campaigns.known(connection, campaign)
        return [
            {
                "id": each.id,
                "rule": rules.in_short(found, each),
                "due_at": show(from_microseconds(each.due_at)),
                "ran_at": show(from_microseconds(each.ran_at)) if each.ran_at else None,
                "leads": each.ran if each.ran_at else None,
            }
            for each in rules.find_all(connection, campaign)
        ]

    output.rows(where.read(job), as_json=where.json)


@retention.command
def remove(rule: RuleId, *, campaign: CampaignId, where: Where = HERE) -> None:
    """Remove a rule: leads are kept that it would have been about.

    Example: leadwell retention remove 1 --campaign 362

    Args:
        rule: the rule's number
        campaign: the campaign's id
        where: the database
    """
    from leadwell.store import campaigns
    from leadwell.store.people.activity import What
    from leadwell.store.retention import rules

    def job(connection: Connection) -> None:
        held = campaigns.hold(connection, campaign)
        about = rules.in_short(held, rules.known(connection, campaign, rule))
        rules.remove(connection, campaign, rule)
        noted(connection, held, What.RETENTION_REMOVED, about, rule)

    where.write(job)
    output.document({"removed": rule}, as_json=where.json, text=f"removed rule {rule}")


@retention.command
def run(
    *,
    campaign: CampaignId,
    dry_run: bool = False,
    yes: bool = False,
    clock_is_right: bool = False,
    where: Where = HERE,
) -> None:
    """Carry out the rules of a campaign now, rather than when they are due.

    What it is about to do is shown first. A run that was interrupted goes on where it
    was. It is refused when the machine's clock does not fit what the database knows:
    to a clock that is ahead, leads are too old that are not.

    Example: leadwell retention run --campaign 362 --dry-run

    Args:
        campaign: the campaign's id
        dry_run: only say what it would do
        yes: do not ask
        clock_is_right: do it though the clock does not fit
        where: the database
    """
    from leadwell.server import clock
    from leadwell.store import campaigns
    from leadwell.store.retention import rules

    def look(connection: Connection) -> list[dict[str, Any]]:
        found = campaigns.known(connection, campaign)
        return [
            {"id": each.id, **_effect(connection, found, each)}
            for each in rules.find_all(connection, campaign)
        ]

    if not clock_is_right:
        with where.opened() as database:
            clock.check_against(database, clock.now())
    found = where.read(look)
    for each in found:
        _tell(each)
    if not dry_run and any(each["leads"] or each["deleted"] for each in found):
        agree(yes=yes)
    if not dry_run:
        with where.opened() as database:
            for each in found:
                each["done"] = _run(database, where, campaign, each["id"])
            is_log_empty = database.empty_log()
        if not is_log_empty:
            output.hint(
                "the log beside the database still holds what was erased, for "
                "somebody is reading it: it is emptied by the next run"
            )
    output.rows(found, as_json=where.json)


def _run(database: Database, where: Where, campaign_id: int, rule_id: int) -> int:
    """Carry out a rule to its end; return how many leads it was about."""
    from leadwell.server.opening import erasure_path
    from leadwell.store.retention import rules, working

    def job(connection: Connection) -> bool:
        rules.hasten(connection, campaign_id, rule_id, now_us())
        return rules.claim(connection, campaign_id, rule_id, now_us())

    if not database.write(job).result():
        raise Refused(
            f"rule {rule_id} is being carried out at this moment",
            hint="a running hub is at it, or one was stopped: try again in two minutes",
        )
    path = erasure_path(where.settings())
    while working.work(database, campaign_id, rule_id, now_us, path):
        pass
    with database.reading() as connection:
        rule = rules.find(connection, campaign_id, rule_id)
    return rule.ran if rule else 0


def _asked(campaign: Campaign, action: str, about: About) -> Rule:
    from leadwell.model.campaign import Column
    from leadwell.store.retention import rules

    return rules.checked(
        rules.Rule(
            Column(about.by),
            days_of(about.older_than),
            rules.Action(action),
            statuses=_ids(about.status, "status", campaign.statuses),
            fields=_ids(about.field, "field", campaign.fields),
        )
    )


def _ids(slugs: tuple[str, ...], what: str, parts: Any) -> tuple[int, ...]:
    known = {each.slug: each.id for each in parts}
    for slug in slugs:
        if slug not in known:
            raise UsageError(
                f"the campaign has no {what} {slug!r}",
                hint=f"it has: {', '.join(known) or 'none'}",
            )
    return tuple(known[slug] for slug in dict.fromkeys(slugs))


def _effect(connection: Connection, campaign: Campaign, rule: Rule) -> dict[str, Any]:
    from leadwell.model.grant import Grant
    from leadwell.schema.times import from_microseconds, show
    from leadwell.store.retention import rules
    from leadwell.store.retention.selecting import Selection

    now = now_us()
    grant = Grant.of_operator(campaign)
    count = Selection.of(grant, campaign, rule, now).count(connection)
    return {
        "rule": rules.in_short(campaign, rule),
        "before": show(from_microseconds(rule.older_than(now))),
        "leads": count.there,
        "deleted": count.gone,
    }


def _tell(effect: dict[str, Any]) -> None:
    output.hint(
        f"{effect['rule']}\n"
        f"  today that is {effect['leads']:,} leads of before {effect['before']},\n"
        f"  and what is kept of {effect['deleted']:,} that were deleted; "
        "it cannot be undone"
    )
