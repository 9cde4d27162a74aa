"""Whether a copy is what the hub says, and mending it where it is not.

Count and digest are compared first; where they differ, the buckets are, and then the
versions of single leads. The changes that the copy has not pulled yet are asked for
last: a lead that is among them is late, not wrong.
"""

import functools
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import msgspec

from leadwell.client import Campaign, CursorLost, NotFound, Unavailable
from leadwell.client.feed import SETTLE_S
from leadwell.model.digest import Digest
from leadwell.sync.any_service.place import place_of
from leadwell.sync.asking import PAGE_LEADS
from leadwell.sync.batches import NOT_TOLD, Batch, people_of
from leadwell.sync.cells import Fault, Row, row_of
from leadwell.sync.destinations.base import Copy, Destination, Overtaken
from leadwell.sync.errors import (
    BusyDestination,
    ForeignDestination,
    OtherQuestion,
    UnreadableDestination,
)
from leadwell.sync.proving import digest_of
from leadwell.sync.pulling import (
    SETTLE_TRIES,
    followed,
    pairs_of,
    reached,
)
from leadwell.sync.state import State
from leadwell.sync.table import table_of

BUCKETS = 256
"""As the hub has them: by `id mod 256`."""
MENDED_MAX = 500
"""Leads that are read and stored as one step."""
DOUBLED = 0
"""Stands for the version of a lead that a copy has twice; versions begin at 1."""
TRIES = 5
"""How often it begins again when a sync moves the copy on meanwhile."""


@dataclass(slots=True)
class Finding:
    """How a copy and the hub compare."""

    count: int = 0
    digest: str = ""
    hub_count: int = 0
    hub_digest: str = ""
    missing: set[int] = field(default_factory=set[int])
    """Leads that the hub shows and the copy lacks."""
    stale: set[int] = field(default_factory=set[int])
    """Leads that the copy has in another version."""
    extra: set[int] = field(default_factory=set[int])
    """Leads that the copy has and the hub does not show."""
    waiting: int = 0
    """Leads whose changes the copy has not pulled yet; they are none of the others."""
    repaired: int = 0

    @property
    def wrong(self) -> set[int]:
        """All leads that no pull would mend."""
        return self.missing | self.stale | self.extra

    @property
    def is_exact(self) -> bool:
        """Whether the copy is exactly what the hub shows at this moment."""
        return (self.count, self.digest) == (self.hub_count, self.hub_digest)


def verify(
    campaign: Campaign,
    destination: Destination,
    *,
    repair: bool = False,
    pause: Callable[[float], None] = time.sleep,
) -> Finding:
    """Compare a copy with what the hub shows now, and mend it if that is asked.

    Raises:
        UnreadableDestination: there is no copy.
        ForeignDestination: it is of another campaign.
    """
    found = Finding()
    for _ in range(TRIES):
        state, held = _read(campaign, destination)
        repaired = found.repaired
        found = _compared(campaign, state, held, pause)
        found.repaired = repaired
        if not repair or not found.wrong:
            return found
        # What was mended is compared once more.
        with suppress(Overtaken), destination.open() as copy:
            found.repaired += _mend(campaign, copy, state, found)
            copy.settle()
    if found.repaired:
        return found
    raise BusyDestination(
        f"{destination.text} is being moved on all the time",
        hint="run again when no sync runs",
    )


def _read(campaign: Campaign, destination: Destination) -> tuple[State, dict[int, int]]:
    copy = destination.look()
    if copy is not None:
        with copy:
            state = copy.state()
            held = _held(copy) if state else {}
        if state and place_of(state.cursor):
            raise OtherQuestion(
                f"{destination.text} is the copy of a service that has no digests",
                hint="leadwell sync … --reconcile reads everything and compares",
            )
        if state and state.campaign_id == campaign.id:
            return state, held
        if state:
            raise ForeignDestination(
                f"{destination.text} is the copy of campaign {state.campaign_id}, "
                f"not of {campaign.id}"
            )
    raise UnreadableDestination(
        f"there is no copy at {destination.text}", hint="make one: leadwell sync"
    )


