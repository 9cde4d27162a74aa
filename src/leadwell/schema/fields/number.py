"""Numbers: JSON numbers, as exact as a double."""

import math
import re

from leadwell.errors import MalformedValue
from leadwell.model.campaign import Field
from leadwell.model.lead import JSON
from leadwell.schema.fields.base import (
    PLAIN,
    FieldType,
    JSONSchema,
    Reading,
    wrong_type,
)
from leadwell.schema.operators import ORDERED_OPERATORS

INTEGER_MAX = 2**53
"""Above it a double, and so most JSON readers, no longer tells neighbours apart."""
_SHAPE = re.compile(r"-?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?", re.ASCII)


class Number(FieldType):
    """A whole or fractional number."""

    __slots__ = ()

    def read(self, field: Field, given: JSON, reading: Reading = PLAIN) -> int | float:
        """Accept JSON numbers, and texts that are numbers."""
        if isinstance(given, str):
            return self.parse(field, given, reading)
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise wrong_type(given, "a number")
        return _kept(given)

    def parse(self, field: Field, text: str, reading: Reading = PLAIN) -> int | float:
        """Read a number with a decimal point and no thousands separators."""
        del field, reading
        if not _SHAPE.fullmatch(text):
            raise MalformedValue(
                f"{text[:40]!r} is not a number",
                hint="write 1200 or 1200.5, with a point and no thousands separator",
                value=text,
            )
        return _kept(int(text) if text.lstrip("-").isdigit() else float(text))

    def json_schema(self, field: Field) -> JSONSchema:
        """Describe a JSON number that a double keeps exactly."""
        del field
        return {"type": "number", "minimum": -INTEGER_MAX, "maximum": INTEGER_MAX}

    def example(self, field: Field) -> str:
        """Give a number."""
        del field
        return "1200.5"


def _kept(number: float) -> int | float:
    if not math.isfinite(number):
        raise MalformedValue("the number is not finite", hint="give a finite number")
    whole = int(number)
    if whole != number:
        return number
    if abs(whole) > INTEGER_MAX:
        raise MalformedValue(
            "the number is too large to be exact",
            hint="keep it within ±2^53, or use a field of the type decimal or text",
        )
    # 1200.0 and 1200 are one value, so they are kept and shown as one.
    return whole


NUMBER = Number(
    name="number",
    summary="a number, whole or with a fraction",
    operators=ORDERED_OPERATORS,
    widget="number",
    is_number=True,
)
