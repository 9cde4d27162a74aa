"""The comparisons a filter can make. To add one, write it here and nowhere else.

The question reads `suffix`, the store reads `sql`, the reference reads `summary`,
and the tests hold `sql` and `compares` to the same meaning on every database.

A condition holds when *any* of its values compares with what the lead holds; a
negated operator turns that round, so that it includes leads without a value.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any


def _same(asked: Any) -> Any:
    return asked


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@dataclass(frozen=True, slots=True)
class Operator:
    """One way to compare a field with a value."""

    suffix: str
    """What stands in brackets after the field's slug; empty for plain `slug=`."""
    sql: str
    """The comparison, with holes `{held}` and `{asked}`: no table, no statement."""
    compares: Callable[[Any, Any], bool]
    """The same comparison in Python: the oracle that `sql` is tested against."""
    summary: str
    """One line for the reference, read after the field's label."""
    takes_list: bool = False
    """Whether `a,b` is two values rather than one with a comma."""
    is_negated: bool = False
    on_key: bool = False
    """Whether it compares the folded key rather than the value itself."""
    sees_absence: bool = False
    """Whether it compares even a lead that holds no value."""
    bound: Callable[[Any], Any] = _same
    """How an asked value is bound in SQL."""

    def holds(self, held: Any, asked: Iterable[Any]) -> bool:
        """Whether a condition with these values holds for what the lead holds."""
        if held is None and not self.sees_absence:
            return self.is_negated
        return any(self.compares(held, value) for value in asked) != self.is_negated


def _equals(held: Any, asked: Any) -> bool:
    return bool(held == asked)


def _has(held: Any, asked: Any) -> bool:
    return asked in held


_EQUAL_SQL = "{held} = {asked}"
_LIKE_SQL = "{held} LIKE {asked} ESCAPE '\\'"

EQUALS = Operator("", _EQUAL_SQL, _equals, "is exactly")
IS_ONE_OF = Operator("", _EQUAL_SQL, _equals, "is one of", takes_list=True)
NOT_EQUALS = Operator("ne", _EQUAL_SQL, _equals, "is not, or is empty", is_negated=True)
NOT_ONE = replace(NOT_EQUALS, summary="is none of, or is empty", takes_list=True)
IN = replace(IS_ONE_OF, suffix="in")
NOT_IN = replace(NOT_ONE, suffix="nin")
GREATER = Operator(
    "gt", "{held} > {asked}", lambda h, a: bool(h > a), "is more or later than"
)
GREATER_EQUAL = Operator(
    "gte", "{held} >= {asked}", lambda h, a: bool(h >= a), "is at least"
)
LESS = Operator(
    "lt", "{held} < {asked}", lambda h, a: bool(h < a), "is less or earlier than"
)
LESS_EQUAL = Operator(
    "lte", "{held} <= {asked}", lambda h, a: bool(h <= a), "is at most"
)
CONTAINS = Operator(
    "contains",
    _LIKE_SQL,
    lambda h, a: a.casefold() in h.casefold(),
    "contains, whatever the case",
    on_key=True,
    bound=lambda asked: f"%{_like(asked)}%",
)
STARTS_WITH = Operator(
    "starts_with",
    _LIKE_SQL,
    lambda h, a: h.casefold().startswith(a.casefold()),
    "starts with, whatever the case",
    on_key=True,
    bound=lambda asked: f"{_like(asked)}%",
)
EXISTS = Operator(
    "exists",
    "({held} IS NOT NULL) = {asked}",
    lambda h, a: (h is not None) == a,
    "has a value (`true`) or is empty (`false`)",
    sees_absence=True,
)
HAS = Operator(
    "",
    _LIKE_SQL,
    _has,
    "has one of these among its options",
    takes_list=True,
    on_key=True,
    bound=lambda asked: f"%{asked}%",
)
HAS_NOT = replace(
    HAS, suffix="ne", summary="has none of these among its options", is_negated=True
)
HAS_IN = replace(HAS, suffix="in")
HAS_NONE = replace(HAS_NOT, suffix="nin")

OPERATORS = (
    EQUALS,
    IS_ONE_OF,
    NOT_EQUALS,
    NOT_ONE,
    IN,
    NOT_IN,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    CONTAINS,
    STARTS_WITH,
    EXISTS,
    HAS,
    HAS_NOT,
    HAS_IN,
    HAS_NONE,
)

TEXT_OPERATORS = (
    EQUALS,
    NOT_EQUALS,
    IN,
    NOT_IN,
    CONTAINS,
    STARTS_WITH,
    EXISTS,
)
ORDERED_OPERATORS = (
    EQUALS,
    NOT_EQUALS,
    IN,
    NOT_IN,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    EXISTS,
)
CHOICE_OPERATORS = (IS_ONE_OF, NOT_ONE, IN, NOT_IN, EXISTS)
MANY_CHOICE_OPERATORS = (HAS, HAS_NOT, HAS_IN, HAS_NONE, EXISTS)
