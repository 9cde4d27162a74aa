"""What a token opens, and what it may do there: parameters of several commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from leadwell.cli.opening import CampaignId


@Parameter(name="*")
@dataclass(frozen=True)
class Rights:
    """What a token may do."""

    filter: str | None = None
    """Only leads that match: conditions, or the name of a saved filter."""
    fields: str | None = None
    """Only these fields, with commas; also status, assigned_person, external_id."""
    expires: str | None = None
    """90d, 2027-01-01 or never; 90 days unless given."""
    address: list[str] | None = None
    """Only from these addresses (CIDR blocks); again for each."""
    rate: int | None = None
    """Points it may spend each second, 0: any number; the hub's token_rate else."""
    show_personal: Annotated[bool | None, Parameter(negative="--mask-personal")] = None
    """Show what personal fields hold, or a mask of it, to a token that only reads and
    names no fields. A new one sees a mask; one from a file sees what they hold."""


RIGHTS = Rights()


@Parameter(name="*", negative=())
@dataclass(frozen=True)
class Lifts:
    """What restricts a token no more."""

    no_filter: bool = False
    """Let it see every lead."""
    no_fields: bool = False
    """Let it see every field."""
    no_address: bool = False
    """Let it be used from anywhere."""
    no_rate: bool = False
    """Let it have the rate that the hub gives every token."""


LIFTS = Lifts()


@Parameter(name="*")
@dataclass(frozen=True)
class Opens:
    """What a token opens."""

    campaign: CampaignId | None = None
    """One campaign."""
    account: str | None = None
    """All campaigns of this account."""


OPENS = Opens()
