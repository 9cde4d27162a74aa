"""Values that a token may not see; it is told only that there is one (ADR 0032)."""

from leadwell.errors import MalformedValue
from leadwell.model.campaign import MASK, Field
from leadwell.model.lead import JSON
from leadwell.schema.fields.base import PLAIN, FieldType, JSONSchema, Reading


class Masked(FieldType):
    """What stands in place of a value: a text, whatever the type of the field is."""

    __slots__ = ()

    def read(self, field: Field, given: JSON, reading: Reading = PLAIN) -> str:
        """Read the mask, which is the only value.

        Raises:
            MalformedValue: it is anything else.
        """
        del reading
        if given != self.example(field):
            raise MalformedValue(
                f"the token does not see the values of {field.slug}",
                hint="ask the campaign's owner for a token that names it",
            )
        return self.example(field)

    def json_schema(self, field: Field) -> JSONSchema:
        """Describe a string that is always the same."""
        return {"type": "string", "const": self.example(field)}

    def example(self, field: Field) -> str:
        """Give the mask."""
        return field.mask or MASK


MASKED = Masked(
    # Readers know it by the name of what they are answered.
    name="text",
    summary="masked: the token sees whether there is a value, and never which",
    operators=(),
    widget="text",
    sorts_by=None,
)
MASKED_TYPE = "masked"
"""What the view of a token calls the type of such a field; no campaign has one."""
