"""Dates and moments."""

from datetime import date, datetime

from leadwell.model.campaign import Field
from leadwell.model.lead import JSON
from leadwell.schema import times
from leadwell.schema.fields.base import (
    PLAIN,
    FieldType,
    JSONSchema,
    Reading,
    text_given,
)
from leadwell.schema.operators import ORDERED_OPERATORS


class Date(FieldType):
    """A day of the calendar, without time or zone."""

    __slots__ = ()

    def read(self, field: Field, given: JSON, reading: Reading = PLAIN) -> date:
        """Accept `YYYY-MM-DD`."""
        return self.parse(field, text_given(given, "YYYY-MM-DD", 40), reading)

    def parse(self, field: Field, text: str, reading: Reading = PLAIN) -> date:
        """Read `YYYY-MM-DD`."""
        del field, reading
        return times.read_date(text)

    def stored(self, value: date) -> JSON:
        """Keep `YYYY-MM-DD`, whose order as text is the order of days."""
        return value.isoformat()

    def restored(self, stored: str) -> date:
        """Read `YYYY-MM-DD`."""
        return date.fromisoformat(stored)

    def json_schema(self, field: Field) -> JSONSchema:
        """Describe an RFC 3339 full-date."""
        del field
        return {"type": "string", "format": "date"}

    def example(self, field: Field) -> str:
        """Give a date."""
        del field
        return "2025-02-21"


class Moment(FieldType):
    """A moment, kept in UTC to the microsecond."""

    __slots__ = ()

    def read(self, field: Field, given: JSON, reading: Reading = PLAIN) -> datetime:
        """Accept RFC 3339, or a date alone."""
        return self.parse(field, text_given(given, times.EXAMPLE, 64), reading)

    def parse(self, field: Field, text: str, reading: Reading = PLAIN) -> datetime:
        """Read RFC 3339 §5.6, or a date alone (midnight)."""
        del field
        return times.read(text, zone=reading.zone, round_up=reading.round_up)

    def stored(self, value: datetime) -> JSON:
        """Keep UTC text of one width, whose order is the order of moments."""
        return times.show(value)

    def restored(self, stored: str) -> datetime:
        """Read the UTC text."""
        return times.read(stored)

    def json_schema(self, field: Field) -> JSONSchema:
        """Describe an RFC 3339 date-time."""
        del field
        return {"type": "string", "format": "date-time"}

    def example(self, field: Field) -> str:
        """Give a moment in UTC."""
        del field
        return times.EXAMPLE


DATE = Date(
    name="date",
    summary="a day, `YYYY-MM-DD`",
    operators=ORDERED_OPERATORS,
    widget="date",
)
DATETIME = Moment(
    name="datetime",
    summary="a moment, RFC 3339; answered in UTC",
    operators=ORDERED_OPERATORS,
    widget="datetime-local",
)
