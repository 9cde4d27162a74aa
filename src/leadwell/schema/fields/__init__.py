"""The field types. To add one, write its module and name it in `FIELD_TYPES`."""

from leadwell.schema.fields.base import PLAIN, FieldType, JSONSchema, Reading
from leadwell.schema.fields.boolean import BOOLEAN
from leadwell.schema.fields.calendar import DATE, DATETIME
from leadwell.schema.fields.contact import EMAIL, PHONE, URL
from leadwell.schema.fields.data import DATA
from leadwell.schema.fields.decimal import DECIMAL
from leadwell.schema.fields.identifier import IDENTIFIER
from leadwell.schema.fields.masked import MASKED, MASKED_TYPE
from leadwell.schema.fields.number import NUMBER
from leadwell.schema.fields.select import MULTI_SELECT, SELECT
from leadwell.schema.fields.text import LONG_TEXT, TEXT

FIELD_TYPES: tuple[FieldType, ...] = (
    TEXT,
    LONG_TEXT,
    NUMBER,
    DECIMAL,
    BOOLEAN,
    DATE,
    DATETIME,
    EMAIL,
    PHONE,
    URL,
    SELECT,
    MULTI_SELECT,
    DATA,
)

_BY_NAME = {
    **{kind.name: kind for kind in (*FIELD_TYPES, IDENTIFIER)},
    MASKED_TYPE: MASKED,
}


def type_named(name: str) -> FieldType:
    """Return the field type with this name; a wrong name is our own bug."""
    return _BY_NAME[name]


__all__ = [
    "FIELD_TYPES",
    "PLAIN",
    "FieldType",
    "JSONSchema",
    "Reading",
    "type_named",
]
