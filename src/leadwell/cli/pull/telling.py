"""Where a run that copies leads tells how it went: the log, and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import Parameter

from leadwell.cli.pull.report import Log, Report
from leadwell.cli.pull.source import Source

if TYPE_CHECKING:
    from leadwell.cli.pull.metrics import Metrics


@Parameter(name="*")
@dataclass(frozen=True)
class Told(Source):
    """What every command takes that copies leads, beside whose leads they are."""

    log: Log = "text"
    """With json, one line of JSON on stderr for each failed request, batch and end."""
    metrics_file: Path | None = None
    """A file that is replaced with the figures of the run, for Prometheus to read."""
    metrics_push: str | None = None
    """The URL of a Pushgateway that is sent the same figures."""

    def metrics(self) -> Metrics | None:
        """Return where the figures go; `None`: nowhere."""
        if self.metrics_file is None and self.metrics_push is None:
            return None
        from leadwell.cli.pull.metrics import Metrics

        return Metrics(self.metrics_file, self.metrics_push)

    def report(self) -> Report:
        """Return what tells of a run that is the only one."""
        metrics = self.metrics()
        return Report(self.log, keep=metrics.keep) if metrics else Report(self.log)
