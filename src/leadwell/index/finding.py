"""Which leads match: conditions as unions and intersections of sets."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, cast

from pyroaring import BitMap

from leadwell.index.index import LEAD_ID_MAX, YEAR_1_US, Index
from leadwell.index.slices import DENSE
from leadwell.model.campaign import Campaign, Column
from leadwell.model.query import Condition, SortKey
from leadwell.schema.fields.boolean import BOOLEAN
from leadwell.schema.fields.select import MULTI_SELECT, SELECT
from leadwell.schema.operators import EXISTS, Operator
from leadwell.schema.subjects import Subject, subject_of
from leadwell.schema.times import microseconds

_CHOICES = frozenset({SELECT.name, MULTI_SELECT.name, BOOLEAN.name})
_MOMENTS = (Column.CREATED_AT, Column.UPDATED_AT)
_NOTHING = BitMap()
_BOUNDS: Mapping[str, tuple[int | None, int | None]] = {
    "gt": (1, None),
    "gte": (0, None),
    "lt": (None, 0),
    "lte": (None, 1),
}
"""Where the range of each operator begins and ends, counted from the asked value."""
_SAME = frozenset({"", "in", "ne", "nin"})
"""The suffixes of the operators that look for equal values."""

SeqOf = Callable[[int], int]
"""From a moment in microseconds to the `seq` of the first change at it or after."""


class _Span(NamedTuple):
    """A condition on a moment."""

    column: Column
    operator: Operator
    moments: tuple[int, ...]


class Found(NamedTuple):
    """Leads that hold all conditions but those that are left to look at."""

    ids: BitMap
    left: tuple[Condition, ...]


def find(
    index: Index, campaign: Campaign, conditions: Iterable[Condition], seq_of: SeqOf
) -> Found:
    """Return the leads that match as far as sets can tell.

    The bitmap may be one of the index: it must not be changed.
    """
    sets: list[BitMap] = []
    spans: list[_Span] = []
    left: list[Condition] = []
    for condition in conditions:
        subject = subject_of(campaign, condition.field)
        operator = subject.operator(condition.operator) if subject else None
        if subject is None or operator is None:
            # A condition that no longer means anything must never widen what is seen.
            return Found(BitMap(), ())
        span = _span_of(subject, operator, condition)
        found = None if span else _set_of(index, subject, operator, condition)
        if span is not None:
            spans.append(span)
        elif found is not None:
            sets.append(found)
        else:
            left.append(condition)
    ids = index.everything
    for each in _in_turn(sets, len(ids)):
        ids = each if ids is index.everything else ids & each
    for span in spans:
        ids = _ranged(index, span, ids, seq_of)
    return Found(ids, tuple(left))


def _in_turn(sets: list[BitMap], leads: int) -> list[BitMap]:
    """Return the sets as they are intersected: the smallest first, if it is small.

    Else the largest first: what is dense is quick, until a list is made of it.
    """
    sets = sorted(sets, key=len)
    is_dense = bool(sets) and len(sets[0]) * DENSE > leads
    return sets[::-1] if is_dense else sets


def select(
    index: Index, ids: BitMap, sort: Sequence[SortKey], start: int, count: int
) -> list[int] | None:
    """Return a window of the leads in an order; `None` for an order it does not know.

    Its cost does not depend on where the window stands.
    """
    if not sort or sort[0].field is Column.ID:
        if sort and sort[0].descending:
            stop = max(len(ids) - start, 0)
            return list(reversed(ids[max(stop - count, 0) : stop]))
        return list(ids[start : start + count])
    if sort[0].field is Column.CREATED_AT and _goes_on_by_id(sort[1:]):
        descending = sort[0].descending
        return index.created.ordered(ids, start, count, descending=descending)
    return None


def _goes_on_by_id(rest: Sequence[SortKey]) -> bool:
    return not rest or rest[0] == SortKey(Column.ID)


def _span_of(
    subject: Subject, operator: Operator, condition: Condition
) -> _Span | None:
    column = subject.ref
    if not isinstance(column, Column) or column not in _MOMENTS:
        return None
    if operator.suffix not in _BOUNDS:
        return None
    moments = cast("tuple[datetime, ...]", condition.values)
    return _Span(column, operator, tuple(map(microseconds, moments)))


def _set_of(
    index: Index, subject: Subject, operator: Operator, condition: Condition
) -> BitMap | None:
    if operator is EXISTS:
        return _existing(index, subject, condition)
    if subject.ref is Column.ID:
        found = _numbered(index.everything, operator, _numbers(condition))
    elif operator.suffix in _SAME and _is_choice(subject):
        values = set(_numbers(condition))
        sets = [index.chosen.get((subject.ref, value), _NOTHING) for value in values]
        found = sets[0] if len(sets) == 1 else BitMap.union(_NOTHING, *sets)
    else:
        return None
    return index.everything - found if operator.is_negated else found


def _is_choice(subject: Subject) -> bool:
    if isinstance(subject.ref, Column):
        return subject.ref in {Column.STATUS, Column.ASSIGNED_TO}
    return subject.field.type in _CHOICES


def _existing(index: Index, subject: Subject, condition: Condition) -> BitMap:
    if {True, False} <= set(condition.values):
        return index.everything
    filled = index.filled.get(subject.ref, _NOTHING)
    if subject.ref in {Column.ID, *_MOMENTS}:
        filled = index.everything
    return filled if True in condition.values else index.everything - filled


def _numbers(condition: Condition) -> list[int]:
    # True and False are kept as 1 and 0.
    return [int(value) for value in cast("tuple[int, ...]", condition.values)]


def _numbered(everything: BitMap, operator: Operator, values: Iterable[int]) -> BitMap:
    found = BitMap()
    for value in values:
        low, high = _range(operator, value)
        low = 0 if low is None else min(low, LEAD_ID_MAX + 1)
        high = LEAD_ID_MAX + 1 if high is None else min(high, LEAD_ID_MAX + 1)
        if low < high:
            found.add_range(low, high)
    return everything & found


def _ranged(index: Index, span: _Span, within: BitMap, seq_of: SeqOf) -> BitMap:
    slices = index.created if span.column is Column.CREATED_AT else index.changed
    found = BitMap()
    for moment in span.moments:
        low, high = _range(span.operator, moment)
        ids = within
        if low is not None:
            bound = _place(span.column, low, seq_of)
            ids = ids & slices.at_least(bound, index.everything)
        if high is not None:
            bound = _place(span.column, high, seq_of)
            ids = ids - slices.at_least(bound, index.everything)
        found = found | ids
    return found


def _place(column: Column, moment: int, seq_of: SeqOf) -> int:
    return moment - YEAR_1_US if column is Column.CREATED_AT else seq_of(moment)


def _range(operator: Operator, value: int) -> tuple[int | None, int | None]:
    """Return the least number that an operator takes, and the least one too high."""
    low, high = _BOUNDS.get(operator.suffix, (0, 1))
    return (
        None if low is None else value + low,
        None if high is None else value + high,
    )
