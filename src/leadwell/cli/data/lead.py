"""`leadwell lead`: the history of a lead, its erasure, and who was told."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cyclopts import App

from leadwell.cli import output
from leadwell.cli.opening import HERE, CampaignId, Where, noted, now_us
from leadwell.errors import NotFound, Refused, UsageError

if TYPE_CHECKING:
    from leadwell.store.connection import Connection
    from leadwell.store.writes.erasing import Erasure

lead = App(name="lead", help="One lead: its history, its erasure, and who had it.")
_DAYS = re.compile(r"(\d{1,5})d", re.ASCII)


@lead.command
def history(
    id: int,  # noqa: A002 - the command's word
    *,
    campaign: CampaignId,
    where: Where = HERE,
) -> None:
    """Show who changed what of a lead and when.

    Example: leadwell lead history 9812 --campaign 362

    Args:
        id: the lead's id
        campaign: the campaign's id
        where: the database
    """
    from leadwell.schema.times import show
    from leadwell.store import campaigns
    from leadwell.store.writes import history as kept

    def job(connection: Connection) -> list[dict[str, Any]]:
        found = campaigns.known(connection, campaign)
        names = {str(field.id): field.slug for field in found.fields}
        return [
            {
                "version": each.version,
                "at": show(each.at),
                "by": each.author or "operator",
                "what": each.op,
                "changes": {
                    names.get(ref, ref): list(values)
                    for ref, values in each.changes.items()
                },
            }
            for each in kept.find(connection, campaign, id)
        ]

    output.rows(where.read(job), as_json=where.json)


@lead.command
def erase(
    id: int,  # noqa: A002 - the command's word
    *,
    campaign: CampaignId,
    yes: bool = False,
    where: Where = HERE,
) -> None:
    """Erase a lead for ever: its values, its history, its names.

    Leads that were merged into it are erased with it. Every token that ever held one
    is told so by the change feed. Their ids are also kept in the file of erasures, so
    that a restored backup erases them again.

    Example: leadwell lead erase 9812 --campaign 362 --yes

    Args:
        id: the lead's id
        campaign: the campaign's id
        yes: do not ask
        where: the database
    """
    from leadwell.server.opening import erasure_path
    from leadwell.store import campaigns
    from leadwell.store.people.activity import What
    from leadwell.store.writes import erasures

    if not yes:
        _ask(f"{_what_goes(where, campaign, id)}? It cannot be undone.")
    path = erasure_path(where.settings())

    def job(connection: Connection) -> list[Erasure]:
        found = campaigns.known(connection, campaign)
        done = erasures.erase(connection, found, id, now_us(), path)
        noted(connection, found, What.LEADS_ERASED, str(id), id)
        return done

    with where.opened() as database:
        done = database.write(job).result()
        is_log_empty = database.empty_log()
    merged = [each.lead_id for each in done if each.lead_id != id]
    content = {"erased": id, "campaign": campaign, "merged": merged}
    text = f"erased lead {id}"
    if merged:
        text += f", and what was merged into it: {_listed(merged)}"
    output.document(content, as_json=where.json, text=text)
    if not is_log_empty:
        output.hint(
            "the log beside the database still holds what was erased, for somebody is "
            "reading it: run this again in a minute"
        )
    output.hint(f"who had it: leadwell lead receipts {id} --campaign {campaign}")


@lead.command
def receipts(
    id: int,  # noqa: A002 - the command's word
    *,
    campaign: CampaignId,
    where: Where = HERE,
) -> None:
    """List the tokens that may have received an erased lead, and which know of it.

    A token knows once it has sent a cursor from behind the erasure.

    Example: leadwell lead receipts 9812 --campaign 362

    Args:
        id: the lead's id
        campaign: the campaign's id
        where: the database
    """
    from leadwell.schema.times import show
    from leadwell.store import campaigns, readers
    from leadwell.store.writes import erasing

    def job(connection: Connection) -> list[dict[str, Any]]:
        found = campaigns.known(connection, campaign)
        if not erasing.is_erased(connection, campaign, id):
            raise NotFound(
                f"lead {id} of campaign {campaign} is not erased",
                hint=f"erase it: leadwell lead erase {id} --campaign {campaign}",
            )
        return [
            {
                "token": each.name,
                "id": each.lineage,
                "could read since": show(each.since),
                "confirmed_at": show(each.confirmed_at) if each.confirmed_at else None,
            }
            for each in readers.receipts(connection, found, id)
        ]

    output.rows(where.read(job), as_json=where.json)


@lead.command
def forget(
    *, campaign: CampaignId, older_than: str = "365d", where: Where = HERE
) -> None:
    """Remove the history of leads that is older than the retention.

    A running hub does so by itself with the setting `history_days`.

    Example: leadwell lead forget --campaign 362 --older-than 180d

    Args:
        campaign: the campaign's id
        older_than: how long history is kept: 1d to 99999d
        where: the database
    """
    from leadwell.schema.times import from_microseconds, show
    from leadwell.store import campaigns
    from leadwell.store.people.activity import What
    from leadwell.store.writes import history as kept

    age = timedelta(days=days_of(older_than)) // timedelta(microseconds=1)
    before = now_us() - age

    count = 0

    def job(connection: Connection) -> int:
        found = campaigns.known(connection, campaign)
        removed = kept.forget_before(connection, found.id, before)
        if removed and not count:
            day = show(from_microseconds(before))
            noted(connection, found, What.HISTORY_FORGOTTEN, day, day)
        return removed

    with where.opened() as database:
        while done := database.write(job).result():
            count += done
    content = {"removed": count, "campaign": campaign}
    output.document(content, as_json=where.json, text=f"removed {count:,} revisions")


def days_of(text: str) -> int:
    """Read an age in days: 180d.

    Raises:
        UsageError: it is none.
    """
    shape = _DAYS.fullmatch(text)
    if shape is None or int(shape[1]) == 0:
        raise UsageError(f"{text!r} is no age", hint="write 180d or 365d")
    return int(shape[1])


def _what_goes(where: Where, campaign_id: int, lead_id: int) -> str:
    from leadwell.store.writes import erasing

    merged = where.read(lambda c: erasing.merged_into(c, campaign_id, lead_id))
    also = f", with what was merged into it ({_listed(merged)})" if merged else ""
    return f"Erase lead {lead_id} of campaign {campaign_id}{also}"


def _listed(ids: list[int]) -> str:
    return ", ".join(map(str, ids))


def _ask(text: str) -> None:
    if not sys.stdin.isatty():
        raise Refused("this needs a yes", hint="add --yes")
    if not output.agrees(text):
        raise Refused("nothing was done")