def _held(copy: Copy) -> dict[int, int]:
    """Return which version of each lead a copy has; of one that is doubled, none."""
    held: dict[int, int] = {}
    for lead_id, version in copy.held():
        held[lead_id] = DOUBLED if lead_id in held else version
    return held


def _compared(
    campaign: Campaign,
    state: State,
    held: Mapping[int, int],
    pause: Callable[[float], None],
) -> Finding:
    query = pairs_of(state.query)
    with reached(campaign):
        there = campaign.digest(query, buckets=BUCKETS)
    buckets: list[dict[int, int]] = [{} for _ in range(BUCKETS)]
    for lead_id, version in held.items():
        buckets[lead_id % BUCKETS][lead_id] = version
    own = [digest_of(bucket.items()) for bucket in buckets]
    total = functools.reduce(_sum, own)
    found = Finding(total.count, total.text, there.count, there.digest)
    if found.is_exact:
        return found
    shown = {each.bucket: (each.count, each.digest) for each in there.buckets}
    for number, (bucket, digest) in enumerate(zip(buckets, own, strict=True)):
        if shown.get(number, _EMPTY) != (digest.count, digest.text):
            listed = campaign.digest(query, bucket=number).leads
            _note(found, bucket, {each.id: each.version for each in listed})
    late = _late(campaign, state, query, pause)
    found.waiting = len(late)
    found.missing -= late
    found.stale -= late
    found.extra -= late
    return found


_EMPTY = (0, Digest().text)


def _sum(one: Digest, other: Digest) -> Digest:
    return replace(one.plus([other.sums]), count=one.count + other.count)


def _note(found: Finding, own: Mapping[int, int], there: Mapping[int, int]) -> None:
    found.missing |= there.keys() - own.keys()
    found.extra |= own.keys() - there.keys()
    found.stale |= {e for e in own.keys() & there.keys() if own[e] != there[e]}


def _late(
    campaign: Campaign,
    state: State,
    query: list[tuple[str, str]],
    pause: Callable[[float], None],
) -> set[int]:
    """Return the leads that changed after the copy's cursor."""
    late: set[int] = set()
    cursor = state.cursor
    tries = 0
    while tries < SETTLE_TRIES:
        try:
            with followed(cursor):
                # They are only counted here: what was erased is still in the copy.
                answer = campaign.changes(
                    cursor, limit=PAGE_LEADS, confirm=False, query=query
                )
        except CursorLost:
            # The copy follows a history that is gone: whatever differs is wrong.
            return set()
        late |= {each.id for each in answer.entries if each.id is not None}
        cursor = answer.cursor
        if answer.up_to_date:
            return late
        if answer.is_settling:
            tries += 1
            pause(SETTLE_S)
    raise Unavailable("the hub is carrying out an edit of a filter or the schema")


def _mend(campaign: Campaign, copy: Copy, state: State, found: Finding) -> int:
    """Store each lead that is wrong as it is now; return how many were.

    The cursor stays: what changes meanwhile is told by the feed, and applied again.
    """
    wrong, mended = sorted(found.wrong), 0
    for start in range(0, len(wrong), MENDED_MAX):
        some = wrong[start : start + MENDED_MAX]
        batch = _mended(campaign, state, some, found.extra)
        copy.keep(batch, state.step)
        state = batch.state
        mended += len(batch.rows) + len(batch.removals)
    return mended


def _mended(
    campaign: Campaign, state: State, lead_ids: list[int], extra: set[int]
) -> Batch:
    table = table_of(state.schema)
    rows: list[Row] = []
    faults: list[Fault] = []
    people: dict[int, str] = {}
    # A single lead is read without the copy's filter, which these do not match.
    removals = dict.fromkeys(extra.intersection(lead_ids), NOT_TOLD)
    for lead_id in lead_ids:
        if lead_id in extra:
            continue
        try:
            raw = campaign.lead(lead_id).raw
        except NotFound:
            removals[lead_id] = NOT_TOLD
            continue
        row, broken = row_of(raw, table)
        rows.append(row)
        faults += broken
        people |= people_of(raw)
    step = state.step + 1
    after = msgspec.structs.replace(state, step=step, changed_in=step)
    return Batch(after, None, tuple(rows), removals, tuple(faults), people)
