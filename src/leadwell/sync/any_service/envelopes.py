"""The envelopes that leads come in: four that are known, and a list without one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

Lead = Mapping[str, Any]


class NoListing(ValueError):
    """What was answered is no list of leads; says what it lacks."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One page as it was answered; what the envelope does not say is `None`."""

    variant: str
    """`pagination`, `meta`, `paginator`, `data` or `array`."""
    leads: list[dict[str, Any]]
    page: int | None = None
    per_page: int | None = None
    total: int | None = None


def read(content: object) -> Listing:
    """Read the JSON of a page.

    Known are `{"data", "pagination"}` as in the article, `{"data", "meta"}` and
    `{"data", "current_page"}` as Laravel writes them, `{"data"}` alone, and an array.

    Raises:
        NoListing: it is none of them.
    """
    if isinstance(content, list):
        return Listing("array", _leads(cast("list[object]", content)))
    if not isinstance(content, dict):
        raise NoListing("it is no object and no list")
    answer = cast("dict[str, Any]", content)
    if "data" not in answer:
        raise NoListing("it has no data")
    leads = _leads(answer["data"])
    for variant in ("pagination", "meta"):
        if isinstance(answer.get(variant), dict):
            return _listing(variant, leads, answer[variant])
    is_paginator = "current_page" in answer
    return _listing("paginator" if is_paginator else "data", leads, answer)


def _listing(
    variant: str, leads: list[dict[str, Any]], said: Mapping[str, Any]
) -> Listing:
    page = said.get("page", said.get("current_page"))
    return Listing(
        variant,
        leads,
        _whole(page),
        _whole(said.get("per_page")),
        _whole(said.get("total")),
    )


def _leads(given: object) -> list[dict[str, Any]]:
    if not isinstance(given, list):
        raise NoListing("its data is no list")
    found = cast("list[object]", given)
    if not all(isinstance(each, dict) for each in found):
        raise NoListing("its data is no list of objects")
    return cast("list[dict[str, Any]]", found)


def _whole(given: object) -> int | None:
    """Read a number; Laravel repeats `per_page` as the text that was asked."""
    if type(given) is int:
        return given
    return int(given) if isinstance(given, str) and given.isdecimal() else None
