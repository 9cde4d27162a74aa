"""The erasures kept beside the database: a restore must not bring a lead back.

One JSON object a line, with ids and a moment. It is written and synced before the
erasure is committed, and done again at every start where the database lacks it.
"""

import fcntl
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec
from pyroaring import BitMap

from leadwell.errors import Refused
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
_BLOCK_BYTES = 4_096
"""So much of the file is read at once, from its end."""


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
        file.seek(_end_of_lines(file))
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
    for campaign_id, leads in named(path).items():
        # There are more of them each day, and hardly ever is there anything to do.
        with database.reading() as connection:
            lacking = _lacking(connection, campaign_id, leads)
        for lead_id in lacking:
            job = partial(_again, campaign_id=campaign_id, lead_id=lead_id, now=now)
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
    for lead_id in _lacking(connection, campaign_id, named):
        yield f"lead {lead_id} was erased, and is here: start the hub again"
    unnamed = sorted(_erased(connection, campaign_id) - set(named))
    if unnamed:
        yield (
            f"{len(unnamed)} erased leads are not in the file of erasures, so that a "
            f"restore would bring them back: name the right file with "
            f"LEADWELL_ERASURE_FILE, or write each again: leadwell lead erase "
            f"{unnamed[0]} --campaign {campaign_id}"
        )


def _erased(connection: Connection, campaign_id: int) -> set[int]:
    rows = connection.rows(
        "SELECT lead_id FROM erasure WHERE campaign_id = :campaign_id",
        {"campaign_id": campaign_id},
    )
    return {row[0] for row in rows}


def _lacking(
    connection: Connection, campaign_id: int, named: Collection[int]
) -> list[int]:
    """Return the leads whose erasure the database lacks.

    One that was made after the backup, and never was here, cannot come back.
    """
    lacking = sorted(set(named) - _erased(connection, campaign_id))
    return [each for each in lacking if _was_here(connection, campaign_id, each)]


def _was_here(connection: Connection, campaign_id: int, lead_id: int) -> bool:
    return bool(
        connection.rows(
            """
            SELECT 1 FROM scope_member
             WHERE campaign_id = :campaign_id AND lead_id = :lead_id
             LIMIT 1
            """,
            {"campaign_id": campaign_id, "lead_id": lead_id},
        )
    )


def _again(connection: Connection, campaign_id: int, lead_id: int, now: int) -> int:
    campaign = campaigns.known(connection, campaign_id)
    # With the one that it was merged into, for instance.
    if erasing.is_erased(connection, campaign.id, lead_id):
        return 0
    done = erasing.erase(connection, campaign, lead_id, now)
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


def _end_of_lines(file: BinaryIO) -> int:
    """Return where the last whole line ends; the file may be long."""
    at = file.seek(0, os.SEEK_END)
    while at:
        start = max(at - _BLOCK_BYTES, 0)
        file.seek(start)
        found = file.read(at - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        at = start
    return 0


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
