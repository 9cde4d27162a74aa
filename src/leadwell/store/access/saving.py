"""A saved filter and the tokens that have it: what an edit of it means for them."""

from dataclasses import dataclass

from leadwell.model.campaign import Campaign
from leadwell.model.query import Condition
from leadwell.model.token import Token
from leadwell.store import filters, tokens
from leadwell.store.access.rights import check_writable
from leadwell.store.connection import Connection
from leadwell.store.filters import Filter


@dataclass(frozen=True, slots=True)
class Effect:
    """What an edit of a filter means."""

    enter: int
    """Leads that its tokens see from then on."""
    leave: int
    """Leads that they see no longer."""
    tokens: tuple[str, ...]
    """Names of the open tokens that have the filter."""

    @property
    def is_felt(self) -> bool:
        """Whether any token sees other leads."""
        return bool(self.tokens and (self.enter or self.leave))


def bearers(connection: Connection, campaign: Campaign) -> dict[int, list[Token]]:
    """Return the campaign's open tokens by the filter that they have."""
    found: dict[int, list[Token]] = {}
    for token in tokens.find_all(connection, campaign.account_id, campaign.id):
        if token.filter_id is not None and token.revoked_at is None:
            found.setdefault(token.filter_id, []).append(token)
    return found


def effect(
    connection: Connection,
    campaign: Campaign,
    known: Filter | None,
    asked: tuple[Condition, ...],
) -> Effect:
    """Count what an edit means; `None`: the filter is new, and nobody has it."""
    before = None if known is None else known.conditions
    enter, leave = filters.effect(connection, campaign, before, asked)
    held = bearers(connection, campaign).get(known.id, []) if known else []
    return Effect(enter, leave, tuple(token.name for token in held))


def save(
    connection: Connection,
    campaign: Campaign,
    name: str,
    asked: tuple[Condition, ...],
    now: int,
) -> Filter:
    """Save conditions under a name; its tokens obey them from their next request.

    Raises:
        Refused: a token that writes hides a field that they ask for.
    """
    kept = filters.keep(connection, campaign, name, asked, now)
    for token in bearers(connection, campaign).get(kept.id, []):
        check_writable(connection, campaign, token)
    return kept
