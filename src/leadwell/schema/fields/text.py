"""Free text, on one line or on many."""

from dataclasses import dataclass

from leadwell.model.campaign import Field
from leadwell.model.lead import JSON
from leadwell.schema.fields.base import (
    PLAIN,
    FieldType,
    JSONSchema,
    Reading,
    text_given,
)
from leadwell.schema.operators import TEXT_OPERATORS

TEXT_CHARACTERS_MAX = 4_096
LONG_TEXT_CHARACTERS_MAX = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(FieldType):
    """Text, kept exactly as it came."""

    characters_max: int

    def read(self, field: Field, given: JSON, reading: Reading = PLAIN) -> str:
        """Every clean text within the limit is a value."""
        del field, reading
        return text_given(given, "text", self.characters_max)

    def key(self, value: str) -> str:
        """Compare case folded, by Python's own rules on every database."""
        return value.casefold()

    def json_schema(self, field: Field) -> JSONSchema:
        """Describe a string of limited length."""
        del field
        return {"type": "string", "maxLength": self.characters_max}

    def example(self, field: Field) -> str:
        """Give the field's own label, which is text as well."""
        return field.label[: self.characters_max]


TEXT = Text(
    name="text",
    summary="a line of text",
    operators=TEXT_OPERATORS,
    widget="text",
    sorts_by="key",
    is_text=True,
    characters_max=TEXT_CHARACTERS_MAX,
)
LONG_TEXT = Text(
    name="long_text",
    summary="text of several lines",
    operators=TEXT_OPERATORS,
    widget="textarea",
    sorts_by="key",
    is_text=True,
    characters_max=LONG_TEXT_CHARACTERS_MAX,
)
