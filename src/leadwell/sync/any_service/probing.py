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
    per_page, is_proven = _largest(lists, first)
    found = Traits(
        listing.variant,
        per_page,
        order=" or ".join(orders_of(leads)) if len(leads) > 1 else "",
        says_total=listing.total is not None,
        has_date=first.date is not None,
        has_stamps=all(lead.version for lead in leads),
    )
    found = _with_sizes(lists, found, leads)
    after = _updated_after(lists, found, first)
    is_fresh = is_proven and found.takes_sizes is not None
    is_fresh = is_fresh and after.answers != "unknown"
    return msgspec.structs.replace(
        found,
        updated_after=after.answers,
        is_inclusive=after.is_inclusive,
        is_fresh=is_fresh,
    )


def orders_of(leads: Sequence[Told]) -> list[str]:
    """Return by what leads can be ordered; few leads leave much open."""
    ids = [lead.id for lead in leads]
    versions = [lead.version for lead in leads]
    found: list[str] = []
    for name, values in (("id", ids), ("updated_at", versions)):
        ascending = sorted(values)
        found += [name] if values == ascending else []
        found += [f"-{name}"] if values == ascending[::-1] else []
    return found


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


def _largest(lists: Lists, first: Fetched) -> tuple[int, bool]:
    """Return the largest page, and whether that is certain: others may be cut."""
    listing, count, asked = first.listing, len(first.leads), first.window.per_page
    if listing.per_page is not None:
        return max(listing.per_page, 1), True
    if count >= asked:
        return count, True
    if listing.total is not None:
        return (asked if count >= listing.total else max(count, 1)), True
    # Nothing says whether there are no more leads, or no larger pages.
    second = lists.page(Window(2, asked))
    known = {lead.mark for lead in first.leads}
    is_cut = any(lead.mark not in known for lead in second.leads)
    return max(count, 1), is_cut


def _with_sizes(lists: Lists, found: Traits, leads: Sequence[Told]) -> Traits:
    """Ask for a second page of an odd size, and compare it with the first answer."""
    size = min(ODD_SIZE, found.per_page - 1, len(leads) // 2)
    if not lists.profile.parameters.per_page:
        return msgspec.structs.replace(found, takes_sizes=False)
    if size < 2:
        return found
    second = lists.page(Window(2, size))
    listing = second.listing
    is_echoed = (listing.page, listing.per_page) == (2, size)
    is_other = listing.per_page not in {None, size} or len(second.leads) > size
    places = {lead.mark: place for place, lead in enumerate(leads)}
    met = [places[lead.mark] for lead in second.leads if lead.mark in places]
    # Others may write meanwhile, so it need not begin exactly there.
    is_near = bool(met) and size // 2 <= met[0] <= size * 2
    unclear = None if is_echoed else False
    return msgspec.structs.replace(
        found,
        takes_sizes=False if is_other else True if is_near else unclear,
        is_stable=all(a < b for a, b in pairwise(met)),
    )


@dataclass(frozen=True, slots=True)
class _After:
    answers: Answers
    is_inclusive: bool | None = None


def _updated_after(lists: Lists, found: Traits, first: Fetched) -> _After:
    """Ask for what was updated after a moment that some leads come before."""
    if not lists.profile.parameters.updated_after or not found.has_stamps:
        return _After("none")
    pivot = _pivot(first.leads)
    moment = first.date if pivot is None else _moment(pivot)
    if moment is None:
        return _After("none")
    window = Window(1, found.per_page)
    try:
        after = lists.page(window, stamp(moment)).leads
    except QuestionRefused as error:
        if error.status not in {400, 422}:
            raise
        return _days(lists, window, moment)
    if pivot is None:
        return _After("unknown")
    earliest = min((lead.version for lead in after), default=pivot)
    if earliest >= pivot:
        met = any(lead.version == pivot for lead in after)
        return _After("moments", is_inclusive=met)
    # Nothing was updated that late: whoever answers with leads does not listen.
    latest = max(lead.version for lead in after)
    late = stamp(_moment(latest) + timedelta(days=7))
    return _After("ignored" if lists.page(window, late).leads else "days")


def _days(lists: Lists, window: Window, moment: datetime) -> _After:
    try:
        lists.page(window, f"{moment.date()}")
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
