"""What a token is and may see, for `GET /v2/me` and for the campaigns it lists."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadwell.describe import schema
from leadwell.model.account import Account
from leadwell.model.campaign import Attribute, Campaign
from leadwell.model.grant import Grant
from leadwell.model.token import Token
from leadwell.schema import wording
from leadwell.schema.times import show


def token(
    held: Token,
    grant: Grant,
    account: Account,
    views: Sequence[Campaign],
    limits: Mapping[str, Any],
    *,
    campaigns_total: int,
) -> dict[str, Any]:
    """Describe a token to its bearer, with the limits that it may meet.

    Of very many campaigns `views` are the first; `campaigns_total` counts them all.
    """
    only = views[0] if grant.campaign_id is not None and views else None
    return {
        "token": {
            "id": held.public_id,
            "name": held.name,
            "kind": "account" if grant.campaign_id is None else "campaign",
            "rights": ["read", "write"] if grant.may_write else ["read"],
            "created_at": show(held.created_at),
            "expires_at": show(held.expires_at) if held.expires_at else None,
            "addresses": list(held.addresses),
        },
        "account": {"slug": account.slug, "name": account.name},
        "campaigns": [campaign(view) for view in views],
        "campaigns_total": campaigns_total,
        "filter": _filter(grant, only) if only else None,
        "fields": _fields(grant, only) if only else None,
        "masked_fields": masked(only) if only else None,
        "limits": limits,
    }


def campaign(view: Campaign) -> dict[str, Any]:
    """Describe a campaign in a list."""
    return {
        "id": view.id,
        "name": view.name,
        "slug": view.slug,
        "country": view.country,
        "schema_version": schema.version(view),
    }


def masked(view: Campaign) -> list[str]:
    """Name the fields of which a mask is shown in place of every value."""
    return [field.slug for field in view.fields if field.mask]


def _filter(grant: Grant, view: Campaign) -> dict[str, str] | None:
    if not grant.forced:
        return None
    # Conditions on fields that the token does not see are not named here.
    return {
        "query": wording.as_query(view, grant.forced),
        "words": wording.in_words(view, grant.forced),
    }


def _fields(grant: Grant, view: Campaign) -> list[str] | None:
    if grant.readable is None:
        return None
    attributes = [a.value for a in Attribute if a in view.attributes]
    return [field.slug for field in view.fields] + attributes
