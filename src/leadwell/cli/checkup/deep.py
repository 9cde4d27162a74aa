"""What `leadwell doctor --deep` looks at beside: every campaign, erasures, backups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from leadwell.cli import output
from leadwell.cli.opening import Where, now_us
from leadwell.store.connection import Finding

Check: TypeAlias = tuple[str, Callable[[Where], Iterator[Finding]]]
"""What is looked at, under the name that it has when it cannot be."""
CAMPAIGNS_MAX = 1_000_000
TELL_EVERY = 50_000
"""Leads between two words of how far it is."""
BACKUP_HOURS = 26
"""A night, and two hours for a backup that takes longer than the one before."""
_HOUR_US = 3_600_000_000


def _campaigns(where: Where) -> Iterator[Finding]:
    from leadwell.store import campaigns
    from leadwell.store.checking import whole

    with where.opened() as database:
        with database.reading() as connection:
            everyone = campaigns.find_page(connection, per_page=CAMPAIGNS_MAX).items
        covered = [campaign.id for campaign in everyone]
        for place, campaign_id in enumerate(covered, 1):
            output.hint(f"campaign {campaign_id}, {place} of {len(covered)}")
            # One moment of the database for each: what is compared belongs together.
            with database.reading() as connection:
                wrong = list(whole.differences(connection, campaign_id, _tell))
            name = f"campaign {campaign_id}"
            yield from (Finding("fail", name, said) for said in wrong)
            if not wrong:
                said = "numbers, index, scopes, digests, history and leads agree"
                yield Finding("ok", name, said)


def _tell(done: int) -> None:
    if done % TELL_EVERY == 0:
        output.hint(f"  {done:,} leads")


def _erasures(where: Where) -> Iterator[Finding]:
    from leadwell.server.opening import erasure_path
    from leadwell.store import campaigns
    from leadwell.store.writes import erasures

    path = erasure_path(where.settings())
    named = erasures.named(path)
    wrong: list[str] = []
    with where.opened() as database, database.reading() as connection:
        everyone = campaigns.find_page(connection, per_page=CAMPAIGNS_MAX).items
        for campaign_id in (campaign.id for campaign in everyone):
            leads = named.get(campaign_id, set())
            found = erasures.differences(connection, campaign_id, leads)
            wrong += (f"campaign {campaign_id}: {said}" for said in found)
    yield from (Finding("fail", "erasures", said) for said in wrong)
    if not wrong:
        count = sum(map(len, named.values()))
        yield Finding("ok", "erasures", f"{path} has {count:,}, as the database")


def _backup(where: Where) -> Iterator[Finding]:
    from leadwell.store.hubs import instance

    at = where.read(lambda c: instance.noted_at(c, instance.BACKUP))
    hours = (now_us() - at) // _HOUR_US
    how = "leadwell backup FILE; after pg_dump: leadwell backup --elsewhere"
    if not at:
        yield Finding("warn", "backup", f"none was noted: {how}")
    elif hours > BACKUP_HOURS:
        yield Finding("warn", "backup", f"the newest is {hours:,} hours old: {how}")
    else:
        yield Finding("ok", "backup", f"the newest is {hours} hours old")


CHECKS: tuple[Check, ...] = (
    ("campaigns", _campaigns),
    ("erasures", _erasures),
    ("backup", _backup),
)
