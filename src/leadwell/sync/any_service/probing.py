"""Finding out what a service can do, with a few questions that any may answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec

from leadwell.client import QuestionRefused
from leadwell.sync.any_service.lists import Fetched, Lists
from leadwell.sync.any_service.shaping import Told, stamp
from leadwell.sync.any_service.traits import Answers, Traits
from leadwell.sync.any_service.windows import Window

SIZES = (1000, 500, 250, 100, 50, 20, 10)
"""Page sizes that are tried until one is taken."""
ODD_SIZE = 97
"""A size that nobody has as a default."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def probe(lists: Lists) -> Traits:
    """Find out what a service can do.

    Raises:
        HubError: it refused, or answered nothing that makes sense.
    """
    first = _first(lists)
    leads, listing = first.leads, first.listing
    per_page = _largest(first)
    found = Traits(
        listing.variant,
        per_page,
        order=order_of(leads),
        says_total=listing.total is not None,
        has_date=first.date is not None,
        has_stamps=all(lead.version for lead in leads),
    )
    found = _with_sizes(lists, found, leads)
    after = _updated_after(lists, found, leads)
    is_fresh = found.takes_sizes is not None and after.answers != "unknown"
    return msgspec.structs.replace(
        found,
        updated_after=after.answers,
        is_inclusive=after.is_inclusive,
        is_fresh=is_fresh,
    )


def order_of(leads: Sequence[Told]) -> str:
    """Say what leads are ordered by."""
    if len(leads) < 2:
        return "unknown"
    ids = [lead.id for lead in leads]
    versions = [lead.version for lead in leads]
    for name, values in (("id", ids), ("updated_at", versions)):
        if len(set(values)) > 1 and values == sorted(values):
            return name
        if len(set(values)) > 1 and values == sorted(values, reverse=True):
            return f"-{name}"
    return "unknown"


def _first(lists: Lists) -> Fetched:
    """Ask for the first page, as large as the service takes it."""
    sizes = [lists.profile.per_page_max] if lists.profile.per_page_max else SIZES
    refusal: QuestionRefused | None = None
    for size in sizes:
        try:
            return lists.page(Window(1, size))
        except QuestionRefused as error:
            refusal = refusal or error
            # What is wrong is not the size.
            if error.status not in {400, 422}:
                break
    assert refusal  # noqa: S101 - there is a size
    raise refusal


def _largest(first: Fetched) -> int:
    """Return the largest page: what was asked, unless less was answered."""
    listing, count = first.listing, len(first.leads)
    asked = first.window.per_page
    if listing.per_page is not None and listing.per_page != asked:
        return max(listing.per_page, 1)
    is_cut = listing.total is not None and count < min(asked, listing.total)
    return max(count, 1) if is_cut or count > asked else asked


def _with_sizes(lists: Lists, found: Traits, leads: Sequence[Told]) -> Traits:
    """Ask for a second page of an odd size, and compare it with the first answer."""
    size = min(ODD_SIZE, found.per_page - 1, len(leads) // 2)
    if not lists.profile.parameters.per_page:
        return msgspec.structs.replace(found, takes_sizes=False)
    if size < 2:
        return found
    second = lists.page(Window(2, size))
    listing = second.listing
    echoes = (listing.page, listing.per_page)
    is_taken = echoes in {(2, size), (None, size), (2, None), (None, None)}
    is_taken = is_taken and len(second.leads) <= size
    if not is_taken:
        return msgspec.structs.replace(found, takes_sizes=False)
    places = {lead.mark: place for place, lead in enumerate(leads)}
    met = [places[lead.mark] for lead in second.leads if lead.mark in places]
    # Others may write meanwhile, so it need not begin exactly there.
    is_near = bool(met) and size // 2 <= met[0]
    is_stable = all(a < b for a, b in pairwise(met))
    return msgspec.structs.replace(
        found, takes_sizes=is_near or len(leads) > found.per_page, is_stable=is_stable
    )


@dataclass(frozen=True, slots=True)
class _After:
    answers: Answers
    is_inclusive: bool | None = None


def _updated_after(lists: Lists, found: Traits, leads: Sequence[Told]) -> _After:
    """Ask for what was updated after a moment that some leads come before."""
    if not lists.profile.parameters.updated_after or not found.has_stamps:
        return _After("none")
    pivot = _pivot(leads)
    if pivot is None:
        return _After("unknown")
    window = Window(1, found.per_page)
    try:
        after = lists.page(window, stamp(_moment(pivot))).leads
    except QuestionRefused as error:
        if error.status not in {400, 422}:
            raise
        return _days(lists, window, pivot)
    earliest = min((lead.version for lead in after), default=pivot)
    if earliest >= pivot:
        met = any(lead.version == pivot for lead in after)
        return _After("moments", is_inclusive=met)
    is_same_day = _moment(earliest).date() >= _moment(pivot).date() - timedelta(days=1)
    return _After("days" if is_same_day else "ignored")


def _days(lists: Lists, window: Window, pivot: int) -> _After:
    try:
        lists.page(window, f"{_moment(pivot).date()}")
    except QuestionRefused:
        return _After("none")
    return _After("days")


def _pivot(leads: Sequence[Told]) -> int | None:
    """Return when a lead was updated on whose day another one was, before it.

    Only such a moment tells services that take moments from those that take days.
    """
    versions = sorted({lead.version for lead in leads})
    pairs = [
        later
        for earlier, later in pairwise(versions)
        if _moment(earlier).date() == _moment(later).date()
    ]
    return pairs[len(pairs) // 2] if pairs else None


def _moment(version: int) -> datetime:
    return _EPOCH + timedelta(microseconds=version)
