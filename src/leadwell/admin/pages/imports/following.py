"""One import: where its columns go, what it would do, how far it is, its undoing."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from anyio import to_thread
from starlette.responses import Response, StreamingResponse

from leadwell.admin.importing import files, planning
from leadwell.admin.importing.running import Run
from leadwell.admin.pages.imports.uploading import page_of
from leadwell.admin.rendering import HEADERS
from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.errors import Conflict, LeadwellError, MalformedRequest, NotFound
from leadwell.intake.mapping import OWN_TARGETS
from leadwell.model.campaign import Campaign
from leadwell.model.importing import Job, Plan, Progress, State
from leadwell.store.connection import Connection
from leadwell.store.people.activity import What
from leadwell.store.uploads import added, jobs
from leadwell.store.uploads.added import Count

RESTING = frozenset({State.CHECKED, State.STOPPED, State.FAILED})
UNDO = "undo"
"""The parameter of the page that shows what undoing would do."""
ENCODINGS = ("utf-8", "cp1252", "utf-16", "iso-8859-15")
DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Following:
    """The page of one import, and what its forms ask for."""

    async def show(self, visit: Visit) -> Response:
        """Show where it stands."""
        campaign, job = await _opened(visit)
        return await self._shown(visit, campaign, job, None)

    async def act(self, visit: Visit) -> Response:
        """Do what a form of the page asks for."""
        campaign, job = await _opened(visit)
        acts = {
            "read": _read_again,
            "check": _check,
            "plan": _plan_again,
            "load": _load,
            "stop": _stop,
            "undo": _undo,
        }
        act = acts.get(visit.text("do"))
        if act is None:
            raise MalformedRequest("the form asks for nothing", hint="load it again")
        try:
            job = await act(visit, campaign, job)
        except LeadwellError as error:
            # It may stand elsewhere by now.
            campaign, job = await _opened(visit)
            if job.state is State.UPLOADED:
                job = replace(job, plan=_typed(visit, job.plan))
            return await self._shown(visit, campaign, job, error)
        return visit.go(page_of(job))

    async def errors(self, visit: Visit) -> Response:
        """Send the rows that were refused, to be mended and loaded again."""
        _, job = await _opened(visit)
        if not await _has_errors(visit, job):
            raise NotFound("the rows that were refused are kept no more")
        name = f"{job.file_name.rpartition('.')[0] or job.file_name}-errors.csv"
        head = HEADERS | {"Content-Disposition": _kept_as(name)}
        rows = files.errors(visit.hub, job)
        return StreamingResponse(rows, media_type="text/csv", headers=head)

    async def _shown(
        self, visit: Visit, campaign: Campaign, job: Job, error: LeadwellError | None
    ) -> Response:
        now = visit.hub.agreed
        asks = UNDO in visit.request.query_params
        total = 0
        if not job.is_busy(now):
            total = await visit.read(lambda c: added.total(c, job))
        content: dict[str, Any] = {
            **around(visit, campaign, "leads"),
            "job": job,
            "is_busy": job.is_busy(now),
            "is_interrupted": job.is_interrupted(now),
            "has_errors": await _has_errors(visit, job),
            "undo": await visit.read(lambda c: added.count(c, job)) if asks else None,
            "added": total,
            "own": [x for x in OWN_TARGETS if x not in campaign.field_by_slug],
            "encodings": ENCODINGS,
            "delimiters": DELIMITERS,
            "error": error,
        }
        return visit.page("imports/import.html", content, 422 if error else 200)


async def _opened(visit: Visit) -> tuple[Campaign, Job]:
    def job(connection: Connection) -> tuple[Campaign, Job]:
        campaign = visit.campaign(connection)
        import_id = int(visit.request.path_params["import_id"])
        return campaign, jobs.known(connection, campaign.id, import_id)

    return await visit.read(job)


def _typed(visit: Visit, plan: Plan) -> Plan:
    """Return the plan with what stands in the form: a select for each column."""
    targets = {
        column.name: visit.text(f"column.{place}") or plan.targets.get(column.name, "-")
        for place, column in enumerate(plan.columns)
    }
    return replace(plan, targets=targets)


async def _read_again(visit: Visit, campaign: Campaign, job: Job) -> Job:
    """Look at the file once more, as another encoding or with another delimiter."""
    encoding, delimiter = visit.text("encoding"), str(visit.form.get("delimiter", ""))
    plan = Plan(
        encoding=encoding if encoding in ENCODINGS else None,
        delimiter=delimiter if delimiter in DELIMITERS else None,
    )
    await _check_none_is_loaded(visit, job)

    def look() -> Plan:
        return planning.first(files.path_of(visit.hub, job), plan, campaign)

    looked = await to_thread.run_sync(look)
    states = {State.UPLOADED, *RESTING}
    return await _moved(visit, replace(job, plan=looked), states, State.UPLOADED)


def _kept_as(name: str) -> str:
    """Have a browser keep a file under a name with any letters (RFC 6266)."""
    quoted = quote(name, safe="")
    if quoted == name:
        return f'attachment; filename="{name}"'
    return f"attachment; filename*=utf-8''{quoted}"


async def _has_errors(visit: Visit, job: Job) -> bool:
    return await to_thread.run_sync(files.has_errors, visit.hub, job)


async def _check_none_is_loaded(visit: Visit, job: Job) -> None:
    """Refuse to read a file otherwise that is loaded in part.

    A row is known again by what it holds: the same one would be another lead.

    Raises:
        Conflict: it has added leads that nobody has taken back.
    """
    if await visit.read(lambda c: added.total(c, job)):
        raise Conflict(
            visit.said("leads of this file are loaded already"),
            hint=visit.said("undo the import first: they would be loaded once more"),
        )


async def _check(visit: Visit, campaign: Campaign, job: Job) -> Job:
    plan = replace(_typed(visit, job.plan), fields=())
    planning.check(plan, campaign)
    job = replace(job, plan=plan, progress=Progress())
    return await _begun(visit, job, {State.UPLOADED, *RESTING}, State.CHECKING)


async def _plan_again(visit: Visit, campaign: Campaign, job: Job) -> Job:
    """Go back to where the columns go; fields that were not made are new again."""
    await _check_none_is_loaded(visit, job)
    known = campaign.field_by_slug
    drafts = {each["slug"] for each in job.plan.fields if each["slug"] not in known}
    targets = {
        column: planning.NEW if target in drafts else target
        for column, target in job.plan.targets.items()
    }
    plan = replace(job.plan, targets=targets, fields=())
    return await _moved(visit, replace(job, plan=plan), RESTING, State.UPLOADED)


async def _load(visit: Visit, campaign: Campaign, job: Job) -> Job:
    job = replace(job, progress=Progress())
    return await _begun(
        visit, job, RESTING, State.LOADING, (campaign, What.IMPORT_STARTED)
    )


async def _stop(visit: Visit, campaign: Campaign, job: Job) -> Job:
    del campaign
    if job.state is State.CHECKING:
        return await _moved(visit, job, {State.CHECKING}, State.UPLOADED)
    return await _moved(visit, job, {State.LOADING}, State.STOPPED)


async def _undo(visit: Visit, campaign: Campaign, job: Job) -> Job:
    count: Count = await visit.read(lambda c: added.count(c, job))
    begun = replace(job.progress, position=0, size=count.removable, removed=0)
    job = replace(job, progress=begun)
    states = {State.LOADED, *RESTING}
    return await _begun(
        visit, job, states, State.UNDOING, (campaign, What.IMPORT_UNDONE)
    )


async def _begun(
    visit: Visit,
    job: Job,
    states: Collection[State],
    to: State,
    noted: tuple[Campaign, What] | None = None,
) -> Job:
    """Let an import go on, and work on it beside the requests."""
    if to is not State.UNDOING:
        # Said before anything is done.
        await to_thread.run_sync(files.check_there, visit.hub, job)
    begun = await _moved(visit, job, states, to, noted)
    visit.hub.works.start(Run(visit.hub, begun, visit.user.person_id))
    return begun


async def _moved(
    visit: Visit,
    job: Job,
    states: Collection[State],
    to: State,
    noted: tuple[Campaign, What] | None = None,
) -> Job:
    def write(connection: Connection) -> Job:
        moved = jobs.begin(connection, job, states, to, visit.hub.agreed)
        if noted is not None:
            campaign, what = noted
            visit.note(connection, campaign, what, job.file_name, job.author)
        return moved

    return await visit.write(write)
