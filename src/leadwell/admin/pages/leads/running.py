"""Work at edits of many leads: at once what is quick, and the rest beside the pages."""

import asyncio
import time

import structlog

from leadwell.api.hub import Hub
from leadwell.errors import LeadwellError
from leadwell.store import campaigns
from leadwell.store.connection import Connection
from leadwell.store.edits import bulk
from leadwell.store.edits.bulk import Bulk

_log = structlog.get_logger("leadwell.bulk")
AT_ONCE_S = 1.0
"""How long a page waits for an edit to be done."""


class Running:
    """The edits that this process works at; what they have done is in the database."""

    def __init__(self) -> None:
        """Work at none yet."""
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(
        self, hub: Hub, campaign_id: int, edit: Bulk, at_once_s: float = AT_ONCE_S
    ) -> None:
        """Work at an edit for a moment, and then go on beside.

        Raises:
            InvalidLead: the campaign was changed so that it cannot be done.
        """
        until = time.monotonic() + at_once_s
        while not edit.is_done and time.monotonic() < until:
            edit = await _step(hub, campaign_id, edit)
        if not edit.is_done and edit.id not in self._tasks:
            task = asyncio.create_task(self._rest(hub, campaign_id, edit))
            self._tasks[edit.id] = task

    async def settle(self) -> None:
        """Wait until nothing is worked at any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values())

    async def _rest(self, hub: Hub, campaign_id: int, edit: Bulk) -> None:
        try:
            while not edit.is_done:
                edit = await _step(hub, campaign_id, edit)
        except LeadwellError as error:
            # Its page shows that it stands still, and can go on with it.
            _log.warning("bulk_edit_stopped", campaign_id=campaign_id, code=error.code)
        finally:
            self._tasks.pop(edit.id, None)


async def _step(hub: Hub, campaign_id: int, edit: Bulk) -> Bulk:
    def job(connection: Connection) -> Bulk:
        campaign = campaigns.hold(connection, campaign_id)
        return bulk.work(connection, campaign, edit.id, hub.now)

    return await asyncio.wrap_future(hub.database.write(job))
