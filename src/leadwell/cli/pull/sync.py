"""`leadwell sync`: keep a copy of a campaign's leads somewhere else."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cyclopts import App, Parameter

from leadwell.cli import output
from leadwell.cli.app import exit_code
from leadwell.cli.pull import elsewhere
from leadwell.cli.pull.elsewhere import ELSEWHERE, Elsewhere
from leadwell.cli.pull.going import Where
from leadwell.cli.pull.meter import Meter
from leadwell.cli.pull.repeating import repeated
from leadwell.cli.pull.report import Outcome, Report, counts
from leadwell.cli.pull.source import CampaignURL, patience
from leadwell.cli.pull.telling import Told
from leadwell.errors import LeadwellError, UsageError

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

    def wanted(self) -> Wanted:
        """Return what a pull is asked to do."""
        from leadwell.sync.pulling import Wanted

        return Wanted(self.filter, self.full, self.keep_removed, self.strict)


@Parameter(name="*")
@dataclass(frozen=True)
class Again:
    """Whether it goes on."""

    every: str | None = None
    """Go on, once in so long: 60s, 5m, 1h."""
    follow: bool = False
    """Go on, and pull as soon as the hub has something new."""


HOW, AGAIN, TOLD = How(), Again(), Told()

sync = App(name="sync")
sync.command("leadwell.cli.many.run:run", name="run")


@sync.default
def one(
    url: CampaignURL,
    *,
    where: Where,
    how: How = HOW,
    again: Again = AGAIN,
    service: Elsewhere = ELSEWHERE,
    source: Told = TOLD,
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
        source: the token, and how it is answered and told
    """
    report = source.report()
    retry = patience(report.pause)
    destination = where.destination(retry)
    origin = service.origin(url, source.client(url, retry), retry)
    run = Copying(origin, destination, report, as_json=source.json)
    wanted = how.wanted()
    if how.dry_run:
        if again.every or again.follow:
            raise UsageError("--dry-run does nothing, so it cannot go on")
        return run.rehearse(wanted)
    if not again.every and not again.follow:
        return run.once(wanted).code
    if not run.destination.follows:
        raise UsageError(f"{where.to} keeps no place to go on from", hint="name a file")
    return repeated(run, wanted, every=again.every, follow=again.follow)


@dataclass(frozen=True)
class Copying:
    """One campaign on its way to one destination."""

    origin: Origin
    destination: Destination
    report: Report
    as_json: bool = False

    @property
    def campaign(self) -> Campaign:
        """The campaign that is read."""
        return self.origin.client.campaign()

    def once(self, wanted: Wanted) -> Outcome:
        """Pull once, and tell what was done."""
        outcome = self.pulled(wanted)
        if outcome.error is not None:
            raise outcome.error
        if outcome.summary is not None:
            self._answer(outcome.summary, outcome.seconds)
        return outcome

    def pulled(self, wanted: Wanted) -> Outcome:
        """Pull once, report how it ended, and return that; a failure too."""
        started = time.monotonic()
        summary = failure = None
        try:
            summary = self._pull(wanted)
            code = _code(summary)
        except LeadwellError as error:
            failure, code = error, exit_code(error, goes_on=True)
        seconds = time.monotonic() - started
        place = self.campaign.id, self.destination.text
        outcome = Outcome(*place, code, seconds, summary, failure)
        self.report.ended(outcome)
        return outcome

    def _pull(self, wanted: Wanted) -> Summary:
        from leadwell.cli.pull import receiving

        with Meter(self.campaign, wanted.query) as meter:

            def tell(so_far: Summary) -> None:
                meter.tell(so_far)
                self.report.batch(so_far)

            destination = receiving.watched(self.destination, meter.deliver)
            return self.origin.pull(destination, wanted, tell).run()

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
        text = _words(self.destination, summary)
        if summary.delivered is not None:
            from leadwell.cli.pull import receiving

            content["delivered"] = receiving.told(summary.delivered)
            text += receiving.words(summary.delivered)
        if self.destination.follows:
            output.document(content, as_json=self.as_json, text=text)
        else:
            output.hint(text)


def _content(destination: Destination, summary: Summary) -> dict[str, Any]:
    return {
        "destination": destination.text,
        **counts(summary),
        "everything": summary.was_anew,
    } | elsewhere.content(summary)


def _code(summary: Summary) -> int:
    if not summary.is_up_to_date:
        return output.RUN_AGAIN
    if summary.delivered is None:
        return 0
    from leadwell.cli.pull import receiving

    return receiving.exit_code(summary.delivered)


def _words(destination: Destination, summary: Summary) -> str:
    tally = summary.tally
    counts = f"{tally.added:,} added, {tally.changed:,} changed, {tally.removed:,}"
    ending = "up to date" if summary.is_up_to_date else "not up to date yet"
    return f"{destination.text}: {counts} removed; {ending}"
