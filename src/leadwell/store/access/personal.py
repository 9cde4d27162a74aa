"""Which fields are personal, and for which tokens they are masked (ADR 0032)."""

from leadwell.model.campaign import Campaign
from leadwell.model.token import Token
from leadwell.schema.parts import Kind, Name, Part
from leadwell.store import accounts, campaigns, parts, tokens
from leadwell.store.connection import Connection
from leadwell.store.parts import Consequences, Uses
from leadwell.store.writes import chores, partrows
from leadwell.store.writes import parts as edits


def masking(connection: Connection, campaign: Campaign) -> list[Token]:
    """Return the tokens, those of the account too, that see masks in the campaign.

    One that has expired may be let live longer, and goes on with the copy that its
    reader has; a revoked one never works again.
    """
    return [
        token
        for token in tokens.find_all(connection, campaign.account_id)
        if token.campaign_id in {None, campaign.id}
        and token.is_masked
        and token.revoked_at is None
    ]


def consequences(
    connection: Connection, campaign: Campaign, part: Part, *, on: bool
) -> Consequences:
    """Count what it would touch if a field became personal (`on`), or no longer was."""
    is_other = campaign.field_by_id[part.id].is_personal != on
    every = parts.total(connection, campaign)
    blind = tuple(token.name for token in masking(connection, campaign))
    uses = parts.uses(connection, campaign, part)
    return Consequences(
        revised=every if blind and is_other else 0,
        rendered=every if is_other else 0,
        uses=Uses(uses.filters, uses.filtering, uses.reading, blind),
    )


def change(
    connection: Connection, campaign_id: int, slug: str, *, personal: bool
) -> None:
    """Say whether what a field holds tells who somebody is.

    Where a token masks such fields, every lead gets a new revision: whoever holds a
    copy by that token is told the lead anew, with the mask or without it.

    Raises:
        NotFound: there is no such field.
    """
    campaign = campaigns.hold(connection, campaign_id)
    # A token of the account may be given masks at the same moment.
    accounts.hold(connection, campaign.account_id)
    _, part = edits.found(campaign, Name(Kind.FIELD, slug))
    if campaign.field_by_id[part.id].is_personal == personal:
        return
    partrows.set_personal(connection, campaign_id, part, personal=personal)
    if masking(connection, campaign):
        chores.add(connection, campaign_id, chores.Kind.REVISE, part.id)
    edits.bump(connection, campaign_id)
