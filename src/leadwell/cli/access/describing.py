"""Describe a token in a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from leadwell.model.token import Token
    from leadwell.store.connection import Connection


def described(connection: Connection, token: Token, now: datetime) -> dict[str, Any]:
    """Describe a token in a list."""
    from leadwell.schema.times import show
    from leadwell.store import campaigns, filters, links
    from leadwell.store.access.rights import state_of

    conditions = fields = None
    masked: list[str] = []
    if token.campaign_id is not None:
        from leadwell.schema import wording

        campaign = campaigns.known(connection, token.campaign_id)
        if token.filter_id is not None:
            kept = filters.find(connection, campaign, token.filter_id)
            query = wording.as_query(campaign, kept.conditions)
            conditions = f"{kept.name}: {query}" if kept.name else query
        if token.readable is not None:
            seen = [f.slug for f in campaign.fields if f.id in token.readable]
            fields = seen + sorted(r for r in token.readable if isinstance(r, str))
        if token.is_masked:
            masked = [f.slug for f in campaign.fields if f.is_personal]
    shared = links.find_followers(connection, token, now) if token.is_open(now) else ()
    return {
        "id": token.public_id,
        "name": token.name,
        "campaign": token.campaign_id,
        "rights": "read+write" if token.may_write else "read",
        "filter": conditions,
        "fields": fields,
        "personal": "masked" if token.is_masked else "shown",
        "masked_fields": masked,
        "links": len(shared),
        "rate": token.rate,
        "state": state_of(token, now),
        "expires_at": show(token.expires_at) if token.expires_at else None,
        "last_used_at": show(token.last_used_at) if token.last_used_at else None,
    }


def masked_in(connection: Connection, token: Token) -> str:
    """Name the fields that a token sees a mask of, in words; empty: there is none."""
    from leadwell.store import campaigns

    if not token.is_masked:
        return ""
    if token.campaign_id is None:
        return "personal fields"
    campaign = campaigns.known(connection, token.campaign_id)
    return ", ".join(field.slug for field in campaign.fields if field.is_personal)
