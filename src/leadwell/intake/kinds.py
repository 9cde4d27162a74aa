"""Which type of field a column of a file suggests."""

import re
from collections.abc import Callable, Sequence

from leadwell.intake.column import MOSTLY, TEXT_CHARS_MAX, Column

# A column is a closed list when its values are few, and come back again and again.
OPTIONS_MAX = 50
OPTIONS_FEW = 12
OPTIONS_SHARE = 0.05
REPEATED = 3

# 0 and 1 in a handful of rows may be the start of any number.
_FLAGS_ROWS_MIN = 20

PHONE_NAME = re.compile(
    r"(?:^|[^a-z])(?:phone|tele(?:phone|fon)?|tel|tlf|mobile?|mobil\w*|handy|\w+phone)"
    r"(?:nummer|number|no|nr)?(?:[^a-z]|$)",
    re.IGNORECASE,
)
"""What a column of phone numbers is called."""


def type_of(header: str, column: Column) -> str:
    """Choose the type that takes (nearly) all values and says most about them."""
    if column.lists or column.objects:
        return _type_of_lists(column)
    for type_name, fits in _TYPES:
        if column.filled and fits(header, column):
            return type_name
    if column.multiline or column.longest > TEXT_CHARS_MAX:
        return "long_text"
    closed = _is_closed(len(column.counts or ()), column.filled)
    return "select" if closed else "text"


def _type_of_lists(column: Column) -> str:
    lists_only = not column.objects and column.lists == column.filled
    repeated = _is_closed(len(column.elements), column.elements.total())
    return "multi_select" if lists_only and repeated else "json"


def _is_closed(distinct: int, filled: int) -> bool:
    few = distinct <= max(OPTIONS_FEW, OPTIONS_SHARE * filled)
    return 0 < distinct <= OPTIONS_MAX and few and filled >= REPEATED * distinct


def _is_boolean(header: str, column: Column) -> bool:
    if column.counts is None or column.share("boolean") < 1:
        return False
    values = {value.lower() for value in column.counts}
    if values == {"0", "1"}:
        return column.filled >= _FLAGS_ROWS_MIN
    pairs: Sequence[set[str]] = ({"yes", "no"}, {"true", "false"}, {"ja", "nej"})
    return any(values <= pair for pair in (*pairs, {"ja", "nein"}))


def _is_phone(header: str, column: Column) -> bool:
    named = PHONE_NAME.search(header) and column.share("phone") >= MOSTLY
    return bool(named) or column.share("international") >= MOSTLY


def _is_date(header: str, column: Column) -> bool:
    return column.share("date") == 1 and column.share("ambiguous") < 1


def _is_datetime(header: str, column: Column) -> bool:
    return column.share("datetime") == 1 and column.share("ambiguous") < 1


# The first that fits: a phone number is a number too, and says more.
_TYPES: tuple[tuple[str, Callable[[str, Column], bool]], ...] = (
    ("boolean", _is_boolean),
    ("phone", _is_phone),
    ("number", lambda _, column: column.share("number") == 1),
    ("date", _is_date),
    ("datetime", _is_datetime),
    ("email", lambda _, column: column.share("email") >= MOSTLY),
    ("url", lambda _, column: column.share("url") >= MOSTLY),
)
