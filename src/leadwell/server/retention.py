"""Carrying out the retention rules that are due, chunk by chunk, beside requests."""

from functools import partial
from threading import Event

import structlog

from leadwell.api.hub import Hub
from leadwell.server import clock
from leadwell.store.retention import rules, working

_log = structlog.get_logger("leadwell.retention")


def carry_out(hub: Hub, stopping: Event) -> None:
    """Carry out what is due in all campaigns, until it is told to stop.

    Nothing is done while the clock may not be believed.
    """
    if hub.erasure_file is None:
        return
    with hub.database.reading() as connection:
        due = rules.find_due(connection, hub.moment)
    if not due or clock.believed(hub) is None:
        return
    for campaign_id, rule_id in due:
        try:
            _run(hub, campaign_id, rule_id, stopping)
        except Exception:
            # What is wrong in one campaign keeps no other one from its turn.
            _log.exception("retention_failed", campaign_id=campaign_id, rule=rule_id)


def _run(hub: Hub, campaign_id: int, rule_id: int, stopping: Event) -> None:
    claim = partial(
        rules.claim, campaign_id=campaign_id, rule_id=rule_id, now=hub.moment
    )
    file = hub.erasure_file
    if file is None or not hub.database.write(claim).result():
        return
    while not stopping.is_set():
        if not working.work(hub.database, campaign_id, rule_id, lambda: hub.now, file):
            # Nothing of it is left in the log of writes either.
            hub.database.empty_log()
            return
