"""Ids of leads and people, as conditions ask for them; no field has this type."""

from leadwell.errors import MalformedValue
from leadwell.model.campaign import Field
from leadwell.schema.fields.base import PLAIN, JSONSchema, Reading
from leadwell.schema.fields.number import INTEGER_MAX, Number
from leadwell.schema.operators import CHOICE_OPERATORS, ORDERED_OPERATORS


class Identifier(Number):
    """A whole number from 1."""

    __slots__ = ()

    def parse(self, field: Field, text: str, reading: Reading = PLAIN) -> int:
        """Read a whole number from 1."""
        del field, reading
        is_whole = text.isascii() and text.isdigit() and len(text) <= 16
        if not is_whole or not 0 < int(text) <= INTEGER_MAX:
            raise MalformedValue(
                f"{text[:40]!r} is not an id",
                hint="ids are whole numbers from 1",
                value=text,
            )
        return int(text)

    def json_schema(self, field: Field) -> JSONSchema:
        """Describe a whole number from 1."""
        del field
        return {"type": "integer", "minimum": 1, "maximum": INTEGER_MAX}

    def example(self, field: Field) -> str:
        """Give an id."""
        del field
        return "17"


IDENTIFIER = Identifier(
    name="identifier",
    summary="an id, or several with commas between them",
    operators=(
        *CHOICE_OPERATORS,
        *(o for o in ORDERED_OPERATORS if o.suffix in {"gt", "gte", "lt", "lte"}),
    ),
    widget="number",
    is_number=True,
)
