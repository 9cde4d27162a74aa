"""Files on their way into a campaign that hold somebody: found, and let go."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from leadwell.admin.importing import files, planning
from leadwell.api.hub import Hub
from leadwell.errors import UnreadableFile
from leadwell.intake.source import BadRow
from leadwell.model.campaign import Campaign
from leadwell.model.importing import Job, Plan
from leadwell.schema.identity import Identity
from leadwell.store import campaigns
from leadwell.store.connection import Connection
from leadwell.store.uploads import jobs


@dataclass(frozen=True, slots=True)
class Waiting:
    """An import of which something is kept that stood in its file."""

    job: Job
    holds: bool
    """Whether the person stands in it; else it could not be looked into."""


def find(
    hub: Hub, connection: Connection, campaign: Campaign, identities: Sequence[Identity]
) -> list[Waiting]:
    """Return the uploads and refused rows that hold a person, or that may do so."""
    found: list[Waiting] = []
    for job in jobs.find_kept(connection, campaign.id):
        holds = _is_shown(job, campaign, identities)
        try:
            holds = holds or any(
                _holds(path, plan, campaign, identities)
                for path, plan in _kept(hub, job)
            )
        except (OSError, UnreadableFile):
            found.append(Waiting(job, holds=False))
        else:
            found += [Waiting(job, holds=True)] if holds else []
    return found


def let_go(hub: Hub, waiting: Waiting) -> bool:
    """Let go of a file with all that is kept of it; `False`: it is being loaded.

    Whoever has chosen it can choose it again, without the person.
    """
    job = waiting.job
    if job.is_busy(hub.agreed):
        return False

    def forget(connection: Connection) -> bool:
        campaigns.hold(connection, job.campaign_id)
        return jobs.forget_file(connection, job)

    if not hub.database.write(forget).result():
        return False
    files.drop(hub, job, with_errors=True)
    return True


def _kept(hub: Hub, job: Job) -> Iterator[tuple[Path, Plan]]:
    with suppress(UnreadableFile):
        # No hub has it any more, or this one has, where another one may have taken it.
        yield files.path_of(hub, job), job.plan
    errors = files.brought_errors(hub, job)
    if errors is not None:
        yield errors, Plan()


def _is_shown(job: Job, campaign: Campaign, identities: Sequence[Identity]) -> bool:
    """Whether what the page of an import shows of its file names the person."""
    shown = [text for column in job.plan.columns for text in column.examples]
    return any(_is_one(text, campaign, identities) for text in shown)


def _holds(
    path: Path, plan: Plan, campaign: Campaign, identities: Sequence[Identity]
) -> bool:
    for row in planning.opened(path, plan):
        cells = row.raw if isinstance(row, BadRow) else row.cells.values()
        if any(
            _is_one(str(cell), campaign, identities)
            for cell in cells
            if isinstance(cell, str | int | float)
        ):
            return True
    return False


def _is_one(text: str, campaign: Campaign, identities: Sequence[Identity]) -> bool:
    return any(each.is_written(text, campaign.country) for each in identities)
