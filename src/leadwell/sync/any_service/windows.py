"""The anchored walk: which pages to ask for, and when a list was read wholly. Pure.

Pages move while others write. But each answer is one slice of the list, and two leads
that nobody touches keep their order. So a window is taken only if a lead of an earlier
one is in it, with the same `updated_at`: then every untouched lead between the two has
been read. Windows overlap for that, by other sizes than the one before. If no known
lead reappears, the walk steps back, twice as far each time. Which of the windows was
answered first does not matter, so they may be asked for ahead. ADR 0019 has the proof.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

OVERLAP = 3
"""Leads that two windows share while nothing moves; so many may go meanwhile."""
MARKS_MAX = 20_000
"""Leads that are remembered to be recognised; beyond, the walk begins anew."""
_ONE = 1

Mark = Hashable
"""What a lead is recognised by: its id and when it was updated."""


class Window(NamedTuple):
    """A page, and how large it is."""

    page: int
    per_page: int

    @property
    def start(self) -> int:
        """How many leads of the list come before it."""
        return (self.page - 1) * self.per_page

    @property
    def end(self) -> int:
        """Where the list goes on behind it, if it is full."""
        return self.page * self.per_page


@lru_cache(maxsize=4096)
def straddling(offset: int, overlap: int, per_page: int) -> Window | None:
    """Return the window that has `overlap` leads before `offset` and most behind it.

    `None`: no page of at most that size has both. That is so where all the sizes divide
    the offset, which happens with small ones alone: 10 at 2,520.
    """
    start = max(offset - overlap, 0)
    sizes = range(max(per_page // 2, 1), per_page + 1)
    size = max(sizes, key=lambda each: start // each * each + each)
    found = Window(start // size + 1, size)
    return found if found.end > offset else None


def backward(start: int, per_page: int) -> Window:
    """Return a window that begins at `start` or before, and reaches far behind it."""
    return straddling(max(start, 0), 0, per_page) or Window(1, per_page)


@dataclass(slots=True)
class Walk:
    """A list, as far as it was read.

    Every lead that nobody has touched since the walk began was in a window that was
    taken, or stands behind the last one.
    """

    per_page: int
    """The largest page."""
    offset: int = 0
    """Where the list goes on."""
    overlap: int = OVERLAP
    is_over: bool = False
    breaks: int = 0
    """How often no known lead reappeared."""
    _marks: dict[Mark, None] = field(default_factory=dict[Mark, None])
    _older: dict[Mark, None] = field(default_factory=dict[Mark, None])
    _is_back: bool = False
    _bridge: list[Sequence[Mark]] | None = None
    """What came so far where no window straddles the offset."""

    @property
    def is_bridging(self) -> bool:
        """Whether the next window is one of a bridge, and must be asked for alone."""
        self.ask()
        return self._bridge is not None

    def know(self, marks: Iterable[Mark]) -> None:
        """Remember leads that were read, the last ones at the end."""
        for mark in marks:
            self._marks.pop(mark, None)
            self._marks[mark] = None
        if len(self._marks) > MARKS_MAX // 2:
            self._older, self._marks = self._marks, {}

    def last(self, count: int) -> list[Mark]:
        """Return the leads that were read last, to go on from there later."""
        return [*self._older, *self._marks][-count:]

    def _knows(self, mark: Mark) -> bool:
        return mark in self._marks or mark in self._older

    def ask(self) -> Window:
        """Return the window that is needed next."""
        if self._is_back:
            return backward(self.offset - self.overlap, self.per_page)
        found = _onward(self.offset, self.overlap, self.per_page)
        if found is not None:
            return found
        if self._bridge is None:
            self._bridge = []
        return self._steps()[len(self._bridge)]

    def ahead(self, count: int, total: int | None) -> list[Window]:
        """Return the windows that will be needed next if nothing moves.

        Args:
            total: how long the list is; windows behind it are not guessed
        """
        found, overlap = [self.ask()], self.overlap
        if self._bridge is not None:
            return found
        while len(found) < count:
            offset, overlap = found[-1].end, _less(overlap, self.per_page)
            if total is not None and offset >= total:
                break
            window = _onward(offset, overlap, self.per_page)
            if window is None:
                break
            found.append(window)
        return found

    def take(self, window: Window, marks: Sequence[Mark], total: int | None) -> bool:
        """Take the answer to the window that is needed next; whether its leads count.

        A short page is the end, unless `total` says otherwise and it had news.
        """
        if self._bridge is not None:
            return self._took_step(self._bridge, marks, total)
        if window.start and not any(map(self._knows, marks)):
            self._step_back()
            return False
        self._advance(window, marks, total)
        return True

    def _advance(
        self, window: Window, marks: Sequence[Mark], total: int | None
    ) -> None:
        end = window.start + len(marks)
        if len(marks) < window.per_page:
            has_news = not all(map(self._knows, marks))
            self.is_over = not has_news or total is None or end >= total
        self.offset = end
        self.overlap = _less(self.overlap, self.per_page)
        self._is_back = False
        self.know(marks)

    def _step_back(self) -> None:
        self.breaks += 1
        self.overlap *= 2
        self._is_back = True

    def _steps(self) -> list[Window]:
        """Return what bridges an offset that no window straddles.

        What comes next is asked for between two looks at the lead before it, and at
        the first of all. If both stay where they are, none has come before them and
        none has gone, as far as lists by id or by `updated_at` can move.
        """
        sizes = range(1, self.per_page + 1)
        size = max(each for each in sizes if self.offset % each == 0)
        before, first = Window(self.offset, _ONE), Window(1, _ONE)
        behind = Window(self.offset // size + 1, size)
        return [first, before, behind, before, first]

    def _took_step(
        self, bridge: list[Sequence[Mark]], marks: Sequence[Mark], total: int | None
    ) -> bool:
        bridge.append(marks)
        if len(bridge) < 5:
            return False
        first, before, behind, before_again, first_again = bridge
        window, self._bridge = self._steps()[2], None
        known = before and self._knows(before[0])
        if not known or (first, before) != (first_again, before_again):
            self._step_back()
            return False
        self._advance(window, behind, total)
        return True


def _less(overlap: int, per_page: int) -> int:
    """Return the next overlap, after a lead reappeared: at most half a page.

    Slowly: what moved so far will move again, and each step back costs a window.
    """
    less = overlap - max(overlap // 8, 1)
    return max(min(less, per_page // 2), OVERLAP)


def _onward(offset: int, overlap: int, per_page: int) -> Window | None:
    """Return the next window, with as much overlap as pages of that size allow."""
    if offset == 0:
        return Window(1, per_page)
    while overlap:
        found = straddling(offset, overlap, per_page)
        if found is not None:
            return found
        overlap = overlap * 2 // 3
    return None
