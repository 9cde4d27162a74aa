"""Decimals: money and the like, exact, as text on the wire."""

import re
from dataclasses import replace
from decimal import Decimal as Exact

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

WHOLE_DIGITS_MAX = 24
FRACTION_DIGITS_MAX = 12
_SHAPE = re.compile(
    rf"-?\d{{1,{WHOLE_DIGITS_MAX}}}(\.\d{{1,{FRACTION_DIGITS_MAX}}})?", re.ASCII
)
_PATTERN = rf"^-?[0-9]{{1,{WHOLE_DIGITS_MAX}}}(\.[0-9]{{1,{FRACTION_DIGITS_MAX}}})?$"
_MIRRORED = str.maketrans("0123456789", "9876543210")


class Decimal(FieldType):
    """An exact decimal number; its digits are kept as they came."""

    __slots__ = ()

    def read(self, field: Field, given: JSON, reading: Reading = PLAIN) -> Exact:
        """Accept text; whole JSON numbers too, as they are exact."""
        if isinstance(given, int) and not isinstance(given, bool):
            given = str(given)
        if not isinstance(given, str):
            raise wrong_type(given, 'a decimal as text, "1200.50"')
        return self.parse(field, given, reading)

    def parse(self, field: Field, text: str, reading: Reading = PLAIN) -> Exact:
        """Read digits with at most one point."""
        del field, reading
        if not _SHAPE.fullmatch(text):
            raise MalformedValue(
                f"{text[:40]!r} is not a decimal",
                hint=f"write 1200.50: at most {WHOLE_DIGITS_MAX} digits before "
                f"the point and {FRACTION_DIGITS_MAX} after it",
                value=text,
            )
        return Exact(text)

    def stored(self, value: Exact) -> JSON:
        """Keep the digits as text, never with an exponent."""
        return f"{value:f}"

    def restored(self, stored: str) -> Exact:
        """Read the digits."""
        return Exact(stored)

    def key(self, value: Exact) -> str:
        """Pad the digits so that the order of texts is the order of numbers."""
        whole, _, fraction = f"{abs(value):f}".partition(".")
        digits = whole.rjust(WHOLE_DIGITS_MAX, "0") + fraction.ljust(
            FRACTION_DIGITS_MAX, "0"
        )
        # Negative numbers sort before the others, the larger ones first.
        return f"-{digits.translate(_MIRRORED)}" if value < 0 else f"0{digits}"

    def json_schema(self, field: Field) -> JSONSchema:
        """Describe a string of digits."""
        del field
        return {"type": "string", "pattern": _PATTERN}

    def example(self, field: Field) -> str:
        """Give an amount."""
        del field
        return "1200.50"


DECIMAL = Decimal(
    name="decimal",
    summary="an exact decimal number, text on the wire",
    operators=tuple(
        operator if operator.sees_absence else replace(operator, on_key=True)
        for operator in ORDERED_OPERATORS
    ),
    widget="text",
    sorts_by="key",
)
