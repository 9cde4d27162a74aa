"""What tells that two leads are one person's: the same e-mail address, or phone.

Compared is what filters compare: addresses without case, numbers as E.164. A key says
of which type it is but not of which field, so that somebody's private address is also
found where it is written as the one at work.
"""

import hashlib
from collections.abc import Iterator, Mapping, Set

from leadwell.model.campaign import Campaign, Field, Policy
from leadwell.model.lead import Lead, Value
from leadwell.schema.fields import type_named

TYPES = ("email", "phone")
"""The types of fields that can tell who somebody is."""
KEY_BYTES = 16


def fields(campaign: Campaign) -> tuple[Field, ...]:
    """Return the fields that tell who somebody is, as the campaign has decided."""
    chosen = campaign.duplicates.fields
    return tuple(
        field
        for field in campaign.fields
        if field.type in TYPES and (chosen is None or field.id in chosen)
    )


def keys(campaign: Campaign, lead: Lead) -> Set[bytes]:
    """Return the keys of a lead; none where the campaign asks for no duplicates."""
    if campaign.duplicates.policy is Policy.OFF:
        return frozenset()
    return {key for _, key in held(campaign, lead.values)}


def held(
    campaign: Campaign, values: Mapping[int, Value]
) -> Iterator[tuple[Field, bytes]]:
    """Yield the identifying fields that are filled, each with the key it makes.

    A digest takes a third of the room of an address, and no list of addresses lies
    beside the leads. It holds the campaign's id: nobody can be followed through the
    campaigns of a hub by it.
    """
    for field in fields(campaign):
        if values.get(field.id) is not None:
            text = type_named(field.type).key(values[field.id])
            named = f"{campaign.id}\0{field.type}\0{text}".encode()
            yield field, hashlib.sha256(named).digest()[:KEY_BYTES]
