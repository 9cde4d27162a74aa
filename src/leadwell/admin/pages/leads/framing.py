"""What every page of the tab is given besides its own content."""

from collections.abc import Mapping
from typing import Any

from leadwell.admin import rendering
from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.model.campaign import Campaign


def framed(visit: Visit, campaign: Campaign) -> Mapping[str, Any]:
    """Return the frame, and the address of the tab: `base`, and `at` with a query."""
    base = rendering.below(visit.hub.public_url, path_of(visit))

    def at(query: str) -> str:
        return f"{base}?{query}" if query else base

    undo = undo_offered(visit.request.query_params.get("_undo", ""))
    return {**around(visit, campaign, "leads"), "base": base, "at": at, "undo": undo}


def path_of(visit: Visit, query: str = "") -> str:
    """Return the path of the tab, with what is asked there."""
    path = f"/campaigns/{visit.campaign_id}/leads"
    return f"{path}?{query}" if query else path


def undo_offered(given: str) -> Mapping[str, int] | None:
    """Return the change that a notice offers to undo: a lead and its version."""
    lead, _, version = given.partition(".")
    numbers = [each for each in (lead, version) if each.isascii() and each.isdecimal()]
    if len(numbers) < 2 or max(map(len, numbers)) > 15:
        return None
    return {"lead": int(lead), "version": int(version)}
