"""`leadwell sync`: keep a copy of a campaign's leads somewhere else."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from leadwell.cli import output
from leadwell.cli.pull import elsewhere
from leadwell.cli.pull.elsewhere import ELSEWHERE, Elsewhere
from leadwell.cli.pull.going import Where
from leadwell.cli.pull.meter import Meter
from leadwell.cli.pull.repeating import repeated
from leadwell.cli.pull.source import FROM, CampaignURL, Source
from leadwell.errors import UsageError

if TYPE_CHECKING:
    from leadwell.client import Campaign
    from leadwell.sync.any_service.choosing import Origin
    from leadwell.sync.destinations import Destination
    from leadwell.sync.pulling import Summary, Wanted


@Parameter(name="*")
@dataclass(frozen=True)
class How:
    """What is copied, and how."""

    filter: str = ""
    """Only leads that match, as in a query string: "status=new&budget[gte]=500"."""
    full: bool = False
    """Read everything again, and remove what the hub does not tell any more."""
    keep_removed: bool = False
    """Mark leads that leave instead of deleting them, but for erased ones."""
    strict: bool = False
    """Stop at a value that breaks the schema, instead of putting it aside."""
    dry_run: bool = False
    """Tell what would be done, and change nothing."""


@Parameter(name="*")
@dataclass(frozen=True)
class Again:
    """Whether it goes on."""

    every: str | None = None
    """Go on, once in so long: 60s, 5m, 1h."""
    follow: bool = False
    """Go on, and pull as soon as the hub has something new."""


HOW, AGAIN = How(), Again()


def sync(
    url: CampaignURL,
    *,
    where: Where,
    how: How = HOW,
    again: Again = AGAIN,
    service: Elsewhere = ELSEWHERE,
    source: Source = FROM,
) -> int:
    """Copy a campaign's leads into a database or a file; the next time, what changed.

    Leads and the place where it goes on are stored together, so a run may be repeated,
    interrupted or met by another at any moment. Leads that were deleted, or that the
    token does not see any more, leave the copy.

    Example: leadwell sync https://leads.example.com/v2/campaigns/362 --to sqlite:l.db

    Example: leadwell sync $LEADWELL_URL --to csv:l.csv --filter "status=new" --every 5m

    Args:
        url: the campaign's address; else LEADWELL_URL
        where: where the leads go
        how: what is copied, and how
        again: whether it goes on
        service: how a service is read that is no hub of Leadwell's
        source: the token, and how it is answered
    """
    from leadwell.sync.pulling import Wanted

    destination = where.destination()
    origin = service.origin(url, source)
    wanted = Wanted(how.filter, how.full, how.keep_removed, how.strict)
    run = _Run(origin, destination, as_json=source.json)
    if how.dry_run:
        if again.every or again.follow:
            raise UsageError("--dry-run does nothing, so it cannot go on")
        return run.rehearse(wanted)
    if not again.every and not again.follow:
        return run.once(wanted)
    if not destination.follows:
        raise UsageError(f"{where.to} keeps no place to go on from", hint="name a file")
    return repeated(run, wanted, every=again.every, follow=again.follow)


@dataclass(frozen=True)
class _Run:
    origin: Origin
    destination: Destination
    as_json: bool

    @property
    def campaign(self) -> Campaign:
        """The campaign that is read."""
        return self.origin.client.campaign()

    def once(self, wanted: Wanted) -> int:
        """Pull once, and tell what was done."""
        from leadwell.cli.pull import receiving

        started = time.monotonic()
        with Meter(self.campaign, wanted.query) as meter:
            summary = self.origin.pull(self.destination, wanted, meter.tell).run()
        self._answer(summary, time.monotonic() - started)
        code = receiving.exit_code(summary.delivered)
        return code if summary.is_up_to_date else output.RUN_AGAIN

    def rehearse(self, wanted: Wanted) -> int:
        """Tell what would be done."""
        from leadwell.cli.pull import receiving
        from leadwell.sync.rehearsing import Rehearsal

        if receiving.is_pushed(self.destination):
            summary = receiving.rehearsed(self.origin, self.destination, wanted)
            output.hint(f"would be {_words(self.destination, summary)}")
            output.hint("nothing was sent or changed: --dry-run")
            return 0
        rehearsal = Rehearsal(self.destination)
        summary = self.origin.pull(rehearsal, wanted).run()
        added = [c.name for each in rehearsal.alterations for c in each.added]
        renamed = [pair for each in rehearsal.alterations for pair in each.renamed]
        content = _content(self.destination, summary) | {
            "dry_run": True,
            "columns_added": added,
            "columns_renamed": dict(renamed),
        }
        text = f"would be {_words(self.destination, summary)}\n"
        text += f"columns added: {', '.join(added) or 'none'}\n"
        text += "nothing was changed: --dry-run"
        output.document(content, as_json=self.as_json, text=text)
        return 0

    def _answer(self, summary: Summary, seconds: float) -> None:
        from leadwell.cli.pull import receiving

        elsewhere.tell(summary)
        if summary.lost:
            output.hint("the hub was restored from a backup: everything was read again")
        if summary.tally.quarantined:
            output.hint(
                f"{summary.tally.quarantined} values break the schema and stand in the "
                "table quarantine"
            )
        if not summary.is_up_to_date:
            output.hint("the hub is carrying out an edit: run again")
        content = _content(self.destination, summary)
        content["seconds"] = round(seconds, 3)
        if summary.delivered is not None:
            content["delivered"] = receiving.told(summary.delivered)
        text = (
            f"{_words(self.destination, summary)}{receiving.words(summary.delivered)}"
        )
        if self.destination.follows:
            output.document(content, as_json=self.as_json, text=text)
        else:
            output.hint(text)


def _content(destination: Destination, summary: Summary) -> dict[str, Any]:
    tally = summary.tally
    return {
        "destination": destination.text,
        "added": tally.added,
        "changed": tally.changed,
        "removed": tally.removed,
        "quarantined": tally.quarantined,
        "up_to_date": summary.is_up_to_date,
        "everything": summary.was_anew,
        "requests": summary.requests,
    } | elsewhere.content(summary)


def _words(destination: Destination, summary: Summary) -> str:
    tally = summary.tally
    counts = f"{tally.added:,} added, {tally.changed:,} changed, {tally.removed:,}"
    ending = "up to date" if summary.is_up_to_date else "not up to date yet"
    return f"{destination.text}: {counts} removed; {ending}"
