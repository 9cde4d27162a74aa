"""What is known, and wanted, of a service that is no hub of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from leadwell.cli import output
from leadwell.errors import UsageError

if TYPE_CHECKING:
    from leadwell.client import Leadwell, Retry
    from leadwell.sync.any_service.choosing import Origin
    from leadwell.sync.pulling import Summary

WORKERS_MAX = 16


@Parameter(name="*")
@dataclass(frozen=True)
class Elsewhere:
    """How a service is read that is no hub of Leadwell's."""

    profile: str | None = None
    """What is known of the service: a TOML file, or article or laravel."""
    workers: int = 4
    """So many pages are asked for at once, 1 to 16."""
    reconcile: bool = False
    """Read everything, and remove leads that the service does not show any more."""
    max_removals: int | None = None
    """So many leads may go at once; else 1 % of the copy, or 100."""

    def origin(self, url: str, client: Leadwell, retry: Retry) -> Origin:
        """Return where leads come from."""
        from leadwell.sync.any_service import profile
        from leadwell.sync.any_service.choosing import Origin
        from leadwell.sync.any_service.pulling import How

        if not 1 <= self.workers <= WORKERS_MAX:
            raise UsageError(
                f"--workers {self.workers} cannot work",
                hint=f"from 1 to {WORKERS_MAX}",
            )
        if self.max_removals is not None and self.max_removals < 0:
            raise UsageError("--max-removals is a number from 0 on")
        known = profile.named(self.profile) if self.profile else None
        how = How(self.workers, self.reconcile, self.max_removals)
        return Origin(client, url, retry, known, how)


ELSEWHERE = Elsewhere()


def tell(summary: Summary) -> None:
    """Tell people what the service lets us promise, and what was noticed."""
    if summary.guarantees is not None and summary.was_anew:
        output.hint(str(summary.guarantees["words"]))
    for note in dict.fromkeys(summary.notes):
        output.hint(note)


def content(summary: Summary) -> dict[str, Any]:
    """Return what programs are told of the service."""
    if summary.guarantees is None:
        return {}
    return {"guarantees": summary.guarantees, "notes": [*dict.fromkeys(summary.notes)]}
