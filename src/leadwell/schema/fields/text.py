"""Free text, on one line or on many."""

from dataclasses import dataclass
from typing import Literal

from leadwell.model.campaign import Field
from leadwell.model.lead import JSON
from leadwell.schema.fields.base import PLAIN, JSONSchema, Reading, text_given
from leadwell.schema.operators import TEXT_OPERATORS, Operator

TEXT_CHARACTERS_MAX = 4_096
LONG_TEXT_CHARACTERS_MAX = 65_536


@dataclass(frozen=True, slots=True)
class Text:
    """Text, kept exactly as it came."""

    name: str
    summary: str
    characters_max: int
    widget: str
    operators: tuple[Operator, ...] = TEXT_OPERATORS
    sorts_by: Literal["value", "key"] | None = "key"
    is_text: bool = True
    is_number: bool = False

    def read(self, field: Field, given: JSON, reading: Reading = PLAIN) -> str:
        """Every clean text within the limit is a value."""
        del field, reading
        return text_given(given, "text", self.characters_max)

    def parse(self, field: Field, text: str, reading: Reading = PLAIN) -> str:
        """Every text is a value."""
        return self.read(field, text, reading)

    def show(self, field: Field, value: str) -> JSON:
        """Show the text."""
        del field
        return value

    def stored(self, value: str) -> JSON:
        """Keep the text."""
        return value

    def restored(self, stored: str) -> str:
        """Read the text."""
        return stored

    def key(self, value: str) -> str:
        """Compare case folded, by Python's own rules on every database."""
        return value.casefold()

    def json_schema(self, field: Field) -> JSONSchema:
        """Describe a string of limited length."""
        del field
        return {"type": "string", "maxLength": self.characters_max}

    def example(self, field: Field) -> str:
        """Give the field's own label, which is text as well."""
        return field.label


TEXT = Text("text", "a line of text", TEXT_CHARACTERS_MAX, "text")
LONG_TEXT = Text(
    "long_text", "text of several lines", LONG_TEXT_CHARACTERS_MAX, "textarea"
)
