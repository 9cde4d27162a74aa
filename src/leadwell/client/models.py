"""What the types that `leadwell codegen` writes are made of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import msgspec
from msgspec import Struct

from leadwell.client.errors import UnexpectedAnswer
from leadwell.client.lead import Choice, Lead, Person


class Metadata(Struct, frozen=True, kw_only=True):
    """What the hub keeps about a lead."""

    campaign_id: int
    version: int
    """Counts the lead's own revisions, from 1."""
    external_id: str | None = None
    source_updated_at: datetime | None = None


class TypedLead(Struct, frozen=True, kw_only=True):
    """What every campaign's leads have; the written type adds `fields`."""

    id: int
    metadata: Metadata
    created_at: datetime
    updated_at: datetime
    status: Choice | None = None
    assigned_person: Person | None = None

    @classmethod
    def of(cls, lead: Lead | Mapping[str, Any]) -> Self:
        """Read a lead of the client, or one of the change feed, as this type.

        Raises:
            UnexpectedAnswer: the schema has changed since the type was written.
        """
        raw = lead.raw if isinstance(lead, Lead) else lead
        try:
            return msgspec.convert(raw, cls)
        except msgspec.ValidationError as error:
            raise UnexpectedAnswer(
                f"the lead is not what {cls.__module__} was written for: {error}",
                hint="run `leadwell codegen` again",
            ) from None
