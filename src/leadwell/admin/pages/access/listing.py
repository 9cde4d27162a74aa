"""The tokens of a campaign, or of the account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from leadwell.admin import comparing
from leadwell.admin.pages.access.place import Place, now
from leadwell.admin.visit import Visit
from leadwell.model.campaign import Attribute
from leadwell.model.token import Token
from leadwell.schema import wording
from leadwell.store import filters, links
from leadwell.store.access import health, rights
from leadwell.store.access.health import Note, Noted
from leadwell.store.connection import Connection

STATES = {"open": 0, "exposed in a URL": 0, "expired": 1, "revoked": 2}
"""Those that work stand first."""


@dataclass(frozen=True, slots=True)
class Row:
    """A token in the list, and on its own page."""

    token: Token
    state: str
    words: str
    """Which leads it sees, for people; empty: all."""
    query: str
    filter_name: str
    fields: tuple[str, ...] | None
    """The labels of what it sees of a lead; `None`: everything."""
    masked: tuple[str, ...]
    """The labels of what it sees a mask of."""
    links: int
    notes: Mapping[Note, Noted]

    @property
    def agent(self) -> str:
        """What program used it last."""
        noted = self.notes.get(Note.AGENT)
        return noted.text if noted else ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The tab."""

    async def show(self, visit: Visit) -> Response:
        """Show the tokens."""
        content = await visit.read(lambda c: _content(c, visit))
        return visit.page("access/list.html", content)


def _content(connection: Connection, visit: Visit) -> dict[str, Any]:
    place, moment = Place.of(visit, connection), now(visit)
    found = rows(visit, connection, place, place.tokens(connection), moment)
    ordered = sorted(found, key=lambda row: STATES[row.state])
    return {**place.around(visit), "rows": ordered}


def rows(
    visit: Visit,
    connection: Connection,
    place: Place,
    found: list[Token],
    moment: datetime,
) -> list[Row]:
    """Describe tokens."""
    noted = health.notes(connection, found)
    return [_row(visit, connection, place, each, moment, noted) for each in found]


def _row(
    visit: Visit,
    connection: Connection,
    place: Place,
    token: Token,
    moment: datetime,
    noted: Mapping[str, Mapping[Note, Noted]],
) -> Row:
    words = query = name = ""
    fields: tuple[str, ...] | None = None
    campaign = place.campaign
    if campaign is not None and token.filter_id is not None:
        kept = filters.find(connection, campaign, token.filter_id)
        words = comparing.in_words(visit.said, campaign, kept.conditions)
        query, name = wording.as_query(campaign, kept.conditions), kept.name or ""
    if campaign is not None and token.readable is not None:
        known = [f.label for f in campaign.fields if f.id in token.readable]
        own = [named(visit, each) for each in Attribute if each in token.readable]
        fields = (*known, *own)
    masked: tuple[str, ...] = ()
    if campaign is not None and token.is_masked:
        masked = tuple(f.label for f in campaign.fields if f.is_personal)
    is_open = token.is_open(moment)
    shared = links.find_followers(connection, token, moment) if is_open else ()
    return Row(
        token,
        rights.state_of(token, moment),
        words,
        query,
        name,
        fields,
        masked,
        len(shared),
        noted[token.public_id],
    )


def named(visit: Visit, attribute: Attribute) -> str:
    """Name what every lead has besides its fields."""
    said = visit.said
    return {
        Attribute.STATUS: said("Status"),
        Attribute.ASSIGNED_PERSON: said("Assigned to"),
        Attribute.EXTERNAL_ID: said("External id"),
    }[attribute]
