"""What tells that two leads are one person's: the same e-mail address, or phone.

Compared is what filters compare: addresses without case, numbers as E.164. A key says
of which type it is but not of which field, so that somebody's private address is also
found where it is written as the one at work.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from leadwell.errors import MalformedValue, UsageError
from leadwell.model.campaign import Campaign, Duplicates, Field, Policy
from leadwell.model.lead import Lead, Value
from leadwell.schema.fields import type_named
from leadwell.schema.fields.base import Reading

EMAIL, PHONE = "email", "phone"
TYPES = (EMAIL, PHONE)
"""The types of fields that can tell who somebody is."""
KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Identity:
    """An e-mail address or a phone number by which somebody is looked for."""

    type: str
    """One of `TYPES`."""
    key: str
    """In the form in which fields of this type are compared."""

    @classmethod
    def read(cls, kind: str, text: str, country: str = "DK") -> "Identity":
        """Read what somebody has typed.

        Raises:
            MalformedValue: it is no e-mail address, or no phone number.
        """
        field = Field(0, kind, kind, kind)
        value = type_named(kind).read(field, text, Reading(country=country))
        return cls(kind, str(type_named(kind).key(value)))

    def is_held(self, value: object) -> bool:
        """Whether a value that was kept, of whatever field, is this one."""
        return isinstance(value, str) and value.casefold() == self.key

    def is_written(self, text: str, country: str) -> bool:
        """Whether a text that nobody has read yet is this one, however written."""
        end = self.key[-4:]
        if self.type == PHONE:
            text_end = "".join(each for each in text if each.isdigit())[-4:]
            if text_end != end:
                return False
        elif "@" not in text:
            return False
        try:
            return Identity.read(self.type, text, country) == self
        except MalformedValue:
            return False

    def person(self, key: bytes, account_id: int) -> bytes:
        """Return by what erasures of this person are found again, and nothing else.

        A keyed digest: without the instance key nobody can try addresses on it, and in
        another account it is another one.
        """
        named = f"person\0{account_id}\0{self.type}\0{self.key}".encode()
        return hmac.digest(key, named, "sha256")[:KEY_BYTES]


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
