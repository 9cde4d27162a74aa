"""Who owns campaigns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """An owner of campaigns, people and tokens."""

    id: int
    slug: str
    name: str
