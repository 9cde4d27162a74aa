"""Where a file is chosen: for a campaign, or for one that it makes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from anyio import to_thread
from starlette.datastructures import UploadFile
from starlette.responses import Response

from leadwell.admin.importing import files, planning
from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.errors import LeadwellError, MalformedValue
from leadwell.model.campaign import Campaign
from leadwell.model.importing import Job, Plan, Progress, State
from leadwell.schema.times import from_microseconds
from leadwell.store import accounts, campaigns
from leadwell.store.connection import Connection
from leadwell.store.people.activity import What
from leadwell.store.uploads import jobs

T = TypeVar("T")
SHOWN = 50
"""So many imports of a campaign are listed."""


@dataclass(frozen=True, slots=True)
class Uploading:
    """The form, and what becomes of the file that it sends."""

    async def show(self, visit: Visit) -> Response:
        """Show the form, and the files that were loaded before."""
        return await self._shown(visit, None)

    async def take(self, visit: Visit) -> Response:
        """Keep a file for a campaign, and go on to where its columns go."""
        campaign = await visit.read(visit.campaign)
        try:
            job = await _kept(visit, campaign.id)
            job = await _looked_at(visit, job, campaign)
            await _or_dropped(visit, job, partial(files.share, visit.hub, job))
        except LeadwellError as error:
            return await self._shown(visit, error)
        made = await visit.write(lambda c: jobs.add(c, job))
        return visit.go(page_of(made))

    async def _shown(self, visit: Visit, error: LeadwellError | None) -> Response:
        def job(connection: Connection) -> tuple[Campaign, list[Job]]:
            campaign = visit.campaign(connection)
            return campaign, jobs.find_all(connection, campaign.id, SHOWN)

        campaign, found = await visit.read(job)
        content = {
            **around(visit, campaign, "leads"),
            "jobs": found,
            "now": visit.hub.agreed,
            "error": error,
            "most": visit.hub.limits.upload_bytes_max // 2**20,
        }
        return visit.page("imports/upload.html", content, 422 if error else 200)


async def new_campaign(visit: Visit) -> Response:
    """Make a campaign of a file, and go on to where its columns go.

    Raises:
        MalformedValue: no file was chosen.
        UnreadableFile: it is no table.
        Conflict: there is a campaign of that name.
    """
    job = await _kept(visit, 0)
    path = files.path_of(visit.hub, job)
    name = visit.text("name") or job.file_name.rpartition(".")[0]

    def make() -> Job:
        found, plan = planning.drafted(path, name or job.file_name)
        return visit.hub.database.write(
            lambda c: _made(c, visit, found.campaign, replace(job, plan=plan))
        ).result()

    made = await _or_dropped(visit, job, make)
    await to_thread.run_sync(files.share, visit.hub, made)
    return visit.go(page_of(made))


def page_of(job: Job) -> str:
    """Return the path of an import's page."""
    return f"/campaigns/{job.campaign_id}/import/{job.id}"


def _made(connection: Connection, visit: Visit, draft: Campaign, job: Job) -> Job:
    account = accounts.find_by_id(connection, visit.user.account_id)
    made = campaigns.add(connection, account, draft, visit.hub.moment)
    visit.note(connection, made, What.CAMPAIGN_MADE, made.name, made.id)
    return jobs.add(connection, replace(job, campaign_id=made.id))


async def _kept(visit: Visit, campaign_id: int) -> Job:
    given = visit.form.get("file")
    if not isinstance(given, UploadFile) or not given.filename:
        raise MalformedValue(
            "no file was chosen", hint="choose a CSV, XLSX or NDJSON file"
        )
    name, content = files.shown_name(given.filename), given.file
    kept = await to_thread.run_sync(files.keep, visit.hub, name, content)
    now = visit.hub.moment
    return Job(
        campaign_id,
        0,
        visit.user.person_id,
        visit.user.name,
        name,
        kept,
        State.UPLOADED,
        Plan(),
        Progress(),
        from_microseconds(now),
        now,
    )


async def _looked_at(visit: Visit, job: Job, campaign: Campaign) -> Job:
    path = files.path_of(visit.hub, job)
    plan = await _or_dropped(
        visit, job, lambda: planning.first(path, job.plan, campaign)
    )
    return replace(job, plan=plan)


async def _or_dropped(visit: Visit, job: Job, look: Callable[[], T]) -> T:
    """Look at a file in a thread; one that is no table is not kept."""
    try:
        return await to_thread.run_sync(look)
    except LeadwellError as error:
        await to_thread.run_sync(files.drop, visit.hub, job)
        error.message = files.said(job, error)
        raise
