"""The tabs of a campaign, and what every page of one is given."""

from dataclasses import dataclass
from typing import Any

from leadwell.admin.visit import Visit
from leadwell.model.campaign import Campaign


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of a campaign."""

    slug: str
    """The last part of its path."""
    title: str
    is_for_members: bool = False


TABS = (
    Tab("leads", "Leads", is_for_members=True),
    Tab("fields", "Fields"),
    Tab("selects", "Selects"),
    Tab("statuses", "Statuses"),
    Tab("filters", "Filters"),
    Tab("api-documentation", "API documentation"),
    Tab("activity", "Activity"),
    Tab("settings", "Settings"),
)
"""In their order; the templates say the titles in the user's language."""


def around(visit: Visit, campaign: Campaign, current: str) -> dict[str, Any]:
    """Return what the frame of a campaign's page needs."""
    is_all = visit.user.is_administrator
    tabs = [tab for tab in TABS if is_all or tab.is_for_members]
    return {"campaign": campaign, "tabs": tabs, "current": current}
