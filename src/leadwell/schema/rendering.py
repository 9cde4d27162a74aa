"""A lead as JSON: the one place that decides what a lead looks like outside.

Leads are rendered when they are written and kept as bytes, so that a page is a join
of bytes (`explanation/reading`). A reader who may see less is given a part of them.
"""

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from leadwell.model.campaign import Attribute, Campaign
from leadwell.model.lead import JSON, Lead
from leadwell.model.query import Shown
from leadwell.schema import times
from leadwell.schema.fields import type_named

NARROWED_MAX = 16_384
"""Leads that are remembered narrowed: some 20 MB."""
_Parts = dict[str, msgspec.Raw]
_NULL = b"null"
_decoder = msgspec.json.Decoder(_Parts)


def body(campaign: Campaign, lead: Lead) -> bytes:
    """Render the whole lead: every field of the campaign, `null` where it is empty."""
    return msgspec.json.encode(as_object(campaign, lead))


def as_object(campaign: Campaign, lead: Lead) -> dict[str, JSON]:
    """Return the whole lead as it stands on the wire (CONTRACT §3)."""
    status = campaign.status_by_id.get(lead.status) if lead.status else None
    person = campaign.person_by_id.get(lead.assigned_to) if lead.assigned_to else None
    moved = lead.source_updated_at
    return {
        "id": lead.id,
        "status": {"slug": status.slug, "label": status.label} if status else None,
        "fields": {
            field.slug: type_named(field.type).show(field, lead.values[field.id])
            if field.id in lead.values
            else None
            for field in campaign.fields
        },
        "assigned_person": {"id": person.id, "name": person.name} if person else None,
        "created_at": times.show(lead.created_at),
        "updated_at": times.show(lead.updated_at),
        "metadata": {
            "campaign_id": lead.campaign_id,
            "version": lead.version,
            "external_id": lead.external_id,
            "source_updated_at": times.show(moved) if moved else None,
        },
    }


@lru_cache(maxsize=NARROWED_MAX)
def narrowed(rendered: bytes, shown: Shown) -> bytes:
    """Cut a rendered lead down to the parts that are shown, and mask what is masked.

    An empty field stays empty, whether it is masked or not.

    Remembered by the whole lead and all that is shown of it: tokens that see the same
    parts share what was cut, and no other token ever gets it.
    """
    lead = _decoder.decode(rendered)
    fields = _decoder.decode(lead["fields"])
    seen = {slug: raw for slug, raw in fields.items() if slug in shown.fields}
    for slug, mask in shown.masks:
        if slug in seen and bytes(seen[slug]) != _NULL:
            seen[slug] = msgspec.Raw(msgspec.json.encode(mask))
    lead["fields"] = _encoded(seen)
    if Attribute.EXTERNAL_ID not in shown.attributes:
        metadata = _decoder.decode(lead["metadata"])
        del metadata["external_id"]
        lead["metadata"] = _encoded(metadata)
    for attribute in (Attribute.STATUS, Attribute.ASSIGNED_PERSON):
        if attribute not in shown.attributes:
            del lead[attribute.value]
    return msgspec.json.encode(lead)


def joined(bodies: Iterable[bytes]) -> bytes:
    """Join rendered leads to a JSON array."""
    return b"[" + b",".join(bodies) + b"]"


def _encoded(parts: _Parts) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(parts))
