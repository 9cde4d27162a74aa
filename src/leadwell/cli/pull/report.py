"""What becomes of a run, for whoever waits for it: an answer, a log, metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from leadwell.cli import output
from leadwell.cli.pull.source import tell_pause
from leadwell.sync.errors import BrokenValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from leadwell.client import HubError
    from leadwell.errors import LeadwellError
    from leadwell.sync.pulling import Summary

Log = Literal["text", "json"]


@dataclass(frozen=True)
class Outcome:
    """How one pull ended."""

    campaign_id: int
    destination: str
    code: int
    """The exit code of CONTRACT §9."""
    seconds: float
    summary: Summary | None = None
    error: LeadwellError | None = None
    """Why it failed; `None`: it did not."""


@dataclass(frozen=True)
class Report:
    """Tells what a run does while it does it; neither values nor secrets."""

    log: Log = "text"
    name: str = ""
    """Of the entry, where several run at once."""
    keep: Callable[[Outcome], None] = field(default=lambda outcome: None)
    """Given each outcome, for the metrics."""

    def pause(self, error: HubError, seconds: float) -> None:
        """Tell that a request failed and is sent again."""
        if self.log == "json":
            self._line("request_failed", **_cause(error), pause_s=round(seconds, 3))
        elif self.name:
            said = f"{error.message}; trying again in {seconds:.1f} s"
            output.hint(f"{self.name}: {said}")
        else:
            tell_pause(error, seconds)

    def batch(self, summary: Summary) -> None:
        """Tell that a batch was stored; the counts are those of the run so far."""
        if self.log == "json":
            self._line("stored", **counts(summary))

    def ended(self, outcome: Outcome) -> None:
        """Tell how the run ended."""
        self.keep(outcome)
        if self.log != "json":
            return
        content: dict[str, Any] = {
            "campaign": outcome.campaign_id,
            "destination": outcome.destination,
            "exit_code": outcome.code,
            "seconds": round(outcome.seconds, 3),
        }
        if outcome.error is not None:
            self._line("failed", **content, **_cause(outcome.error))
        elif outcome.summary is not None:
            self._line("done", **content, **counts(outcome.summary))

    def _line(self, event: str, **content: Any) -> None:
        import msgspec

        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        named = {"sync": self.name} if self.name else {}
        line = msgspec.json.encode({"at": at, "event": event} | named | content)
        output.hint(line.decode())


def counts(summary: Summary) -> dict[str, Any]:
    """Return what a run did, in numbers."""
    tally = summary.tally
    return {
        "added": tally.added,
        "changed": tally.changed,
        "removed": tally.removed,
        "quarantined": tally.quarantined,
        "requests": summary.requests,
        "up_to_date": summary.is_up_to_date,
    }


def _cause(error: LeadwellError) -> dict[str, Any]:
    """Say what went wrong; a lead's value that is to blame stays out of the log."""
    said = "a value breaks the schema" if isinstance(error, BrokenValue) else ""
    content: dict[str, Any] = {
        "code": error.code,
        "message": said or getattr(error, "message", error.detail),
    }
    for name in ("status", "request_id"):
        if (found := getattr(error, name, None)) is not None:
            content[name] = found
    return content
