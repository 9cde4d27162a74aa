"""What a checked token lets its bearer read and write: the one door to leads."""

from collections.abc import Hashable, Mapping, Set
from dataclasses import dataclass, replace

from leadwell.errors import CampaignNotFound, InsufficientScope
from leadwell.model.campaign import Attribute, Campaign, Column, mask_of
from leadwell.model.query import Condition, Question, Search, Shown, SortKey

PERSON = "person:"
"""What the author's name begins with where a person has changed a lead."""


@dataclass(frozen=True, slots=True)
class LeadQuery:
    """Which leads, in which order and window. Only `Grant.query` makes one."""

    campaign_id: int
    scope_id: int
    """The scope of the token's own filter; 0: the whole campaign."""
    forced: tuple[Condition, ...]
    """The token's own filter."""
    asked: tuple[Condition, ...]
    search: Search | None
    sort: tuple[SortKey, ...]
    page: int
    per_page: int
    shown: Shown | None
    """`None`: the whole lead, as it is stored."""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All that must hold: the token's own filter and what was asked for."""
        return (*self.forced, *self.asked)

    @property
    def unasked(self) -> "LeadQuery":
        """All that the token may see, in the same window."""
        return replace(self, asked=(), search=None)

    def on_page(self, page: int) -> "LeadQuery":
        """Return the same question for another page."""
        return self if page == self.page else replace(self, page=page)

    @property
    def offset(self) -> int:
        """How many leads stand before this page."""
        return (self.page - 1) * self.per_page


@dataclass(frozen=True, slots=True)
class Grant:
    """What one token may do: one campaign or a whole account, narrowed by a filter.

    `forced` is the token's own filter, which nobody can lift. `readable` names the
    fields (by id) and attributes it may see; `None` means all of them. `masks` takes
    the values of personal fields away, and leaves whether there is one.
    """

    account_id: int
    campaign_id: int | None
    may_write: bool = False
    forced: tuple[Condition, ...] = ()
    readable: frozenset[int | Attribute] | None = None
    scope_id: int = 0
    """The scope that `forced` makes; 0 for the whole campaign."""
    generation: int = 1
    """Rises when the token is given another filter or other fields."""
    lineage: str = ""
    """The token and its rotations: who a lead's `external_id` belongs to."""
    masks: bool = False
    """Whether a mask stands in place of the values of personal fields."""

    @property
    def sight(self) -> tuple[Hashable, ...]:
        """All that decides what of a campaign is seen: what is kept is kept by it."""
        return (self.forced, self.readable, self.masks)

    @classmethod
    def of_operator(cls, campaign: Campaign) -> "Grant":
        """Return what the person at the hub's own command line may do: everything."""
        return cls(campaign.account_id, campaign.id, may_write=True)

    @classmethod
    def of_person(cls, campaign: Campaign, person_id: int) -> "Grant":
        """Return what somebody may do who may open the campaign's pages."""
        author = f"{PERSON}{person_id}"
        return cls(campaign.account_id, campaign.id, may_write=True, lineage=author)

    def check_campaign(self, campaign_id: int) -> None:
        """Refuse another campaign than a campaign token's own, existing or not.

        Raises:
            InsufficientScope: the token belongs to another campaign.
        """
        if self.campaign_id not in (None, campaign_id):
            raise InsufficientScope(
                f"this token is not for campaign {campaign_id}",
                hint="ask the campaign's owner for a token of that campaign",
            )

    def check_owner(self, campaign: Campaign | None, campaign_id: int) -> Campaign:
        """Return the campaign if it belongs to this grant's account.

        Raises:
            CampaignNotFound: there is none, or it belongs to another account.
        """
        if campaign is None or campaign.account_id != self.account_id:
            raise CampaignNotFound(
                f"there is no campaign {campaign_id}",
                hint="those that the token sees are at /v2/campaigns",
            )
        self.check_campaign(campaign.id)
        return campaign

    def check_write(self) -> None:
        """Refuse a token that may only read.

        Raises:
            InsufficientScope: the token has no right to write.
        """
        if not self.may_write:
            raise InsufficientScope(
                "this token may read but not write",
                hint="ask the campaign's owner for a token made with write",
            )

    def query(self, campaign: Campaign, question: Question) -> LeadQuery:
        """Ask for leads within this grant: the forced filter is always AND-ed on.

        Raises:
            CampaignNotFound, InsufficientScope: the grant does not cover it.
        """
        self.check_owner(campaign, campaign.id)
        return LeadQuery(
            campaign_id=campaign.id,
            scope_id=self.scope_id,
            forced=self.forced,
            asked=question.conditions,
            search=question.search,
            sort=question.sort,
            page=question.page,
            per_page=question.per_page,
            shown=self._shown(campaign, question.shown),
        )

    def lead(
        self, campaign: Campaign, lead_id: int, shown: Shown | None = None
    ) -> LeadQuery:
        """Ask for one lead within this grant; it is found on page 1 or not at all."""
        by_id = Condition(Column.ID, "", (lead_id,))
        return self.query(
            campaign, Question(conditions=(by_id,), per_page=1, shown=shown)
        )

    def masked(self, campaign: Campaign) -> Mapping[int, str]:
        """Return the fields whose values are not seen, by id, and what stands there.

        This is the one place that decides it: `_shown` cuts leads by it, and
        `schema.visibility` the campaign.
        """
        if not self.masks:
            return {}
        return {f.id: mask_of(f.type) for f in campaign.fields if f.is_personal}

    def _shown(self, campaign: Campaign, asked: Shown | None) -> Shown | None:
        masked = self.masked(campaign)
        if self.readable is None and not masked:
            return asked
        readable, field_by_id = self.readable, campaign.field_by_id
        seen = Shown(
            frozenset(
                f.slug for f in campaign.fields if readable is None or f.id in readable
            ),
            frozenset(a for a in Attribute if readable is None or a in readable),
            frozenset((field_by_id[ref].slug, mask) for ref, mask in masked.items()),
        )
        if asked is None:
            return seen
        return Shown(
            seen.fields & asked.fields, seen.attributes & asked.attributes, seen.masks
        )


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: whose external ids they are, and the filter they must stay inside."""

    lineage: str = ""
    forced: tuple[Condition, ...] = ()
    noted_as: str = ""
    """What the history calls them; empty: their lineage."""
    readable: Set[int | Attribute] | None = None
    """The fields that they may see: no others are compared to find duplicates. `None`:
    all."""

    @property
    def name(self) -> str:
        """What the history calls them."""
        return self.noted_as or self.lineage


OPERATOR = Author()
"""The person at the hub's own command line."""
