from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from leadwell.errors import MalformedValue
from leadwell.schema import times
from tests import values

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2025-02-21", "2025-02-21T00:00:00.000000Z"),
        ("2025-02-21T07:08Z", "2025-02-21T07:08:00.000000Z"),
        ("2025-02-21T07:08:09Z", "2025-02-21T07:08:09.000000Z"),
        ("2025-02-21t07:08:09z", "2025-02-21T07:08:09.000000Z"),
        ("2025-02-21 07:08:09Z", "2025-02-21T07:08:09.000000Z"),
        ("2025-02-21T07:08:09", "2025-02-21T07:08:09.000000Z"),
        ("2025-02-21T07:08:09.1Z", "2025-02-21T07:08:09.100000Z"),
        ("2025-02-21T07:08:09.123456Z", "2025-02-21T07:08:09.123456Z"),
        ("2025-02-21T07:08:09.123456789Z", "2025-02-21T07:08:09.123456Z"),
        ("2025-02-21T07:08:09+01:00", "2025-02-21T06:08:09.000000Z"),
        ("2025-02-21T07:08:09 01:00", "2025-02-21T06:08:09.000000Z"),
        ("2025-02-21T07:08:09-05:30", "2025-02-21T12:38:09.000000Z"),
        ("2025-02-21T23:59:60Z", "2025-02-21T23:59:59.999999Z"),
        ("2024-02-29", "2024-02-29T00:00:00.000000Z"),
        ("0001-01-02", "0001-01-02T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_moment_is_read_and_shown_in_utc(text: str, shown: str) -> None:
    assert times.show(times.read(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "yesterday", "1740096000", "01/02/2025", "2025-2-1", "2025-02-30"),
        *("2025-02-29", "2025-13-01", "2025-02-21T24:00:00Z", "2025-02-21T07:60Z"),
        *("2025-02-21T07:08:61Z", "2025-02-21T07:08:09.Z", "2025-02-21T7:08Z"),
        *(
            "2025-02-21T07:08:09.1234567890Z",
            "2025-02-21T07Z",
            "20250221",
            "2025-W08-5",
        ),
        *("2025-02-21T07:08:09+25:00", "2025-02-21T07:08:09+0100", "2025-02-21Z"),
        *(
            "٢٠٢٥-02-21",
            "2025-02-21T07:08:09Z ",
            "0000-01-01",
            "0001-01-01T00:00+01:00",
        ),
        *("9999-12-31T23:00:00-05:00", "2025-02-21T07:08:09Z\n"),
    ],
)
def test_what_is_no_moment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(MalformedValue) as caught:
        times.read(text)
    assert times.EXAMPLE in caught.value.hint


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2025-07-01", "2025-06-30T22:00:00.000000Z"),
        ("2025-01-01T00:00:00", "2024-12-31T23:00:00.000000Z"),
        # The hour that summer time skips, and the one that it repeats: the first one.
        ("2025-03-30T02:30:00", "2025-03-30T01:30:00.000000Z"),
        ("2025-10-26T02:30:00", "2025-10-26T00:30:00.000000Z"),
        ("2025-07-01T00:00:00Z", "2025-07-01T00:00:00.000000Z"),
    ],
)
def test_a_moment_without_an_offset_stands_in_the_zone(text: str, utc: str) -> None:
    assert times.show(times.read(text, zone=COPENHAGEN)) == utc


def test_what_is_finer_than_a_microsecond_can_be_rounded_up() -> None:
    text = "2025-02-21T00:00:00.0000001Z"
    cut, up = times.read(text), times.read(text, round_up=True)
    assert up - cut == timedelta(microseconds=1)
    whole = "2025-02-21T00:00:00.000000000Z"
    assert times.read(whole, round_up=True) == cut


@given(values.moments)
def test_a_moment_survives_every_way_of_writing_it(moment: datetime) -> None:
    assert times.read(times.show(moment)) == moment
    assert times.from_microseconds(times.microseconds(moment)) == moment
    assert len(times.show(moment)) == 27


def test_dates_are_plain_days() -> None:
    assert times.read_date("2025-02-21").isoformat() == "2025-02-21"
    for text in ("2025-02-30", "21-02-2025", "2025-02-21T00:00:00Z", ""):
        with pytest.raises(MalformedValue):
            times.read_date(text)


def test_the_epoch_counts_from_1970() -> None:
    assert times.microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == 1_000_000
