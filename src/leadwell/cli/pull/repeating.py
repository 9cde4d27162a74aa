"""A sync that goes on: once in a while, or whenever the hub has something new."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from leadwell.cli import output
from leadwell.errors import Kind, LeadwellError, UsageError

if TYPE_CHECKING:
    from leadwell.cli.pull.report import Outcome
    from leadwell.client import Campaign
    from leadwell.sync.destinations import Destination
    from leadwell.sync.pulling import Wanted

WAIT_S = 25
"""How long the hub is asked to wait for news; less than most proxies allow."""
AFTER_FAULT_S = 30.0
"""The pause after a fault that may pass."""
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(s|m|h|)", re.ASCII)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


class Run(Protocol):
    """A run that can be repeated."""

    @property
    def campaign(self) -> Campaign:
        """The campaign that is read."""
        ...

    @property
    def destination(self) -> Destination:
        """Where the leads go."""
        ...

    def once(self, wanted: Wanted) -> Outcome:
        """Pull once, and tell what was done."""
        ...


def repeated(run: Run, wanted: Wanted, *, every: str | None, follow: bool) -> int:
    """Pull again and again, until something fails that does not pass by itself.

    Between two pulls the destination is closed: others may read it then.
    """
    if every and follow:
        raise UsageError("--every and --follow exclude each other")
    every_s = seconds_of(every) if every else 0.0
    while True:
        try:
            outcome = run.once(wanted)
            if outcome.summary is not None and outcome.summary.is_up_to_date:
                # What was read anew once is not read anew each time.
                wanted = replace(wanted, full=False)
            if follow and outcome.code == output.RUN_AGAIN:
                # Something waits that is no news of the hub: a receiver was away.
                time.sleep(AFTER_FAULT_S)
            elif follow:
                _await_news(run, wanted)
        except LeadwellError as error:
            if not _may_pass(error):
                raise
            output.hint(f"{error.detail}; trying again in {AFTER_FAULT_S:.0f} s")
            time.sleep(AFTER_FAULT_S)
            continue
        time.sleep(every_s)


def seconds_of(text: str) -> float:
    """Read a duration: 60s, 5m, 1h, or seconds alone."""
    found = _DURATION.fullmatch(text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if seconds < 1:
        raise UsageError(
            f"{text!r} is no time to wait", hint="for instance 60s, 5m, 1h"
        )
    return seconds


def _await_news(run: Run, wanted: Wanted) -> None:
    from leadwell.sync.any_service.place import place_of
    from leadwell.sync.pulling import pairs_of

    copy = run.destination.look()
    if copy is None:
        return
    with copy:
        state, forgotten = copy.state(), copy.has_forgotten()
    cursor = state.cursor if state else None
    if place_of(cursor):
        raise UsageError(
            "this service has no change feed to follow", hint="--every 5m asks it again"
        )
    while cursor:
        asked = pairs_of(wanted.query)
        answer = run.campaign.changes(
            cursor, limit=1, wait_s=WAIT_S, confirm=forgotten, query=asked
        )
        if answer.entries or answer.has_more:
            return


def _may_pass(error: LeadwellError) -> bool:
    from leadwell.client import CursorLost, HubError

    if isinstance(error, HubError):
        return error.may_pass or isinstance(error, CursorLost)
    return error.kind is Kind.UNAVAILABLE
