"""A warehouse as dlt calls it: `dlt:bigquery`, `dlt:snowflake/sales_leads`."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from leadwell.client.wire.retry import Request
from leadwell.errors import UsageError
from leadwell.sync.batches import Delivered
from leadwell.sync.destinations.files import BESIDE
from leadwell.sync.destinations.push.ledger import UPSERT, Ledger
from leadwell.sync.destinations.push.pushed import Pushed, common, options_of
from leadwell.sync.destinations.push.warehouse import dlt_engine
from leadwell.sync.destinations.push.warehouse.contents import LEADS
from leadwell.sync.destinations.push.warehouse.engine import Opens
from leadwell.sync.destinations.push.warehouse.loading import CHUNK, Loading, Plan
from leadwell.sync.state import State

OPTIONS = ("ledger", "batch")
BATCH_MAX = 1_000_000
_PLACE = re.compile(r"([a-z][a-z0-9_]*)(?:/([a-z](?:_?[a-z0-9])*))?", re.ASCII)
DATASET_CHARACTERS_MAX = 50
"""With what dlt puts behind it, less than the 63 of PostgreSQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse(Pushed):
    """A dataset of a warehouse."""

    destination: str
    """As dlt calls it."""
    dataset: str | None = None
    """`None`: one that is named by the campaign."""
    engines: Opens = dlt_engine.ENGINES
    scheme: ClassVar[str] = "dlt"

    @property
    def text(self) -> str:
        """Name it as the user does, which shows nothing secret."""
        return f"{self.scheme}:{self.place}"

    @property
    def target(self) -> str:
        """Name it as the user does."""
        return self.text

    def usual_ledger(self) -> Path:
        """Return a file in the present folder, named by the destination."""
        return Path(f"dlt-{self.place.replace('/', '-')}{BESIDE}")

    def check(self) -> None:
        """Look if dlt is there, and knows the destination and how to get at it."""
        if self.dead_letters or self.revives:
            raise UsageError(
                f"{self.text} takes all leads or none: it has no dead letters",
                hint="leave --dead-letters and --retry-dead out",
            )
        # What has been loaded once is known to work, and dlt takes long to import.
        if not self.file.exists:
            self.engines.check(self.destination)

    def deliver(self, ledger: Ledger, state: State) -> Delivered:
        """Load what waits; without news the warehouse is not asked for anything."""
        dataset = self.dataset or f"leads_{state.campaign_id}"
        place = f"{self.scheme}:{self.destination}/{dataset}"
        loading = Loading(ledger, state, place, self.batch or CHUNK)
        plan = loading.plan()
        if self.shown:
            self._show(plan, place, ledger)
            return Delivered()
        if plan.is_empty:
            return Delivered()
        folder = self.file.path.with_name(f"{self.file.path.name}-dlt")
        name = f"leadwell_{state.campaign_id}"
        engine = self.engines.open(self.destination, dataset, name, folder)
        try:
            return loading.run(plan, engine)
        finally:
            engine.close()

    def _show(self, plan: Plan, place: str, ledger: Ledger) -> None:
        """Tell what would be loaded, as the requests of other receivers are told."""
        assert self.shown  # noqa: S101 - it was asked for
        entries = ledger.entries(plan.waiting)
        upserts = sum(entry.operation == UPSERT for entry in entries)
        columns = {shape.name: str(shape.type) for shape in plan.shapes}
        told: dict[str, dict[str, Any]] = {
            LEADS: {
                "upserts": upserts,
                "removals": len(entries) - upserts,
                "columns": columns,
            }
        }
        told |= {each.table: {"rows": len(each.rows)} for each in plan.words}
        for table, content in told.items():
            method = "MERGE" if table == LEADS else "REPLACE"
            body = msgspec.json.encode(content)
            self.shown(Request(method, f"{place}/{table}", body, {}))


def named(text: str) -> Warehouse:
    """Return the warehouse that a text names after its colon: `bigquery/sales_leads`.

    Raises:
        UsageError: it names none; it is not repeated, as it may hold a password.
    """
    place, options = options_of(text, OPTIONS)
    found = _PLACE.fullmatch(place)
    if not found or len(found[2] or "") > DATASET_CHARACTERS_MAX:
        raise UsageError(
            "dlt: is followed by what dlt calls the destination, and by a dataset",
            hint="for instance dlt:bigquery or dlt:bigquery/sales_leads, in small "
            "letters, digits and single underscores; how to get at it, and passwords, "
            "stand where dlt looks for them: DESTINATION__BIGQUERY__CREDENTIALS",
        )
    given = common(options, BATCH_MAX)
    return Warehouse(
        place=place,
        destination=found[1],
        dataset=found[2],
        ledger=given["ledger"],
        batch=given["batch"],
    )
