"""Yes or no."""

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
from leadwell.schema.operators import EQUALS, EXISTS, NOT_EQUALS

WORDS = {"true": True, "false": False}


class Boolean(FieldType):
    """True or false."""

    __slots__ = ()

    def read(self, field: Field, given: JSON, reading: Reading = PLAIN) -> bool:
        """Accept JSON's true and false, and the words for them."""
        if isinstance(given, str):
            return self.parse(field, given, reading)
        if not isinstance(given, bool):
            raise wrong_type(given, "true or false")
        return given

    def parse(self, field: Field, text: str, reading: Reading = PLAIN) -> bool:
        """Read `true` or `false`."""
        del field, reading
        if text not in WORDS:
            raise MalformedValue(
                f"{text[:40]!r} is neither true nor false",
                hint="write true or false",
                value=text,
                allowed=tuple(WORDS),
            )
        return WORDS[text]

    def show(self, field: Field, value: bool) -> JSON:  # noqa: FBT001 - it is the value
        """Show true or false."""
        del field
        return value

    def stored(self, value: bool) -> JSON:  # noqa: FBT001 - it is the value
        """Keep 1 or 0."""
        return int(value)

    def restored(self, stored: int) -> bool:
        """Read 1 or 0."""
        return bool(stored)

    def json_schema(self, field: Field) -> JSONSchema:
        """Describe a boolean."""
        del field
        return {"type": "boolean"}

    def example(self, field: Field) -> str:
        """Give true."""
        del field
        return "true"


BOOLEAN = Boolean(
    name="boolean",
    summary="`true` or `false`",
    operators=(EQUALS, NOT_EQUALS, EXISTS),
    widget="checkbox",
    # Kept as 1 and 0: what both databases make of JSON's true differs.
    is_number=True,
)
