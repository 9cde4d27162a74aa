"""What the demonstration copies: into a file, after changes again, and the proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leadwell.sync.destinations import Destination
    from leadwell.sync.pulling import Summary
    from leadwell.sync.verifying import Finding


@dataclass(frozen=True)
class DemoCopy:
    """A copy of the sample, as `leadwell sync` and `leadwell verify` make and prove it.

    A file of an earlier demonstration is begun anew: it is of another hub.
    """

    url: str
    """Of the campaign."""
    token: str
    destination: Destination

    def sync(self, *, anew: bool = False) -> Summary:
        """Pull what changed; everything, the first time."""
        from leadwell.client import Leadwell
        from leadwell.sync.pulling import Pull, Wanted

        with Leadwell(self.url, self.token) as hub:
            wanted = Wanted(full=anew)
            return Pull(hub.campaign(), self.url, self.destination, wanted).run()

    def verify(self) -> Finding:
        """Compare the copy with the hub."""
        from leadwell.client import Leadwell
        from leadwell.sync import verifying

        with Leadwell(self.url, self.token) as hub:
            return verifying.verify(hub.campaign(), self.destination, repair=False)

    def told(self, writer: str) -> Iterator[tuple[str, str]]:
        """Copy, change the hub, copy again and prove it; yield each step and its end.

        Args:
            writer: the token that may write
        """
        command = f"leadwell sync {self.url} --to {self.destination.text}"
        yield command, _words(self.sync(anew=True))
        yield "one lead comes, one is won, one is deleted", _change(self.url, writer)
        yield command, _words(self.sync())
        found = self.verify()
        said = f"exact, {found.count:,} leads, digest {found.digest}"
        yield (
            command.replace(" sync ", " verify "),
            said if found.is_exact else "differs",
        )


def _words(summary: Summary) -> str:
    tally = summary.tally
    counts = f"{tally.added:,} added, {tally.changed:,} changed, {tally.removed:,}"
    return f"{counts} removed; {summary.requests} requests"


def _change(url: str, writer: str) -> str:
    from leadwell.client import Leadwell

    with Leadwell(url, writer) as hub:
        campaign = hub.campaign()
        known = campaign.page(per_page=2).leads
        added = campaign.create({"name": "Ada Lovelace", "email": "ada@example.com"})
        campaign.update(known[0].id, status="won")
        campaign.delete(known[1].id)
    return f"leads {added.id}, {known[0].id} and {known[1].id}"
