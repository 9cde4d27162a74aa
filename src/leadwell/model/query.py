"""What a caller asks for: conditions, words, order and window."""

from dataclasses import dataclass

from leadwell.model.campaign import Attribute, Column
from leadwell.model.lead import Value

PER_PAGE_DEFAULT = 50
PER_PAGE_MAX = 1000
PAGE_MAX = 10**12
"""Far past any real page, and small enough for every database's integers."""

FieldRef = int | Column
"""A field by its id, or one of the columns that every lead has."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison: it holds when any of `values` compares as the operator says.

    `operator` is the suffix of an operator that the type of `field` allows; the
    negated operators hold when none of the values compares.
    """

    field: FieldRef
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """Words that one and the same text field must all contain, case folded."""

    words: tuple[str, ...]
    fields: tuple[int, ...]
    """The ids of the text fields that may be searched."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an order; leads without a value come last either way."""

    field: FieldRef
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """Which parts of a lead are answered."""

    fields: frozenset[str]
    """Slugs of fields."""
    attributes: frozenset[Attribute]
    masks: frozenset[tuple[str, str]] = frozenset()
    """Slugs of fields whose values are not shown, each with what stands there."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a reader asks for, before their token is considered."""

    conditions: tuple[Condition, ...] = ()
    search: Search | None = None
    sort: tuple[SortKey, ...] = ()
    page: int = 1
    per_page: int = PER_PAGE_DEFAULT
    shown: Shown | None = None
    """`None`: all that the token may see."""
    with_meta: bool = False
    cursor: str | None = None
    """Where a walk by cursor stands; `start` begins one."""
    snapshot: str | None = None
    """The pin of a run of pages; `none`: pages of this moment."""
