"""The walk reads every lead that nobody touches, whatever happens to the others."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwell.sync.any_service.windows import (
    Walk,
    Window,
)

ASKED_MAX = 3_000
"""Far more windows than any of these lists needs: a walk that takes them is endless."""


@dataclass
class Leads:
    """A list that is edited while it is read; every moment of it is remembered."""

    order: str
    count: int
    moments: list[list[tuple[int, int]]] = field(default_factory=list)
    """Id and `updated_at` of each lead, in the order of the list."""
    touched: set[int] = field(default_factory=set)
    _updated: dict[int, int] = field(default_factory=dict)
    _clock: int = 0

    def __post_init__(self) -> None:
        self._updated = {lead_id: lead_id * 7919 % 97 for lead_id in range(self.count)}
        self._clock = 100
        self._note()

    def happen(self, what: str, where: int) -> None:
        ids = sorted(self._updated)
        self._clock += 1
        if what == "insert":
            new = max(self._updated, default=self.count) + self.count
            self._updated[new] = self._clock
            self.touched.add(new)
        elif ids:
            lead_id = ids[where % len(ids)]
            self.touched.add(lead_id)
            if what == "delete":
                del self._updated[lead_id]
            else:
                self._updated[lead_id] = self._clock
        self._note()

    def answer(self, window: Window, age: int) -> Sequence[tuple[int, int]]:
        """The window as it was `age` moments ago."""
        moment = self.moments[max(len(self.moments) - 1 - age, 0)]
        return moment[window.start : window.end]

    def _note(self) -> None:
        by_time = self.order.endswith("updated_at")
        key = (lambda lead: (lead[1], lead[0])) if by_time else (lambda lead: lead[0])
        listed = sorted(self._updated.items(), key=key)
        self.moments.append(listed[::-1] if self.order[0] == "-" else listed)


class Reader:
    """Reads a list as `reading.read` does, from answers that may be old."""

    def __init__(self, leads: Leads, per_page: int) -> None:
        self.leads = leads
        self.walk = Walk(per_page)
        self.read: set[int] = set()
        self._bridge: list[Sequence[tuple[int, int]]] = []

    def step(self, age: int) -> None:
        window = self.walk.ask()
        is_bridge = self.walk.is_bridging
        # What a bridge tells by is told in its order, one after the other.
        marks = self.leads.answer(window, 0 if is_bridge else age)
        took = self.walk.take(window, marks, len(self.leads.moments[-1]))
        if is_bridge:
            self._bridge.append(marks)
            marks = self._bridge[2] if took else ()
            self._bridge = self._bridge if len(self._bridge) < 5 else []
        self.read |= {lead_id for lead_id, _ in marks} if took else set()


happenings = st.tuples(
    st.sampled_from(["edit", "edit", "insert", "delete", "delete"]),
    st.integers(0, 10**6),
)
rounds = st.lists(
    st.tuples(st.lists(happenings, max_size=12), st.integers(0, 30)), max_size=40
)


@settings(max_examples=300, deadline=None)
@given(
    order=st.sampled_from(["id", "-id", "updated_at", "-updated_at"]),
    count=st.integers(0, 150),
    per_page=st.integers(2, 100),
    rounds=rounds,
)
def test_every_untouched_lead_is_read_and_the_walk_ends(
    order: str,
    count: int,
    per_page: int,
    rounds: list[tuple[list[tuple[str, int]], int]],
) -> None:
    leads = Leads(order, count)
    reader = Reader(leads, per_page)
    for happened, age in rounds:
        if reader.walk.is_over:
            break
        for what, where in happened:
            leads.happen(what, where)
        reader.step(age)
    for _ in range(ASKED_MAX):
        if reader.walk.is_over:
            break
        reader.step(0)
    assert reader.walk.is_over
    assert set(range(count)) - leads.touched <= reader.read


@pytest.mark.parametrize(("per_page", "most"), [(100, 1.12), (1000, 1.04)])
def test_a_quiet_list_is_read_with_little_overlap(per_page: int, most: float) -> None:
    count, read, walk = 100_000, 0, Walk(per_page)
    while not walk.is_over:
        window = walk.ask()
        marks = range(window.start, min(window.end, count))
        read += len(marks)
        assert walk.take(window, marks, count)
    print(f"{per_page}: {read / count - 1:.1%} more rows")  # noqa: T201
    assert read <= count * most
