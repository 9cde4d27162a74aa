"""Moments by the clock of who reads them: each language writes them its own way."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from leadwell.schema import times


@cache
def zone_names() -> Sequence[str]:
    """Return the time zones to choose from, by name: UTC, and those of places."""
    places = [
        name
        for name in available_timezones()
        if "/" in name and not name.startswith(("Etc/", "posix/", "right/", "SystemV/"))
    ]
    return ["UTC", *sorted(places)]


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name; UTC for none, or one that is known no more."""
    return ZoneInfo(name) if name != "UTC" and name in zone_names() else UTC


def local(text: str, zone: tzinfo) -> str:
    """Write a moment as a browser's input for one has it, by a clock without a name.

    One that such a clock shows twice, in autumn, keeps its offset: `…Z`.
    """
    moment = times.read(text)
    plain = moment.astimezone(zone).replace(tzinfo=None)
    written = plain.isoformat(timespec="microseconds").removesuffix(".000000")
    is_same = times.read(written, zone=zone) == moment
    return written if is_same else text.replace(".000000Z", "Z")


def moment(at: datetime, zone: tzinfo, tag: str) -> str:
    """Write a moment to the minute: `2026-11-29 10:12`, `29.11.2026 10.12`."""
    return f"{at.astimezone(zone):{'%d.%m.%Y %H.%M' if tag == 'da' else _PLAIN}}"


def exact(at: datetime, zone: tzinfo, tag: str) -> str:
    """Write a moment with as much of its seconds as there is."""
    rest = f"{at:%S.%f}".rstrip("0").rstrip(".") if at.microsecond else f"{at:%S}"
    if rest == "00":
        return moment(at, zone, tag)
    mark, point = (".", ",") if tag == "da" else (":", ".")
    return f"{moment(at, zone, tag)}{mark}{rest.replace('.', point)}"


def day(on: date, tag: str) -> str:
    """Write a day with its year: `2026-11-29`, `29.11.2026`."""
    return f"{on:{'%d.%m.%Y' if tag == 'da' else '%Y-%m-%d'}}"


_PLAIN = "%Y-%m-%d %H:%M"
