"""What the start page draws of a campaign: leads per day by source, and by status."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from pyroaring import BitMap

from leadwell.index import counting
from leadwell.index.counting import Counted
from leadwell.index.index import Index, Key
from leadwell.model.campaign import Campaign, Column, Field, Option
from leadwell.schema.fields.select import SELECT
from leadwell.schema.times import microseconds

DAYS = 30
OPTIONS_MAX = 50
"""A select with more options says nothing in a drawing."""
SERIES_MAX = 5
"""Colours that are told apart; what is left is drawn as one."""
WIDTH, HEIGHT = 600, 150
GAP = 3
_SOURCES = ("source", "kilde")


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted."""

    days: tuple[tuple[date, Counted], ...]
    options: tuple[Option, ...]
    statuses: tuple[int, ...]
    """Of each status, in the campaign's order."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of the drawing."""

    x: float
    y: float
    width: float
    height: float
    colour: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day: its bars, and what they stand for."""

    on: date
    total: int
    values: tuple[int, ...]
    """By series."""
    bars: tuple[Bar, ...]
    x: float


@dataclass(frozen=True, slots=True)
class PerDay:
    """Leads per day, ready to be drawn."""

    days: tuple[Day, ...]
    series: tuple[str, ...]
    """Labels; an empty one: all that have another source, or none."""
    most: int
    total: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A status: how many leads stand there, and how wide its bar is."""

    label: str
    count: int
    percent: float


def source_of(campaign: Campaign) -> Field | None:
    """Return the field by whose options leads are told apart."""
    selects = [
        field
        for field in campaign.fields
        if field.type == SELECT.name and len(field.options) <= OPTIONS_MAX
    ]
    named = (field for field in selects if field.slug in _SOURCES)
    return next(named, selects[0] if selects else None)


def counts(
    campaign: Campaign, index: Index, ids: BitMap, today: date, zone: tzinfo
) -> Figures:
    """Count the leads of the days up to today, which begin when they do in a time zone.

    Not each of them has 24 hours.
    """
    on = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    bounds = [_start(day, zone) for day in (*on, today + timedelta(days=1))]
    source = source_of(campaign)
    options = source.options if source else ()
    keys: list[Key] = [(source.id, option.id) for option in options] if source else []
    found = counting.days(index, ids, bounds, keys)
    statuses: list[Key] = [(Column.STATUS, each.id) for each in campaign.statuses]
    return Figures(
        tuple(zip(on, found, strict=True)),
        options,
        counting.choices(index, ids, statuses),
    )


def per_day(figures: Figures) -> PerDay:
    """Draw leads per day: the options with most leads, and the others as one."""
    sums = [
        sum(counted.chosen[place] for _, counted in figures.days)
        for place in range(len(figures.options))
    ]
    best = sorted(range(len(sums)), key=lambda place: (-sums[place], place))
    shown = [place for place in best[:SERIES_MAX] if sums[place]]
    most = max((counted.total for _, counted in figures.days), default=0)
    days = tuple(_days(figures, shown, most))
    labels = [figures.options[place].label for place in shown]
    has_others = any(day.values[-1] for day in days)
    series = (*labels, "") if has_others else tuple(labels)
    return PerDay(days, series, most, sum(day.total for day in days))


def stages(campaign: Campaign, figures: Figures) -> tuple[Stage, ...]:
    """Draw the statuses in their order."""
    most = max(figures.statuses, default=0) or 1
    return tuple(
        Stage(status.label, count, round(100 * count / most, 1))
        for status, count in zip(campaign.statuses, figures.statuses, strict=True)
    )


def _days(figures: Figures, shown: Sequence[int], most: int) -> Iterator[Day]:
    step = WIDTH / DAYS
    for place, (on, counted) in enumerate(figures.days):
        values = [counted.chosen[each] for each in shown]
        values.append(counted.total - sum(values))
        x = round(place * step, 1)
        bars = tuple(_bars(values, x, step - GAP, most))
        yield Day(on, counted.total, tuple(values), bars, x)


def _bars(values: Sequence[int], x: float, width: float, most: int) -> Iterator[Bar]:
    y = float(HEIGHT)
    for place, value in enumerate(values):
        if value:
            height = HEIGHT * value / most
            y -= height
            # What is left over has the last colour, however many stand before it.
            colour = place if place < len(values) - 1 else SERIES_MAX
            yield Bar(x, round(y, 2), round(width, 2), round(height, 2), colour)


def _start(day: date, zone: tzinfo) -> int:
    return microseconds(datetime(day.year, day.month, day.day, tzinfo=zone))
