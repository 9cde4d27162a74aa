"""`leadwell migrate` and `leadwell doctor`."""

from __future__ import annotations

import stat
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from leadwell.cli import output
from leadwell.cli.opening import HERE, Where, now_us
from leadwell.errors import LeadwellError
from leadwell.store.connection import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_US = 86_400_000_000
CAMPAIGNS_MAX = 1_000_000


def migrate(*, dry_run: bool = False, where: Where = HERE) -> None:
    """Bring the database to the schema of this release; all or nothing.

    Back it up first. Stop the hub while it runs.

    Example: leadwell migrate --dry-run

    Args:
        dry_run: only say what would be done
        where: the database
    """
    from leadwell.server import opening
    from leadwell.store import migrations

    database = opening.connect(where.settings())
    try:
        with database.reading() as connection:
            before = migrations.version_of(connection)
            names = [migration.name for migration in migrations.pending(before)]
        after = before if dry_run else opening.migrate(database, now_us())
    finally:
        database.close()
    content = {"before": before, "after": after, "pending": names, "dry_run": dry_run}
    steps = ", ".join(names) or "nothing"
    text = f"schema version {before}; to do: {steps}"
    output.document(content, as_json=where.json, text=text)


def doctor(*, deep: bool = False, where: Where = HERE) -> int:
    """Look at the configuration, the database, the key, the versions and the clock.

    With --deep also at every campaign: whether its index, its scopes, its digests and
    its stored leads are what its leads say. That takes a minute or so for a million
    leads, while the hub goes on serving. Exits with 1 when something fails.

    Example: leadwell doctor

    Args:
        deep: look at every lead
        where: the database
    """
    found = [*_versions()]
    checks = [("key", _key), ("database", _database)]
    for what, check in [*checks, ("campaigns", _campaigns)] if deep else checks:
        # One that fails says why, and the others are made all the same.
        try:
            found += check(where)
        except LeadwellError as error:
            found.append(Finding("fail", what, error.detail))
    rows = [{"state": f.state, "what": f.what, "said": f.said} for f in found]
    output.rows(rows, as_json=where.json)
    return 1 if any(finding.state == "fail" for finding in found) else 0


def _versions() -> Iterator[Finding]:
    from leadwell.store.engines.checkup import sqlite_version

    python = sys.version.split()[0]
    said = f"leadwell {version('leadwell')}, Python {python}, SQLite {sqlite_version()}"
    yield Finding("ok", "versions", said)


def _key(where: Where) -> Iterator[Finding]:
    from leadwell.server import instance_key
    from leadwell.server.opening import key_path

    settings = where.settings()
    path = key_path(settings)
    if not path.exists():
        yield Finding("warn", "key", f"{path} is made with the first token")
        return
    instance_key(settings)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield Finding("warn", "key", f"others can read {path}: chmod 600 {path}")
    else:
        yield Finding("ok", "key", f"{path}, readable by its owner alone")


def _database(where: Where) -> Iterator[Finding]:
    from leadwell.store import migrations
    from leadwell.store.engines import checkup
    from leadwell.store.writes import chores

    with where.opened() as database:
        with database.reading() as connection:
            schema = migrations.version_of(connection)
            last = checkup.last_stamp(connection)
            waiting = chores.campaigns_with_work(connection)
        yield Finding("ok", "database", f"{database.address}, schema version {schema}")
        yield from database.checkup()
        yield _clock(last)
        if waiting:
            said = f"edits of campaigns {waiting} wait to be finished: leadwell chores"
            yield Finding("warn", "chores", said)


def _campaigns(where: Where) -> Iterator[Finding]:
    from leadwell.store import campaigns
    from leadwell.store.indexes import checking

    with where.opened() as database:
        with database.reading() as connection:
            everyone = campaigns.find_page(connection, per_page=CAMPAIGNS_MAX).items
        covered = [campaign.id for campaign in everyone]
        for place, campaign_id in enumerate(covered, 1):
            output.hint(f"campaign {campaign_id}, {place} of {len(covered)}")
            # One moment of the database for each: what is compared belongs together.
            with database.reading() as connection:
                campaign = campaigns.known(connection, campaign_id)
                wrong = list(checking.differences(connection, campaign))
            name = f"campaign {campaign_id}"
            yield from (Finding("fail", name, said) for said in wrong)
            if not wrong:
                yield Finding("ok", name, "index, scopes, digests and leads agree")


def _clock(last: int) -> Finding:
    ahead = last - now_us()
    if ahead > DAY_US:
        said = f"it is {ahead // DAY_US} days behind the newest lead: set it right"
        return Finding("fail", "clock", said)
    return Finding("ok", "clock", "not behind the newest lead")
