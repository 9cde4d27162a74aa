"""Whether an address is that of a hub of ours, and so how its leads are pulled."""

from dataclasses import dataclass, field

from leadwell.client import Leadwell, Retry
from leadwell.errors import UsageError
from leadwell.sync.any_service.lists import Lists
from leadwell.sync.any_service.place import place_of
from leadwell.sync.any_service.profile import ARTICLE, Profile
from leadwell.sync.any_service.pulling import AnyPull, How
from leadwell.sync.any_service.windows import Window
from leadwell.sync.destinations.base import Destination
from leadwell.sync.pulling import Pull, Tell, Wanted, pairs_of, reached, silent

Chosen = Pull | AnyPull


@dataclass(frozen=True, slots=True)
class Origin:
    """Where leads come from."""

    client: Leadwell
    url: str
    """Of the campaign."""
    retry: Retry
    profile: Profile | None = None
    """What is known of the service; `None`: it may be a hub of ours."""
    how: How = field(default_factory=How)

    def pull(
        self, destination: Destination, wanted: Wanted, tell: Tell = silent
    ) -> Chosen:
        """Return the pull that fits: along the change feed of a hub, or any other.

        A copy says itself what it follows; for a new one the service is asked.

        Raises:
            HubError: it refused, or could not be asked.
            UsageError: there is no such campaign, or the hub needs no reconcile.
        """
        campaign = self.client.campaign()
        lists = Lists(
            self.client,
            campaign.id,
            self.profile or ARTICLE,
            pairs_of(wanted.query),
            self.retry,
        )
        if self.profile is None and self._is_hub(destination, lists):
            if self.how.reconcile or self.how.max_removals is not None:
                raise UsageError(
                    "this hub tells which leads are gone, so there is no reconcile",
                    hint="leave out --reconcile and --max-removals; leadwell verify "
                    "compares copy and hub",
                )
            return Pull(campaign, self.url, destination, wanted, tell=tell)
        return AnyPull(lists, self.url, destination, wanted, self.how, tell=tell)

    def _is_hub(self, destination: Destination, lists: Lists) -> bool:
        looked = destination.look()
        if looked is not None:
            with looked:
                state = looked.state()
            if state is not None and state.campaign_id == lists.campaign_id:
                return place_of(state.cursor) is None
        with reached(self.client.campaign()):
            return lists.page(Window(1, 1)).is_hub
