"""The page of one token: what it may do, how its reader fares, and its end."""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from leadwell.admin import comparing
from leadwell.admin.pages.access import once
from leadwell.admin.pages.access.listing import rows
from leadwell.admin.pages.access.place import Place, now
from leadwell.admin.pages.access.typed import SPANS
from leadwell.admin.visit import Visit
from leadwell.api.links import is_for_this_machine, link_url
from leadwell.errors import LeadwellError, MalformedValue, NotFound
from leadwell.model.digest import Digest
from leadwell.model.link import Link, LinkKind
from leadwell.model.token import (
    PUBLIC_BYTES,
    Token,
    public_id_of,
    short_id,
)
from leadwell.schema import querystring
from leadwell.store import accounts, campaigns, links, tokens
from leadwell.store.access import health, making, rights, why
from leadwell.store.access.health import Failure, Note, Noted
from leadwell.store.connection import Connection
from leadwell.store.people.activity import What
from leadwell.store.writes import scopes

OVERLAPS = ("0h", "1h", "24h", "7d")
_LEAD = re.compile("[1-9][0-9]{0,14}")


@dataclass(frozen=True, slots=True)
class Compared:
    """The digest that a reader was told last, beside that of now."""

    noted: Noted
    count: int
    is_same: bool
    """Whether what the token sees is still what the reader was told."""


@dataclass(frozen=True, slots=True)
class One:
    """The page, and what its forms do."""

    async def show(self, visit: Visit) -> Response:
        """Show the token."""
        content = await visit.read(lambda c: content_of(c, visit))
        return visit.page("access/token.html", content)

    async def rotate(self, visit: Visit) -> Response:
        """Make a token that follows this one, and let this one end after an overlap."""
        text = making.new_text(once.number_in(visit))
        await visit.read(lambda c: found(c, visit))
        try:
            place, made, old = await visit.write(lambda c: _rotated(c, visit, text))
        except LeadwellError as error:
            return await self._refused(visit, "rotate", error)
        if old is None:
            return visit.go(place.path_of(made), "made-before")
        return await once.shown(visit, place, made, text, old=old)

    async def revoke(self, visit: Visit) -> Response:
        """End the token at once, and for ever."""

        def job(connection: Connection) -> str:
            place, token = found(connection, visit)
            making.revoke(connection, token.public_id, now(visit))
            about = token.name, token.public_id
            visit.note(connection, place.campaign, What.TOKEN_REVOKED, *about)
            return place.path_of(token)

        return visit.go(await visit.write(job), "revoked")

    async def share(self, visit: Visit) -> Response:
        """Make a link, whose address is shown this once."""
        kind = LinkKind.CSV if visit.text("kind") == "csv" else LinkKind.DOCUMENTATION
        secret, link_id = making.new_secret(), _link_id(visit, kind)

        def job(connection: Connection) -> dict[str, Any] | str:
            _hold(connection, visit)
            place, token = found(connection, visit)
            own = links.find_of(connection, token.lineage)
            if any(each.public_id == link_id for each in own):
                return place.path_of(token)
            end = token.expires_at
            made = making.new_link(connection, token.public_id, kind, now(visit), end)
            made = replace(made, public_id=link_id)
            making.add_link(connection, made, secret, visit.hub.keys)
            about = token.name, link_id
            visit.note(connection, place.campaign, What.LINK_MADE, *about)
            return {**place.around(visit), "token": token, "kind": kind.value}

        try:
            content = await visit.write(job)
        except LeadwellError as error:
            return await self._refused(visit, "links", error)
        if isinstance(content, str):
            return visit.go(content, "link-made-before")
        url = link_url(visit.hub.public_url, kind, secret)
        is_local = is_for_this_machine(urlsplit(url).hostname or "")
        content |= {"link": url, "is_local": is_local}
        return visit.page("access/link.html", content)

    async def end_link(self, visit: Visit) -> Response:
        """End a link at once."""

        def job(connection: Connection) -> str:
            place, token = found(connection, visit)
            link_id = visit.request.path_params["link_id"]
            own = links.find_of(connection, token.lineage)
            if all(each.public_id != link_id for each in own):
                raise NotFound(f"there is no link {link_id[:20]!r} of this token")
            links.revoke(connection, link_id, visit.hub.moment)
            about = token.name, link_id
            visit.note(connection, place.campaign, What.LINK_REVOKED, *about)
            return place.path_of(token)

        return visit.go(await visit.write(job), "revoked")

    async def _refused(self, visit: Visit, part: str, error: LeadwellError) -> Response:
        content = await visit.read(lambda c: content_of(c, visit))
        content |= {"error": error, "error_at": part}
        return visit.page("access/token.html", content, 422)


