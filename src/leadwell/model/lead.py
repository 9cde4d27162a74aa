"""A lead, and the values its fields can hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

Value: TypeAlias = (
    "str | bool | int | float | Decimal | date | datetime | tuple[int, ...] | JSON"
)
"""What one field of one lead holds; its field type says which of these.

A select holds the id of its option, a multi-select a tuple of them in the order of
the options. Moments are aware and in UTC.
"""


@dataclass(frozen=True, slots=True)
class Lead:
    """One submission to a campaign. `values` has no key for an empty field."""

    campaign_id: int
    id: int
    version: int
    """Counts the lead's own revisions, from 1."""
    status: int | None
    """The id of a status of the campaign."""
    assigned_to: int | None
    """The id of a person of the account."""
    created_at: datetime
    updated_at: datetime
    values: Mapping[int, Value]
    """Keyed by the id of the field."""
    external_id: str | None = None
    source_updated_at: datetime | None = None


__all__ = ["JSON", "Lead", "Value", "date"]
