"""Moments at the edges of clocks and calendars are stamped, shown and found exactly.

Days on which a clock skips or repeats an hour, leap days, the ends of 32-bit seconds
and of the calendar: each is asked for by the clock of every zone from UTC-12 to UTC+14.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from leadwell.schema.times import show
from tests import make
from tests.recording import recorded
from tests.writer import LIST, Writer

US = timedelta(microseconds=1)
MOMENTS = [
    # Copenhagen skips the hour from 2 to 3, New York follows weeks before or after.
    datetime(2025, 3, 9, 6, 59, 59, 999_998, UTC),
    datetime(2025, 3, 30, 0, 59, 59, 999_998, UTC),
    # It is 2:30 twice.
    datetime(2025, 10, 26, 0, 30, tzinfo=UTC),
    datetime(2025, 10, 26, 1, 30, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 59, 59, 999_998, UTC),
    datetime(2028, 2, 28, 23, 59, 59, 999_998, UTC),
    datetime(2028, 2, 29, 12, tzinfo=UTC),
    # The last second of 32 bits, and the one after it.
    datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(2100, 2, 28, 23, 59, 59, 999_998, UTC),
    datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC),
    datetime(9999, 12, 31, 9, 59, 59, 999_997, UTC),
]
# Etc/GMT+12 is what others write UTC-12.
ZONES = [f"Etc/GMT{-hours:+d}" for hours in range(-12, 15)]
PLACES = ["Europe/Copenhagen", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]


class Still(make.Clock):
    """A clock that stands where it was put."""

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Still:
    return Still()


def asked(partner: Writer, name: str, local: datetime, zone: str) -> list[int]:
    """The leads after or before a moment, as a clock in that zone shows it."""
    text = local.replace(tzinfo=None).isoformat()
    answer = partner.get(f"{LIST}?{name}={text}&_tz={quote(zone)}")
    assert answer.status_code == 200, answer.text
    return [lead["id"] for lead in answer.json()["data"]]


def stamped(partner: Writer, clock: Still) -> dict[int, datetime]:
    """Add a lead at each moment; each is shown as it was, and the feed goes on."""
    cursor, found = partner.feed()["cursor"], {}
    for moment in MOMENTS:
        clock.now = moment
        lead = partner.add()
        assert lead["created_at"] == lead["updated_at"] == show(moment)
        told: dict[str, Any] = partner.feed(cursor)
        assert [each["id"] for each in told["data"]] == [lead["id"]]
        cursor, found[lead["id"]] = told["cursor"], moment
    return found


def is_clear(moment: datetime, zone: str) -> bool:
    """Whether a clock there shows these microseconds once, and at this moment."""
    local = moment.astimezone(ZoneInfo(zone))
    return local.fold == 0 and local.utcoffset() == local.replace(fold=1).utcoffset()


@pytest.mark.proof
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_moment_is_found_by_the_clock_of_every_zone(
    partner: Writer, clock: Still
) -> None:
    with recorded("time", on="moments by the clock of a zone") as counts:
        held = stamped(partner, clock)
        for zone in (*ZONES, *PLACES):
            for lead_id, moment in held.items():
                if not is_clear(moment, zone) or not is_clear(moment - US, zone):
                    continue
                local = moment.astimezone(ZoneInfo(zone))
                later = [each for each in held if each > lead_id]
                assert asked(partner, "created_after", local, zone) == later
                before = asked(partner, "created_before", local, zone)
                assert before == [each for each in held if each < lead_id]
                just = asked(partner, "created_after", local - US, zone)
                assert just == [lead_id, *later]
                counts["moments"] += 1
    assert counts["moments"] > len(ZONES) * len(MOMENTS)


def test_a_clock_that_steps_back_keeps_the_order(partner: Writer, clock: Still) -> None:
    with recorded("time", on="steps of the clock") as counts:
        stamps: list[str] = []
        for step in (0, -1, -3_600, 7_200, -86_400, 1, 0, -1):
            clock.now += timedelta(seconds=step)
            lead = partner.add()
            stamps.append(lead["updated_at"])
            counts["moments"] += 1
        assert all(one < other for one, other in pairwise(stamps))
        found = partner.get(f"{LIST}?updated_after={stamps[3]}").json()["data"]
        assert [lead["id"] for lead in found] == [5, 6, 7, 8]
