"""A new token, in one form: whose, what it may do, which leads, and for how long."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from leadwell.admin.pages.access import once
from leadwell.admin.pages.access.listing import named
from leadwell.admin.pages.access.place import Place, now
from leadwell.admin.pages.access.typed import SPANS, Typed
from leadwell.admin.visit import Visit
from leadwell.errors import LeadwellError
from leadwell.model.campaign import Attribute
from leadwell.model.link import LinkKind
from leadwell.model.query import Condition, Question
from leadwell.model.token import Token, public_id_of
from leadwell.schema.times import microseconds
from leadwell.store import accounts, campaigns, filters, pages
from leadwell.store.access import making
from leadwell.store.connection import Connection
from leadwell.store.people.activity import What


@dataclass(frozen=True, slots=True)
class Made:
    """What a form has made, or why it has not."""

    place: Place
    typed: Typed
    token: Token | None = None
    is_again: bool = False
    """Whether the same form has made it before."""


@dataclass(frozen=True, slots=True)
class Wizard:
    """The page."""

    async def show(self, visit: Visit) -> Response:
        """Show the form."""
        content = await visit.read(lambda c: self._first(c, visit))
        return visit.page("access/new.html", content)

    async def make(self, visit: Visit) -> Response:
        """Make a token and its link, or show the form again in its new shape."""
        if not visit.text("make"):
            content = await visit.read(lambda c: self._again(c, visit))
            return visit.page("access/new.html", content)
        # Before anything waits for it: whether it is there for this user at all.
        await visit.read(lambda c: Place.of(visit, c))
        text, link = making.new_text(once.number_in(visit)), making.new_secret()
        try:
            made = await visit.write(lambda c: _made(c, visit, text, link))
        except LeadwellError as error:
            refusal = visit.said.refusal(error.detail)
            content = await visit.read(lambda c: self._again(c, visit, refusal))
            return visit.page("access/new.html", content, 422)
        if made.token is None:
            typed, place = made.typed, made.place
            content = await visit.read(lambda c: form(c, visit, place, typed))
            return visit.page("access/new.html", content, 422)
        if made.is_again:
            return visit.go(made.place.path_of(made.token), "made-before")
        return await once.shown(visit, made.place, made.token, text, link)

    def _first(self, connection: Connection, visit: Visit) -> dict[str, Any]:
        place = Place.of(visit, connection)
        return form(connection, visit, place, Typed.first(visit, place))

    def _again(
        self, connection: Connection, visit: Visit, refusal: str = ""
    ) -> dict[str, Any]:
        place = Place.of(visit, connection)
        typed = Typed.read(visit, place)
        typed = typed.refused("fields", refusal) if refusal else typed
        return form(connection, visit, place, typed)


def form(
    connection: Connection, visit: Visit, place: Place, typed: Typed
) -> dict[str, Any]:
    """Return what the form of a token's rights needs, and how many leads it sees."""
    content: dict[str, Any] = {
        **place.around(visit),
        "typed": typed,
        "spans": SPANS,
        "once": visit.text("once") or once.new_number(),
        "built_at": f"{place.path}/new",
    }
    campaign = place.campaign
    if campaign is None:
        return content
    typed, conditions = typed.conditions(visit, connection, place, is_final=False)
    has_some = typed.which == "all" or bool(conditions)
    return content | {
        "typed": typed,
        "built": typed.built,
        "masked": [f.label for f in campaign.fields if f.is_personal],
        "filters": filters.find_all(connection, campaign),
        "choices": [
            *((str(f.id), f.label) for f in campaign.fields),
            *((a.value, named(visit, a)) for a in Attribute),
        ],
        "seen": total(connection, visit, place, conditions) if has_some else None,
        "all": total(connection, visit, place, ()),
    }


def total(
    connection: Connection,
    visit: Visit,
    place: Place,
    conditions: tuple[Condition, ...],
) -> int:
    """Count the leads of a campaign that match."""
    if place.campaign is None:
        return 0
    asked = Question(conditions=conditions, per_page=1)
    query = visit.user.grant(place.campaign).query(place.campaign, asked)
    found = pages.find(connection, visit.hub.indexes, place.campaign, query)
    return found.page.total


def _made(connection: Connection, visit: Visit, text: str, link: str) -> Made:
    if not Place.is_of_account(visit):
        campaigns.hold(connection, visit.campaign_id)
    else:
        accounts.hold(connection, visit.user.account_id)
    place, moment, hub = Place.of(visit, connection), now(visit), visit.hub
    typed = Typed.read(visit, place)
    own = public_id_of(text)
    if any(each.public_id == own for each in place.tokens(connection)):
        return Made(place, typed, place.token(connection, own), is_again=True)
    typed, conditions = typed.conditions(visit, connection, place, is_final=True)
    typed, token = typed.checked(visit, moment, _blank(place, visit))
    if typed.problems:
        return Made(place, typed)
    if place.campaign is not None:
        now_us = microseconds(moment)
        token = typed.narrowed(connection, place.campaign, token, conditions, now_us)
    token = making.add(connection, token, text, hub.keys)
    shared = making.new_link(
        connection, token.public_id, LinkKind.DOCUMENTATION, moment, token.expires_at
    )
    making.add_link(connection, shared, link, hub.keys)
    about = token.name, token.public_id
    visit.note(connection, place.campaign, What.TOKEN_MADE, *about)
    return Made(place, typed, token)


def _blank(place: Place, visit: Visit) -> Token:
    return Token(
        public_id="",
        lineage="",
        name="",
        account_id=place.account_id,
        campaign_id=place.campaign.id if place.campaign else None,
        may_write=False,
        filter_id=None,
        readable=None,
        created_at=now(visit),
    )
