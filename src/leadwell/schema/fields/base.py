"""What every field type must answer."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, Literal

from leadwell.errors import MalformedValue
from leadwell.model.campaign import Field
from leadwell.model.lead import JSON, Value
from leadwell.schema.operators import Operator

JSONSchema = dict[str, object]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the meaning of a text depends on besides the text and its field."""

    zone: tzinfo = UTC
    """Where a moment without an offset stands."""
    country: str = "DK"
    """Where a phone number without a country code is dialled."""
    round_up: bool = False
    """Whether precision beyond what is kept is rounded up instead of cut."""


PLAIN = Reading()


@dataclass(frozen=True, slots=True)
class FieldType(ABC):
    """One kind of field: how its values are read, compared, described and shown.

    A *stored* value is what the database keeps in a lead's JSON; where SQL must
    compare something else (folded text, padded decimals), that is its *key*. Most
    values are shown, stored and compared as they are, so that is the default.
    """

    name: str
    """The word a campaign's schema uses for it."""
    summary: str
    """One line for the reference."""
    operators: tuple[Operator, ...]
    """The comparisons its values allow."""
    widget: str
    """The HTML input that edits it."""
    sorts_by: Literal["value", "key"] | None = "value"
    """What `_sort` orders by; `None` when its values have no order."""
    is_text: bool = False
    """Whether `_q` searches it; then its key is the case-folded text."""
    is_number: bool = False
    """Whether its stored value is a JSON number rather than text."""

    @abstractmethod
    def read(self, field: Field, given: JSON, reading: Reading = PLAIN) -> Value:
        """Read a value from a submission; `None` and empty ones never come here.

        Raises:
            MalformedValue, UnknownOption, LabelNotSlug: it is no value of the field.
        """

    def parse(self, field: Field, text: str, reading: Reading = PLAIN) -> Value:
        """Read one value from a query string.

        Raises:
            MalformedValue, UnknownOption, LabelNotSlug: it is no value of the field.
        """
        return self.read(field, text, reading)

    def show(self, field: Field, value: Any) -> JSON:
        """Write a value as it stands on the wire; `None` if it no longer exists."""
        del field
        shown: JSON = self.stored(value)
        return shown

    def stored(self, value: Any) -> JSON:
        """Write a value as the database keeps it."""
        kept: JSON = value
        return kept

    def restored(self, stored: Any) -> Value:
        """Read back what `stored` wrote."""
        value: Value = stored
        return value

    def key(self, value: Any) -> str | None:
        """Return what SQL compares instead of the stored value, if anything."""
        del value
        return None

    @abstractmethod
    def json_schema(self, field: Field) -> JSONSchema:
        """Describe its values on the wire (JSON Schema 2020-12)."""

    @abstractmethod
    def example(self, field: Field) -> str:
        """Give one text that `parse` accepts; the reference and its tests show it."""


_UNCLEAN = re.compile("[\0\ud800-\udfff]")
_NAMES = {
    "str": "text",
    "bool": "a boolean",
    "int": "a number",
    "float": "a number",
    "list": "a list",
    "dict": "an object",
}


def wrong_type(given: JSON, expected: str) -> MalformedValue:
    """Return the error for a value of the wrong JSON type."""
    name = _NAMES.get(type(given).__name__, "null")
    return MalformedValue(f"{name} was given", hint=f"give {expected}")


def text_given(given: JSON, expected: str, characters_max: int) -> str:
    """Return the text that was given, if it is one that can be kept.

    Raises:
        MalformedValue: it is no text, too long, or has a NUL or a lone surrogate.
    """
    if not isinstance(given, str):
        raise wrong_type(given, expected)
    if len(given) > characters_max:
        raise MalformedValue(
            f"the text has {len(given):,} characters",
            hint=f"at most {characters_max:,} are kept",
        )
    if _UNCLEAN.search(given):
        raise MalformedValue(
            "the text has a NUL or half a character", hint="send clean UTF-8"
        )
    return given
