"""Moments as readers write them, and as the hub writes them (CONTRACT §4, Time)."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from leadwell.errors import MalformedValue

EXAMPLE = "2025-02-21T00:00:00Z"
_MICROSECOND = timedelta(microseconds=1)
# RFC 3339 §5.6, or a date alone, or no offset. A space may stand for the T and for
# the + of an offset: a + in a query string that was not encoded arrives as a space.
_SHAPE = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[Tt ](?P<hour>\d{2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?"
    r"(?P<offset>[Zz]|[+\- ]\d{2}:\d{2})?)?",
    re.ASCII,
)


def read(text: str, *, zone: tzinfo = UTC, round_up: bool = False) -> datetime:
    """Read a moment as aware UTC; without an offset it stands in `zone`.

    Fractions finer than a microsecond are cut, or rounded up on request, so that
    a comparison stays exact. A leap second is read as the last microsecond before.

    Raises:
        MalformedValue: the text is no such moment.
    """
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise _malformed(text)
    try:
        return _moment(shape, zone, round_up=round_up)
    except (ValueError, OverflowError):
        raise _malformed(text) from None


def read_date(text: str) -> date:
    """Read a calendar date, `YYYY-MM-DD`.

    Raises:
        MalformedValue: the text is no date.
    """
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise MalformedValue(
        f"{text[:40]!r} is not a date",
        hint="write it as YYYY-MM-DD, for instance 2025-02-21",
        value=text,
    )


def show(moment: datetime) -> str:
    """Write a moment in UTC with six fraction digits and Z, in one fixed width."""
    # The fixed width makes the order of texts the order of moments.
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{plain.isoformat(timespec='microseconds')}Z"


def microseconds(moment: datetime) -> int:
    """Count the microseconds from 1970-01-01 UTC, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    """Return the moment so many microseconds after 1970-01-01 UTC."""
    return _EPOCH + count * _MICROSECOND


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(shape: re.Match[str], zone: tzinfo, *, round_up: bool) -> datetime:
    day = date.fromisoformat(shape["date"])
    if shape["hour"] is None:
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    second, fraction = (
        int(shape["second"] or 0),
        (shape["fraction"] or "").ljust(9, "0"),
    )
    is_leap = second == 60
    moment = datetime(
        day.year,
        day.month,
        day.day,
        int(shape["hour"]),
        int(shape["minute"]),
        59 if is_leap else second,
        999_999 if is_leap else int(fraction[:6]),
        tzinfo=_offset(shape["offset"], zone),
    ).astimezone(UTC)
    has_rest = not is_leap and fraction[6:] != "000"
    return moment + _MICROSECOND if has_rest and round_up else moment


def _offset(text: str | None, zone: tzinfo) -> tzinfo:
    if text is None:
        return zone
    if text in "Zz":
        return UTC
    return (
        datetime.fromisoformat(f"2000-01-01T00:00{text.replace(' ', '+')}").tzinfo
        or UTC
    )


def _malformed(text: str) -> MalformedValue:
    return MalformedValue(
        f"{text[:40]!r} is not a moment in time",
        hint=f"write {EXAMPLE} or 2025-02-21 (RFC 3339; a date alone is midnight UTC)",
        value=text,
    )
