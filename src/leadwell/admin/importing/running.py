"""What an import does beside requests: check every row, load them, take them back."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog

from leadwell.admin.importing import files, planning
from leadwell.api.hub import Hub
from leadwell.errors import LeadwellError, Unavailable
from leadwell.intake.loading import Load, Tally
from leadwell.intake.refusing import Findings
from leadwell.model.campaign import Campaign
from leadwell.model.grant import PERSON
from leadwell.model.importing import Job, Peek, Progress, State
from leadwell.store import campaigns
from leadwell.store.connection import Connection
from leadwell.store.people import activity
from leadwell.store.people.activity import Named, What
from leadwell.store.uploads import added, jobs
from leadwell.store.writes import parts

_log = structlog.get_logger("leadwell.import")
TRIES = 3
"""How often it begins anew: the campaign's schema may have changed meanwhile."""


class _Ended(Exception):
    """Somebody has stopped it, or gone on with it elsewhere; or the hub stops."""


@dataclass
class Run:
    """One import, worked on in a thread of its own until it stands somewhere."""

    hub: Hub
    job: Job
    person_id: int
    """Who has asked for it."""
    _findings: Findings = field(default_factory=Findings)

    def __call__(self) -> None:
        """Do what the state says, and note how it ended."""
        works = {
            State.CHECKING: (self._check, State.CHECKED),
            State.LOADING: (self._load, State.LOADED),
            State.UNDOING: (self._undo, State.UNDONE),
        }
        work, after = works[self.job.state]
        try:
            self._tried(work)
            self._end(after)
        except _Ended:
            pass
        except LeadwellError as error:
            self._fail(error)
        except OSError as error:
            known = error.errno in files.FULL
            self._fail(files.no_room() if known else _fault(self.job))
        except Exception:
            _log.exception("import_fault", campaign_id=self.job.campaign_id)
            self._fail(_fault(self.job))

    def _tried(self, work: Callable[[], None]) -> None:
        for left in range(TRIES, 0, -1):
            try:
                work()
            except Unavailable:
                # Rows that are loaded are passed over: nothing is done twice.
                if left == 1:
                    raise
            else:
                return

    def _check(self) -> None:
        campaign, path = self._campaign(), files.path_of(self.hub, self.job)
        plan = planning.planned(
            path, self.job.plan, campaign, lambda: self._beat(self.job.progress)
        )
        self._kept(replace(self.job, plan=plan, beat_at=self.hub.agreed))
        self._read(planning.drafting(plan, campaign), is_dry=True)

    def _load(self) -> None:
        self._make_fields()
        self._read(self._campaign(), is_dry=False)
        with self.hub.database.reading() as connection:
            total = added.total(connection, self.job)
        done = self.job.progress
        # What an earlier run of it has added is not known from elsewhere.
        known = max(0, done.known - (total - done.added))
        self.job = replace(self.job, progress=replace(done, added=total, known=known))
        files.drop(self.hub, self.job)

    def _undo(self) -> None:
        author = f"{PERSON}{self.person_id}"

        def job(connection: Connection) -> int:
            campaign = campaigns.known(connection, self.job.campaign_id)
            now = self.hub.now
            return added.take_back(connection, campaign, self.job, author, now)

        done = self.job.progress
        while count := self.hub.database.write(job).result():
            removed = done.removed + count
            done = replace(done, removed=removed, position=done.position + count)
            self._beat(done)
        files.drop(self.hub, self.job, with_errors=True)

    def _read(self, campaign: Campaign, *, is_dry: bool) -> None:
        path = files.path_of(self.hub, self.job)
        source = planning.opened(path, self.job.plan)
        self._findings = Findings()
        errors = files.errors_of(self.hub, self.job)
        files.forget_errors(self.hub, self.job)
        load = Load(
            self.hub.database,
            campaign,
            planning.mapped(self.job.plan, campaign),
            lambda: self.hub.now,
            errors,
            job=self.job,
            is_dry=is_dry,
            guard=self._check_ours,
            findings=self._findings,
        )
        load.run(
            source,
            lambda tally: self._beat(
                self._progress(tally, source.position, source.size_bytes)
            ),
        )
        files.share_errors(self.hub, self.job)

    def _progress(self, tally: Tally, position: int, size: int) -> Progress:
        return Progress(
            tally.added,
            tally.updated,
            tally.known,
            tally.failed,
            duplicates=tally.duplicates,
            position=position,
            size=size,
            refusals=self._findings.told(),
        )

    def _make_fields(self) -> None:
        job = self.job

        def make(connection: Connection) -> None:
            campaign = campaigns.known(connection, job.campaign_id)
            for each in planning.fields_of(job.plan, campaign):
                parts.add_field(connection, campaign.id, each)
                activity.note(
                    connection,
                    campaign,
                    What.FIELD_ADDED,
                    Named(each.label, each.slug),
                    who=Named(job.who, f"{PERSON}{job.person_id}"),
                    at=self.hub.moment,
                )

        self.hub.database.write(make).result()

    def _campaign(self) -> Campaign:
        with self.hub.database.reading() as connection:
            return campaigns.known(connection, self.job.campaign_id)

    def _beat(self, progress: Progress) -> None:
        if self.hub.works.stopping.is_set():
            raise _Ended
        changed = replace(self.job, progress=progress, beat_at=self.hub.agreed)
        self._kept(changed)

    def _end(self, state: State) -> None:
        plan = self.job.plan
        if state is not State.CHECKED:
            # The file is gone: nothing of people is kept where no erasure reaches.
            plan = replace(plan, columns=tuple(Peek(x.name) for x in plan.columns))
        now = self.hub.agreed
        self._kept(replace(self.job, state=state, plan=plan, beat_at=now))

    def _check_ours(self, connection: Connection) -> None:
        """Refuse to add leads once somebody has stopped it: they may be undoing it."""
        held = jobs.known(connection, self.job.campaign_id, self.job.id)
        if (held.state, held.beat_at) != (self.job.state, self.job.beat_at):
            raise _Ended

    def _fail(self, error: LeadwellError) -> None:
        _log.warning("import_failed", campaign_id=self.job.campaign_id, code=error.code)
        problem = files.said(self.job, error)
        told = replace(self.job.progress, problem=problem, hint=error.hint)
        failed = replace(self.job, state=State.FAILED, progress=told)
        held = self.job
        try:
            self.hub.database.write(lambda c: jobs.beat(c, held, failed)).result()
        except Exception:
            # It is shown as interrupted as soon as nobody has seen it for a while.
            _log.exception("import_not_noted", campaign_id=self.job.campaign_id)

    def _kept(self, changed: Job) -> None:
        held = self.job
        write = self.hub.database.write(lambda c: jobs.beat(c, held, changed))
        if not write.result():
            raise _Ended
        self.job = changed


def _fault(job: Job) -> LeadwellError:
    return Unavailable(
        f"the hub could not go on with {job.file_name}",
        hint="go on with it; if it stops again, ask who operates the hub",
    )
