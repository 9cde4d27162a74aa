"""The erasures kept beside the database: a restore must not bring a lead back.

One JSON object a line, with ids and a moment. It is written and synced before the
erasure is committed, and done again at every start where the database lacks it.
"""

import fcntl
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec
from pyroaring import BitMap

from leadwell.errors import LeadNotFound, Refused
from leadwell.model.campaign import Campaign
from leadwell.store import campaigns
from leadwell.store.audit.actions import RETENTION
from leadwell.store.audit.chain import OPERATOR, Chain, Entry, Kind, append
from leadwell.store.audit.ranges import written
from leadwell.store.connection import Connection, Database
from leadwell.store.engines.files import sync
from leadwell.store.uploads import jobs
from leadwell.store.writes import erasing
from leadwell.store.writes.erasing import Erasure

_EVER = 10**17
"""A moment after all others, in microseconds."""


class _Line(msgspec.Struct):
    campaign_id: int
    lead_id: int
    at: int


def erase(
    connection: Connection,
    campaign: Campaign,
    lead_id: int,
    now: int,
    path: Path,
    actor: str = OPERATOR,
) -> list[Erasure]:
    """Erase a lead and those that were merged into it, and note that at once.

    `actor` is who does it, as the audit log calls them.

    Raises:
        LeadNotFound: there never was such a lead.
        Refused: it was merged into a lead that is not erased.
    """
    erasing.check_not_merged(connection, campaign.id, lead_id)
    done = erasing.erase(connection, campaign, lead_id, now)
    _tell(connection, campaign, done, actor)
    # Before the commit: an erasure that is committed is never forgotten.
    note(path, done)
    return done


def erase_all(
    connection: Connection,
    campaign: Campaign,
    lead_ids: Iterable[int],
    now: int,
    path: Path,
    actor: str = RETENTION,
) -> list[Erasure]:
    """Erase some leads, and those that were merged into them; note that at once.

    Raises:
        LeadNotFound: one of them never was.
    """
    done: list[Erasure] = []
    for lead_id in lead_ids:
        done += erasing.erase(connection, campaign, lead_id, now)
    if done:
        _tell(connection, campaign, done, actor)
        note(path, done)
    return done


def note(path: Path, erasures: Iterable[Erasure]) -> None:
    """Add erasures to the file; they are on the disk when this returns."""
    lines = [
        msgspec.json.encode(_Line(each.campaign_id, each.lead_id, each.at)) + b"\n"
        for each in erasures
    ]
    is_new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as file:
        # PostgreSQL erases leads of several campaigns at once.
        fcntl.flock(file, fcntl.LOCK_EX)
        # Behind the last whole line: half of one is of an erasure that never was.
        file.seek(file.read().rfind(b"\n") + 1)
        file.truncate()
        file.write(b"".join(lines))
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        # The name of the file has to survive a power cut too.
        sync(path.parent)


def replay(path: Path, database: Database, now: int) -> int:
    """Erase what the file names and the database still has; return how many leads.

    A database that lacks an erasure is an old one that was put back: what it knows of
    uploaded files goes too, for somebody who was erased may stand in them.

    Raises:
        Refused: the file cannot be read.
    """
    done = 0
    for line in _lines(path):

        def job(connection: Connection, line: _Line = line) -> int:
            return _again(connection, line, now)

        done += database.write(job).result()
    if done:
        _forget_files(database)
        database.empty_log()
    return done


def _forget_files(database: Database) -> None:
    with database.reading() as connection:
        found = jobs.campaigns_before(connection, _EVER)
    for campaign_id in found:
        job = partial(jobs.let_go, campaign_id=campaign_id, moment=_EVER)
        database.write(job).result()


def named(path: Path) -> dict[int, set[int]]:
    """Return the leads that the file names, by campaign.

    Raises:
        Refused: the file cannot be read.
    """
    found: dict[int, set[int]] = {}
    for line in _lines(path):
        found.setdefault(line.campaign_id, set()).add(line.lead_id)
    return found


def differences(
    connection: Connection, campaign_id: int, named: Collection[int]
) -> Iterator[str]:
    """Yield how the file and the database differ in what is erased, and what to do."""
    params = {"campaign_id": campaign_id}
    rows = connection.rows(
        "SELECT lead_id FROM erasure WHERE campaign_id = :campaign_id", params
    )
    known = {row[0] for row in rows}
    for lead_id in sorted(set(named) - known):
        # One that was made after the backup, and never was here, cannot come back.
        if connection.rows(
            """
            SELECT 1 FROM scope_member
             WHERE campaign_id = :campaign_id AND lead_id = :lead_id
             LIMIT 1
            """,
            params | {"lead_id": lead_id},
        ):
            yield f"lead {lead_id} was erased, and is here: start the hub again"
    unnamed = sorted(known - set(named))
    if unnamed:
        yield (
            f"{len(unnamed)} erased leads are not in the file of erasures, so that a "
            f"restore would bring them back: name the right file with "
            f"LEADWELL_ERASURE_FILE, or write each again: leadwell lead erase "
            f"{unnamed[0]} --campaign {campaign_id}"
        )


def _again(connection: Connection, line: _Line, now: int) -> int:
    campaign = campaigns.find(connection, line.campaign_id)
    if campaign is None or erasing.is_erased(connection, campaign.id, line.lead_id):
        return 0
    try:
        done = erasing.erase(connection, campaign, line.lead_id, now)
    except LeadNotFound:
        # The backup is of before the lead was made.
        return 0
    _tell(connection, campaign, done, OPERATOR)
    return len(done)


def _tell(
    connection: Connection, campaign: Campaign, done: Sequence[Erasure], actor: str
) -> None:
    """Have the audit log tell what was erased; nothing else keeps it in a chain."""
    ids = BitMap([each.lead_id for each in done])
    content = {"leads": len(ids), "ids": written(ids)[0]}
    entry = Entry(Kind.WRITE, "erase", actor, content)
    append(connection, Chain.of(campaign), done[0].at, [entry])


def _lines(path: Path) -> Iterator[_Line]:
    if not path.exists():
        return
    decoder = msgspec.json.Decoder(_Line)
    # What follows the last newline was cut off while it was written: its erasure was
    # not committed, for that comes after.
    *lines, _ = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            yield decoder.decode(line)
        except msgspec.MsgspecError:
            raise Refused(
                f"line {number} of {path} is no erasure",
                hint="restore the file: without it erased leads could come back",
            ) from None
