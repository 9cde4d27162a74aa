"""The hub of this machine: its configuration, database, key, versions and clock."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import closing
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from leadwell.cli.checkup.deep import CHECKS, Check
from leadwell.cli.opening import Where, now_us
from leadwell.errors import LeadwellError
from leadwell.settings import strangers
from leadwell.store.connection import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadwell.settings import Settings
    from leadwell.store.connection import Database

DAY_US = 86_400_000_000


def checkup(where: Where, *, deep: bool) -> Iterator[Finding]:
    """Yield what there is to say of this machine's hub; one that fails says why."""
    yield from _versions()
    for said in strangers(os.environ):
        yield Finding("warn", "settings", said)
    checks: list[Check] = [("key", _key), ("database", partial(_database, deep=deep))]
    for what, check in [*checks, *CHECKS] if deep else checks:
        # The others are made all the same.
        try:
            yield from check(where)
        except LeadwellError as error:
            yield Finding("fail", what, error.detail)
        except Exception as error:
            said = (
                f"it cannot be looked at ({type(error).__name__}): stop the hub, keep "
            )
            yield Finding("fail", what, f"{said}the database, and restore a backup")


def _versions() -> Iterator[Finding]:
    from leadwell.store.engines.checkup import sqlite_version

    python = sys.version.split()[0]
    said = f"leadwell {version('leadwell')}, Python {python}, SQLite {sqlite_version()}"
    yield Finding("ok", "versions", said)


def _key(where: Where) -> Iterator[Finding]:
    from leadwell.server.keys import instance_key
    from leadwell.server.opening import key_path

    settings = where.settings()
    path = key_path(settings)
    if not path.exists():
        yield Finding("warn", "key", f"{path} is made with the first token")
        return
    held = [each.number for each in instance_key(settings)]
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield Finding("warn", "key", f"others can read {path}: chmod 600 {path}")
    else:
        which = ", ".join(map(str, held))
        said = f"{path}, readable by its owner alone; generation {which}"
        yield Finding("ok", "key", said)


def _database(where: Where, *, deep: bool) -> Iterator[Finding]:
    from leadwell.server.opening import with_replicas
    from leadwell.store import migrations
    from leadwell.store.engines import checkup
    from leadwell.store.writes import chores

    settings = where.settings()
    with where.opened() as opened, closing(with_replicas(opened, settings)) as database:
        with database.reading() as connection:
            schema = migrations.version_of(connection)
            last = checkup.last_stamp(connection)
            waiting = chores.campaigns_with_work(connection)
        yield Finding("ok", "database", f"{database.address}, schema version {schema}")
        yield from database.checkup(deep=deep)
        yield _clock(last)
        if database.is_remote:
            yield from _shared(settings, database)
        if waiting:
            said = f"edits of campaigns {waiting} wait to be finished: leadwell chores"
            yield Finding("warn", "chores", said)


def _shared(settings: Settings, database: Database) -> Iterator[Finding]:
    """Look at what all hubs of a database have to have in common."""
    from leadwell.server import keys
    from leadwell.server.opening import key_path

    if key_path(settings).exists():
        keys.agreed(settings, database)
        yield Finding("ok", "hubs", "the key is that of the database's other hubs")
    if not settings.erasure_file:
        said = (
            "erasures are noted in this folder alone: with several hubs, name a file "
            "that all of them reach with LEADWELL_ERASURE_FILE"
        )
        yield Finding("warn", "erasures", said)


def _clock(last: int) -> Finding:
    ahead = last - now_us()
    if ahead > DAY_US:
        said = f"it is {ahead // DAY_US} days behind the newest lead: set it right"
        return Finding("fail", "clock", said)
    return Finding("ok", "clock", "not behind the newest lead")
