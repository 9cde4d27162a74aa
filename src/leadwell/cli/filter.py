"""`leadwell filter`: saved conditions of a campaign."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cyclopts import App

from leadwell.cli import output
from leadwell.cli.chores import finish
from leadwell.cli.opening import HERE, CampaignId, Where, noted, now_us
from leadwell.cli.parts.editing import Change, agree
from leadwell.errors import NotFound

if TYPE_CHECKING:
    from leadwell.model.campaign import Campaign
    from leadwell.store.access.saving import Effect
    from leadwell.store.connection import Connection
    from leadwell.store.filters import Filter

filter_ = App(name="filter", help="Saved filters of a campaign.")


@filter_.command(name="set")
def set_(
    name: str,
    conditions: str,
    *,
    change: Change,
    where: Where = HERE,
) -> int:
    """Save conditions under a name, or change what the name stands for.

    Every token with this filter obeys the new conditions from its next request. How
    many leads enter and leave is shown first.

    Example: leadwell filter set big "source=partner-west&budget[gte]=500" --campaign 7

    Args:
        name: what to call it
        conditions: the same as in the query string of a request
        change: where, and whether to ask
        where: the database
    """
    from leadwell.store import campaigns, filters
    from leadwell.store.access import saving
    from leadwell.store.access.rights import conditions_of
    from leadwell.store.writes import rehearsal

    name = filters.checked_name(name)

    def job(connection: Connection) -> dict[str, Any]:
        found = campaigns.hold(connection, change.campaign)
        asked = conditions_of(found, conditions)
        known = filters.find_named(connection, found, name)
        kept = saving.save(connection, found, name, asked, now_us())
        _noted(connection, found, kept, is_new=known is None)
        return _shown(found, kept)

    with where.opened() as database:
        with database.reading() as connection:
            found = campaigns.known(connection, change.campaign)
            asked = conditions_of(found, conditions)
            known = filters.find_named(connection, found, name)
            effect = saving.effect(connection, found, known, asked)
        rehearsal.rehearse(database, job)
        _tell(name, effect)
        content = asdict(effect)
        code = 0
        if not change.dry_run:
            if effect.is_felt:
                agree(yes=change.yes)
            content |= database.write(job).result()
            code = finish(database, change.campaign)
    content |= {"dry_run": change.dry_run}
    text = f"{name}: {content.get('words', 'nothing was changed')}"
    output.document(content, as_json=where.json, text=text)
    return code


@filter_.command(name="list")
def list_(*, campaign: CampaignId, where: Where = HERE) -> None:
    """List the saved filters of a campaign.

    Example: leadwell filter list --campaign 362

    Args:
        campaign: the campaign's id
        where: the database
    """
    from leadwell.store import campaigns, filters

    def job(connection: Connection) -> list[dict[str, Any]]:
        found = campaigns.known(connection, campaign)
        return [_shown(found, each) for each in filters.find_all(connection, found)]

    output.rows(where.read(job), as_json=where.json)


@filter_.command
def show(name: str, *, campaign: CampaignId, where: Where = HERE) -> None:
    """Show one saved filter, as a query and in words.

    Example: leadwell filter show big-west --campaign 362

    Args:
        name: the filter's name
        campaign: the campaign's id
        where: the database
    """
    from leadwell.store import campaigns, filters

    def job(connection: Connection) -> dict[str, Any]:
        found = campaigns.known(connection, campaign)
        kept = filters.find_named(connection, found, name)
        if kept is None:
            raise NotFound(
                f"campaign {campaign} has no filter {name!r}",
                hint=f"see: leadwell filter list --campaign {campaign}",
            )
        return _shown(found, kept)

    output.rows([where.read(job)], as_json=where.json)


@filter_.command
def remove(name: str, *, campaign: CampaignId, where: Where = HERE) -> None:
    """Remove a saved filter that no token uses.

    Example: leadwell filter remove big-west --campaign 362

    Args:
        name: the filter's name
        campaign: the campaign's id
        where: the database
    """
    from leadwell.store import campaigns, filters
    from leadwell.store.people.activity import What

    def job(connection: Connection) -> None:
        found = campaigns.hold(connection, campaign)
        known = filters.find_named(connection, found, name)
        filters.remove(connection, found, name)
        noted(connection, found, What.FILTER_REMOVED, name, known.id if known else "")

    where.write(job)
    output.document({"removed": name}, as_json=where.json, text=f"removed {name}")


def _noted(
    connection: Connection, campaign: Campaign, kept: Filter, *, is_new: bool
) -> None:
    from leadwell.store.people.activity import What

    what = What.FILTER_MADE if is_new else What.FILTER_CHANGED
    noted(connection, campaign, what, kept.name or "", kept.id)


def _tell(name: str, effect: Effect) -> None:
    output.hint(
        f"This sets the filter {name}:\n"
        f"  {effect.enter:,} leads enter, {effect.leave:,} leave\n"
        f"  tokens that use it: {', '.join(effect.tokens) or 'none'}"
    )


def _shown(campaign: Campaign, kept: Filter) -> dict[str, Any]:
    from leadwell.schema import wording

    return {
        "name": kept.name,
        "query": wording.as_query(campaign, kept.conditions),
        "words": wording.in_words(campaign, kept.conditions),
    }
