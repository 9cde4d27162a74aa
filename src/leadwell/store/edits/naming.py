"""What an edit sets, by ids instead of slugs: those may change before it is done."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from leadwell.errors import Conflict
from leadwell.model.campaign import Campaign, Field
from leadwell.model.lead import JSON

Given = Mapping[str, JSON]
Kept = Mapping[str, JSON]
"""Like a submission; fields, options and the status are named by their ids."""


def kept(campaign: Campaign, given: Given) -> Kept:
    """Return what a submission sets, by ids.

    It was read without problems in the same campaign.
    """
    fields = cast("Mapping[str, JSON]", given.get("fields", {}))
    by_slug = campaign.field_by_slug
    found: dict[str, JSON] = {**given}
    if isinstance(status := given.get("status"), str):
        found["status"] = {each.slug: each.id for each in campaign.statuses}[status]
    found["fields"] = {
        str(by_slug[slug].id): _options(by_slug[slug], value, _id)
        for slug, value in fields.items()
    }
    return found


def given(campaign: Campaign, held: Kept) -> Given:
    """Return the same as a submission to the campaign as it is now.

    Raises:
        Conflict: a field, an option or the status is gone.
    """
    fields = cast("Mapping[str, JSON]", held["fields"])
    found: dict[str, JSON] = {**held}
    if isinstance(status := held.get("status"), int):
        if status not in campaign.status_by_id:
            raise _gone("status")
        found["status"] = campaign.status_by_id[status].slug
    named: dict[str, JSON] = {}
    for ref, value in fields.items():
        field = campaign.field_by_id.get(int(ref))
        if field is None:
            raise _gone("field")
        named[field.slug] = _options(field, value, _slug)
    found["fields"] = named
    return found


def _options(field: Field, value: JSON, name: Callable[[Field, JSON], JSON]) -> JSON:
    if not field.options or not value:
        return value
    if isinstance(value, list):
        return [name(field, each) for each in cast("Sequence[JSON]", value)]
    return name(field, value)


def _id(field: Field, slug: JSON) -> JSON:
    return next(each.id for each in field.options if each.slug == slug)


def _slug(field: Field, option_id: JSON) -> JSON:
    option = field.option_by_id.get(cast("int", option_id))
    if option is None:
        raise _gone("option")
    return option.slug


def _gone(what: str) -> Conflict:
    return Conflict(
        f"this edit cannot go on: the {what} that it sets is gone",
        hint="undo what it has done, or make another one",
    )
