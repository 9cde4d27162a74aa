"""What the tools can be asked: their arguments, with types, bounds and meanings."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct, field

PER_PAGE_MAX = 100
"""Less than the API allows: an assistant reads every lead that it is given."""
LIMIT_MAX = 500

Scalar: TypeAlias = str | int | float | bool
Given: TypeAlias = dict[str, Scalar | list[Scalar]]

CampaignId = Annotated[
    int, Meta(ge=1, lt=10**15, description="The campaign's id, from list_campaigns.")
]
Conditions = Annotated[
    Given,
    Meta(
        description="What every lead must fulfil, by name. A name is a field's "
        "`filter_name` from describe_campaign, `status`, `assigned_to` or `id`, alone "
        "(is exactly, or one of a list) or with one of the field's operators in "
        "brackets: `budget[gte]`, `name[contains]`, `source[ne]`, `email[exists]`; or "
        "`created_after`, `created_before`, `updated_after`, `updated_before`. Selects "
        "and statuses are given as slugs, never labels; moments as "
        "2025-02-21T08:00:00+01:00, or as a date alone, which is its midnight UTC.",
        examples=[{"status": "new", "source": ["website"], "budget[gte]": 500}],
    ),
]
Words = Annotated[
    str, Meta(description="Words that must all stand in one text field, or nothing.")
]
Fields = Annotated[
    list[str],
    Meta(
        description="The slugs of the fields to show, and which of `status`, "
        "`assigned_person`, `external_id`. Empty: all. Name few: leads are personal "
        "data."
    ),
]
Page = Annotated[int, Meta(ge=1, lt=10**12, description="Which page, from 1.")]


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments of one call."""


class Campaigns(Asked, frozen=True):
    """Which page of the campaigns."""

    page: Page = 1


class Description(Asked, frozen=True):
    """Which campaign is described."""

    campaign_id: CampaignId
    fields: Annotated[
        list[str],
        Meta(
            description="Slugs of the fields to describe, each with all its options. "
            "Empty: every field, with at most 50 options of each."
        ),
    ] = field(default_factory=list[str])


class Search(Asked, frozen=True):
    """Which leads, and what of them."""

    campaign_id: CampaignId
    conditions: Conditions = field(default_factory=Given)
    words: Words = ""
    fields: Fields = field(default_factory=list[str])
    sort: Annotated[
        str,
        Meta(
            description="Up to three slugs with commas between them, `-` turns one "
            "round: `-updated_at,budget`. Empty: in the order of creation."
        ),
    ] = ""
    page: Page = 1
    per_page: Annotated[
        int, Meta(ge=1, le=PER_PAGE_MAX, description="How many leads on a page.")
    ] = 20


class OneLead(Asked, frozen=True):
    """Which lead."""

    campaign_id: CampaignId
    lead_id: Annotated[int, Meta(ge=1, lt=10**15, description="The lead's id.")]
    fields: Fields = field(default_factory=list[str])


class Count(Asked, frozen=True):
    """Which leads are counted, and by what."""

    campaign_id: CampaignId
    conditions: Conditions = field(default_factory=Given)
    words: Words = ""
    by: Annotated[
        str,
        Meta(
            description="`status`, or the slug of a select, multi-select or boolean: "
            "count the leads of each of its options too. Empty: only the total."
        ),
    ] = ""


class Following(Asked, frozen=True):
    """Since when, and how many changes at once."""

    campaign_id: CampaignId
    cursor: Annotated[
        str,
        Meta(
            description="The `cursor` of the answer before, or `changes_cursor` of a "
            "search without words and with the same conditions. Empty: from the "
            "beginning, which tells every lead."
        ),
    ] = ""
    from_now: Annotated[
        bool, Meta(description="Tell nothing yet, only the cursor of this moment.")
    ] = False
    conditions: Conditions = field(default_factory=Given)
    fields: Fields = field(default_factory=list[str])
    limit: Annotated[
        int, Meta(ge=1, le=LIMIT_MAX, description="How many changes at once.")
    ] = 100
