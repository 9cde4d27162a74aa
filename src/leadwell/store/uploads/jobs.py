"""Imports of a campaign: where each stands, and that one process works on it."""

from collections.abc import Collection
from dataclasses import replace

import msgspec

from leadwell.errors import Conflict, NotFound
from leadwell.model.importing import Job, Plan, Progress, State
from leadwell.schema.times import from_microseconds, microseconds
from leadwell.store import campaigns
from leadwell.store.connection import Connection, Row, one

_COLUMNS = """campaign_id, id, person_id, who, file_name, file, state, plan, progress,
               created_at, beat_at"""


def add(connection: Connection, job: Job) -> Job:
    """Keep a new import; it is given an id."""
    job_id = campaigns.next_part_id(connection, job.campaign_id)
    job = replace(job, id=job_id)
    connection.run(
        """
        INSERT INTO import_job (campaign_id, id, person_id, who, file_name, file,
                                state, plan, progress, created_at, beat_at)
             VALUES (:campaign_id, :id, :person_id, :who, :file_name, :file,
                     :state, :plan, :progress, :created_at, :beat_at)
        """,
        {
            "campaign_id": job.campaign_id,
            "id": job.id,
            "person_id": job.person_id,
            "who": job.who,
            "file_name": job.file_name,
            "file": job.file,
            "state": job.state.value,
            "plan": _text(job.plan),
            "progress": _text(job.progress),
            "created_at": microseconds(job.created_at),
            "beat_at": job.beat_at,
        },
    )
    return job


def known(connection: Connection, campaign_id: int, job_id: int) -> Job:
    """Return an import of the campaign.

    Raises:
        NotFound: there is none.
    """
    row = one(
        connection.rows(
            f"""
            SELECT {_COLUMNS} FROM import_job
             WHERE campaign_id = :campaign_id AND id = :id
            """,
            {"campaign_id": campaign_id, "id": job_id},
        )
    )
    if row is None:
        raise NotFound(f"there is no import {job_id}", hint="see the imports")
    return _job(row)


def find_all(connection: Connection, campaign_id: int, most: int) -> list[Job]:
    """Return the newest imports of the campaign, newest first."""
    rows = connection.rows(
        f"""
        SELECT {_COLUMNS} FROM import_job
         WHERE campaign_id = :campaign_id
         ORDER BY id DESC
         LIMIT :most
        """,
        {"campaign_id": campaign_id, "most": most},
    )
    return [_job(row) for row in rows]


def begin(
    connection: Connection, job: Job, states: Collection[State], to: State, now: int
) -> Job:
    """Let an import go on from where somebody saw it; `now` in microseconds.

    One that was interrupted counts as in any state.

    Raises:
        Conflict: it stands elsewhere by now, or is being worked on.
    """
    held = known(connection, job.campaign_id, job.id)
    if held.state not in states and not held.is_interrupted(now):
        raise Conflict(
            "this import has gone on since the page was made",
            hint="look at it again",
        )
    begun = replace(held, state=to, plan=job.plan, progress=job.progress, beat_at=now)
    if not _kept(connection, held, begun):
        raise Conflict("somebody else has just gone on with it", hint="look again")
    return begun


def beat(connection: Connection, job: Job, changed: Job) -> bool:
    """Note how far whoever works on it has come; `False`: it is theirs no more."""
    return _kept(connection, job, changed)


def find_kept(connection: Connection, campaign_id: int) -> list[Job]:
    """Return the imports of which something is kept that stood in the file."""
    rows = connection.rows(
        f"""
        SELECT {_COLUMNS} FROM import_job
         WHERE campaign_id = :campaign_id AND file <> ''
         ORDER BY id
        """,
        {"campaign_id": campaign_id},
    )
    return [_job(row) for row in rows]


def campaigns_before(connection: Connection, moment: int) -> list[int]:
    """Return the campaigns with imports that nobody has gone on with since `moment`.

    Those of which something is kept that stood in the file; in microseconds.
    """
    found = connection.rows(
        """
        SELECT campaign.campaign_id FROM campaign
         WHERE EXISTS (SELECT 1 FROM import_job
                        WHERE import_job.campaign_id = campaign.campaign_id
                          AND import_job.beat_at < :moment
                          AND import_job.file <> '')
         ORDER BY campaign.campaign_id
        """,
        {"moment": moment},
    )
    return [row[0] for row in found]


def let_go(connection: Connection, campaign_id: int, moment: int) -> None:
    """Forget what stood in the files that nobody has gone on with since `moment`."""
    rows = connection.rows(
        f"""
        SELECT {_COLUMNS} FROM import_job
         WHERE campaign_id = :campaign_id AND beat_at < :moment AND file <> ''
        """,
        {"campaign_id": campaign_id, "moment": moment},
    )
    for job in map(_job, rows):
        forget_file(connection, job)


def forget_file(connection: Connection, job: Job) -> bool:
    """Forget what stood in the file of an import; `False`: somebody goes on with it."""
    kept = job.let_go
    found = connection.rows(
        """
           UPDATE import_job
              SET file = '', plan = :plan, progress = :progress
            WHERE campaign_id = :campaign_id AND id = :id AND beat_at = :beat_at
        RETURNING id
        """,
        {
            "campaign_id": job.campaign_id,
            "id": job.id,
            "beat_at": job.beat_at,
            "plan": _text(kept.plan),
            "progress": _text(kept.progress),
        },
    )
    return bool(found)


def _kept(connection: Connection, job: Job, changed: Job) -> bool:
    found = connection.rows(
        """
           UPDATE import_job
              SET state = :state, plan = :plan, progress = :progress,
                  beat_at = :beat_at
            WHERE campaign_id = :campaign_id AND id = :id
              AND state = :held AND beat_at = :held_at
        RETURNING id
        """,
        {
            "campaign_id": job.campaign_id,
            "id": job.id,
            "held": job.state.value,
            "held_at": job.beat_at,
            "state": changed.state.value,
            "plan": _text(changed.plan),
            "progress": _text(changed.progress),
            "beat_at": changed.beat_at,
        },
    )
    return bool(found)


def _text(held: Plan | Progress) -> str:
    return msgspec.json.encode(held).decode()


def _job(row: Row) -> Job:
    return Job(
        campaign_id=row[0],
        id=row[1],
        person_id=row[2],
        who=row[3],
        file_name=row[4],
        file=row[5],
        state=State(row[6]),
        plan=msgspec.json.decode(row[7], type=Plan),
        progress=msgspec.json.decode(row[8], type=Progress),
        created_at=from_microseconds(row[9]),
        beat_at=row[10],
    )
