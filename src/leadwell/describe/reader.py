"""For whom the API is described: everybody, or the bearer of one token."""

from dataclasses import dataclass

from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Grant
from leadwell.schema import wording

CAMPAIGN_ID = 362
"""The campaign of the general description's examples."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a description, and so all that may stand in it.

    Whatever is described is a function of this value: what is not in it cannot be told.
    """

    public_url: str
    """Where the hub is reached, path prefix included, without a slash at the end."""
    account: Account | None = None
    """Whose campaigns are described; `None`: the reader is everybody."""
    campaigns: tuple[Campaign, ...] = ()
    """The campaigns that the token opens, each as the token sees it."""
    grant: Grant | None = None
    """What the token grants; `None`: the reader is everybody."""
    name: str = ""
    """Whose token it is."""
    more: int = 0
    """How many campaigns it opens beside these: too many to describe them all."""

    @property
    def view(self) -> Campaign | None:
        """The one campaign that is described, if it is one."""
        return self.campaigns[0] if len(self.campaigns) == 1 else None

    @property
    def campaigns_total(self) -> int:
        """How many campaigns the token opens, described or not."""
        return len(self.campaigns) + self.more

    @property
    def more_words(self) -> str:
        """What is said of the campaigns that are not described; empty: there are none.

        With the path in backquotes.
        """
        if not self.more:
            return ""
        return (
            f"Beside these the token opens {self.more:,} more: `GET /v2/campaigns` "
            "lists them all, and a download with `?campaign=` and an id describes one."
        )

    @property
    def may_write(self) -> bool:
        """Whether writing is described."""
        return self.grant is None or self.grant.may_write

    @property
    def campaign_id(self) -> int:
        """The campaign that examples ask for."""
        return self.campaigns[0].id if self.campaigns else CAMPAIGN_ID

    @property
    def leads_url(self) -> str:
        """The URL of the leads that examples ask for."""
        return f"{self.public_url}/v2/campaigns/{self.campaign_id}/leads"

    @property
    def filter_query(self) -> str:
        """The token's own filter as a query string; empty: it has none."""
        view, grant = self.view, self.grant
        return wording.as_query(view, grant.forced) if view and grant else ""

    @property
    def filter_words(self) -> str:
        """The token's own filter as a sentence; empty: it has none."""
        view, grant = self.view, self.grant
        return (
            wording.in_words(view, grant.forced)
            if self.filter_query and view and grant
            else ""
        )
