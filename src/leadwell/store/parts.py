"""What a change of a field, option or status would mean, before it is made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leadwell.model.campaign import Campaign
from leadwell.model.grant import Grant
from leadwell.model.query import Condition, Question
from leadwell.model.token import Token
from leadwell.schema import saved
from leadwell.schema.parts import Kind, Part
from leadwell.store import leads, tokens
from leadwell.store.connection import Connection
from leadwell.store.writes import scopes


@dataclass(frozen=True, slots=True)
class Uses:
    """What names a part: filters that are in force, and tokens."""

    filters: tuple[str, ...]
    """Names of saved filters."""
    filtering: tuple[str, ...]
    """Names of tokens whose filter names it; those of saved filters too."""
    reading: tuple[str, ...] = ()
    """Names of tokens whose list of readable fields names it."""
    masking: tuple[str, ...] = ()
    """Names of tokens that see a mask of it, once it is personal."""

    def __bool__(self) -> bool:
        """Whether anything names the part."""
        return bool(self.filters or self.filtering or self.reading)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The names of all tokens that name it."""
        return tuple(dict.fromkeys((*self.filtering, *self.reading)))


@dataclass(frozen=True, slots=True)
class Consequences:
    """What an edit means for leads and readers."""

    revised: int
    """Leads that get a new revision, which every reader is told of."""
    rendered: int
    """Leads whose answer is rendered anew, when it is read next."""
    uses: Uses

    @property
    def is_felt(self) -> bool:
        """Whether readers are told of it, or anything names the part."""
        return bool(self.revised or self.uses)


def uses(connection: Connection, campaign: Campaign, part: Part) -> Uses:
    """Find the filters and open tokens that name a part."""
    return uses_of_all(connection, campaign, (part,))[part.id]


def uses_of_all(
    connection: Connection, campaign: Campaign, parts: Iterable[Part]
) -> dict[int, Uses]:
    """Find what names each of these parts, by its id."""
    rows = connection.rows(
        """
        SELECT id, name, conditions FROM filter
         WHERE campaign_id = :campaign_id AND closed = 0
         ORDER BY name
        """,
        {"campaign_id": campaign.id},
    )
    kept = [(row[0], row[1], saved.loaded(campaign, row[2])) for row in rows]
    held = [
        token
        for token in tokens.find_all(connection, campaign.account_id, campaign.id)
        if token.revoked_at is None
    ]
    return {part.id: _uses(part, kept, held) for part in parts}


def _uses(
    part: Part,
    kept: Sequence[tuple[int, str | None, tuple[Condition, ...]]],
    held: Sequence[Token],
) -> Uses:
    naming = {
        filter_id: name
        for filter_id, name, conditions in kept
        if any(part.is_named_by(each) for each in conditions)
    }
    return Uses(
        filters=tuple(name for name in naming.values() if name is not None),
        filtering=tuple(each.name for each in held if each.filter_id in naming),
        reading=tuple(
            each.name for each in held if each.readable and part.ref in each.readable
        )
        if part.kind is Kind.FIELD
        else (),
    )


def consequences(
    connection: Connection, campaign: Campaign, part: Part, *, revises: bool
) -> Consequences:
    """Count what an edit of this part would touch.

    `revises`: the slug changes, or the part goes.
    """
    every = total(connection, campaign)
    holders = every
    if part.kind is not Kind.FIELD:
        asked = Question(conditions=(Condition(part.ref, "", (part.id,)),), per_page=1)
        query = Grant.of_operator(campaign).query(campaign, asked)
        holders = leads.find_page(connection, campaign, query).total if revises else 0
    return Consequences(
        revised=holders if revises else 0,
        rendered=every,
        uses=uses(connection, campaign, part),
    )


def total(connection: Connection, campaign: Campaign) -> int:
    """Return how many leads the campaign has."""
    return scopes.digest(connection, campaign.id, scopes.WHOLE).count
