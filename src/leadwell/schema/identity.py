"""What tells that two leads are one person's: the same e-mail address, or phone.

Compared is what filters compare: addresses without case, numbers as E.164. A key says
of which type it is but not of which field, so that somebody's private address is also
found where it is written as the one at work.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence, Set

from leadwell.errors import UsageError
from leadwell.model.campaign import Campaign, Duplicates, Field, Policy
from leadwell.model.lead import Lead, Value
from leadwell.schema.fields import type_named

TYPES = ("email", "phone")
"""The types of fields that can tell who somebody is."""
KEY_BYTES = 16


def decision(
    campaign: Campaign, policy: str, slugs: Sequence[str] | None
) -> Duplicates:
    """Read what a campaign decides about duplicates.

    The fields are named by their slugs; `None`: every e-mail and phone, also later.

    Raises:
        UsageError: there is no such policy, no such field, or none is named.
    """
    known = [each.value for each in Policy]
    if policy not in known:
        raise UsageError(
            f"there is no policy {policy[:40]!r}", hint=f"known: {', '.join(known)}"
        )
    if slugs is None:
        return Duplicates(Policy(policy))
    by_slug = {f.slug: f.id for f in campaign.fields if f.type in TYPES}
    if unknown := [slug for slug in slugs if slug not in by_slug]:
        raise UsageError(
            f"{unknown[0][:64]!r} is no field of type e-mail or phone",
            hint=f"such fields: {', '.join(by_slug) or 'none'}",
        )
    if not slugs:
        raise UsageError(
            "no field is named that tells who somebody is",
            hint="name at least one, or all of them",
        )
    return Duplicates(Policy(policy), tuple(sorted(by_slug[slug] for slug in slugs)))


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
