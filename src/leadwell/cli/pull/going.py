"""Where leads go, and how they are sent where they are not kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import Parameter

if TYPE_CHECKING:
    from leadwell.client import Retry
    from leadwell.sync.destinations import Destination


@Parameter(name="*")
@dataclass(frozen=True)
class Where:
    """Where leads go."""

    to: str
    """sqlite:FILE, duckdb:FILE, csv:FILE, csv-excel:FILE, xlsx:FILE, parquet:FOLDER,
    postgresql://USER@HOST/DATABASE, or ndjson:FILE, where ndjson:- is standard output;
    webhook:URL and http:PROFILE.toml send them on, dlt:DESTINATION into a warehouse."""
    ledger: Path | None = None
    """Of a receiver: the file that remembers what was delivered, instead of the usual
    one."""
    dead_letters: Path | None = None
    """Of a receiver: the file for what it does not take, as NDJSON."""
    retry_dead: bool = False
    """Of a receiver: try again what it did not take before."""

    def destination(self, retry: Retry) -> Destination:
        """Return the destination; `retry` is how patient it is with a receiver.

        Raises:
            UnknownDestination: there is none such.
            UsageError: it cannot be used like this.
        """
        from leadwell.cli.pull import receiving
        from leadwell.sync.destinations import named

        return receiving.configured(named(self.to), self, retry)