def found(connection: Connection, visit: Visit) -> tuple[Place, Token]:
    """Return the token that the path names, and where it stands.

    Raises:
        NotFound: there is none there, or it is somebody else's.
    """
    place = Place.of(visit, connection)
    return place, place.token(connection, visit.request.path_params["token_id"])


def content_of(connection: Connection, visit: Visit) -> dict[str, Any]:
    """Return what the page shows."""
    place, token = found(connection, visit)
    moment = now(visit)
    (row,) = rows(visit, connection, place, [token], moment)
    lineage = tokens.find_lineage(connection, token.lineage)
    failure = row.notes.get(Note.ERROR)
    renamed = row.notes.get(Note.RENAMED)
    return {
        **place.around(visit),
        "row": row,
        "token": token,
        "is_open": token.is_open(moment),
        "is_newest": lineage[0].public_id == token.public_id,
        "others": [each for each in lineage if each.public_id != token.public_id],
        "links": _links(connection, lineage[0], moment),
        "failure": failure and (failure, Failure.read(failure.text)),
        "renamed": renamed and (renamed, querystring.decode(renamed.text.encode())),
        **_health(connection, place, token, row.notes.get(Note.DIGEST)),
        **_why(connection, visit, place, token),
        "once": once.new_number(),
        "overlaps": OVERLAPS,
        "spans": SPANS,
        "error": None,
        "error_at": "",
    }


def _link_id(visit: Visit, kind: LinkKind) -> str:
    """Return the id of the link that a form makes, however often it is sent."""
    number = hashlib.sha256(once.number_in(visit) + kind.value.encode()).digest()
    return short_id(number[:PUBLIC_BYTES])


def _hold(connection: Connection, visit: Visit) -> None:
    if not Place.is_of_account(visit):
        campaigns.hold(connection, visit.campaign_id)
    else:
        accounts.hold(connection, visit.user.account_id)


def _links(
    connection: Connection, newest: Token, moment: datetime
) -> list[tuple[Link, str]]:
    found = links.find_of(connection, newest.lineage)
    return [(each, making.link_state(each, newest, moment)) for each in found]


def _health(
    connection: Connection, place: Place, token: Token, told: Noted | None
) -> dict[str, Any]:
    if place.campaign is None:
        return {"following": None, "compared": None}
    scope_id = token.filter_id or 0
    reader = (place.campaign.id, token.lineage, scope_id)
    held = scopes.digest(connection, place.campaign.id, scope_id)
    return {
        "following": health.following(connection, *reader),
        "waiting_max": health.WAITING_MAX,
        "compared": told and _compared(told, held),
    }


def _compared(told: Noted, held: Digest) -> Compared:
    count, _, text = told.text.partition(" ")
    return Compared(told, int(count), text == held.text)


def _why(
    connection: Connection, visit: Visit, place: Place, token: Token
) -> dict[str, Any]:
    asked = visit.request.query_params.get("lead", "").strip()
    content: dict[str, Any] = {"lead": asked[:20], "reason": None, "lead_wrong": False}
    if not asked or place.campaign is None:
        return content
    if not _LEAD.fullmatch(asked):
        return content | {"lead_wrong": True}
    campaign = place.campaign
    reason = why.find(connection, campaign, token, int(asked), now(visit))
    tests = [
        (comparing.in_words(visit.said, campaign, [each.condition]), each)
        for each in reason.tests
    ]
    return content | {"reason": reason, "tests": tests}


def _rotated(
    connection: Connection, visit: Visit, text: str
) -> tuple[Place, Token, Token | None]:
    tokens.hold(connection, visit.request.path_params["token_id"])
    place, token = found(connection, visit)
    own = public_id_of(text)
    if any(each.public_id == own for each in place.tokens(connection)):
        return place, place.token(connection, own), None
    moment, overlap = now(visit), visit.text("overlap")
    ends, expires = visit.text("ends"), None
    if overlap not in OVERLAPS or ends not in {*SPANS, "never"}:
        raise MalformedValue("the form is not complete", hint="choose from the lists")
    if ends != "never":
        expires = moment + timedelta(days=int(ends))
    until = moment + rights.overlap_of(overlap)
    rotation = making.Rotation(text, visit.hub.keys, moment, until, expires)
    made, old = rotation.carry_out(connection, token.public_id)
    about = token.name, made.public_id
    visit.note(connection, place.campaign, What.TOKEN_ROTATED, *about)
    return place, made, old
