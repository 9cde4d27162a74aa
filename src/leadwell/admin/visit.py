"""One request of somebody who is signed in."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from leadwell.admin import rendering, sessions
from leadwell.admin.rendering import HEADERS
from leadwell.admin.words import Words, preferred, words
from leadwell.api.hub import Hub
from leadwell.errors import (
    CampaignNotFound,
    MalformedRequest,
    MalformedValue,
    NotAuthenticated,
)
from leadwell.model.campaign import Campaign
from leadwell.model.grant import PERSON
from leadwell.model.user import User
from leadwell.store import accounts, campaigns
from leadwell.store.connection import Connection, T
from leadwell.store.people import activity, users
from leadwell.store.people.activity import Named, What

J = TypeVar("J")
UTF_8 = frozenset({"utf-8", "utf8"})
FIELDS_MAX = 5_000
"""How many fields a form may have: a lead of 500 fields, several times over."""
NOTICE = "_done"
"""The parameter that says which notice a page shows: what was just done."""


@dataclass(frozen=True)
class Visit:
    """Who asks, for what, and in which language they are answered."""

    hub: Hub
    request: Request
    user: User
    key: bytes
    """The digest of the session's secret."""
    form: FormData
    """What a form holds; empty for a page that is only shown."""

    @cached_property
    def said(self) -> Words:
        """The language of the answer, by the user's clock."""
        said = language_of(self.request, self.user.language)
        return said.by_clock(self.user.time_zone)

    @property
    def word(self) -> str:
        """What every form of this session has to hold."""
        return sessions.word(self.hub, self.key)

    @property
    def actor(self) -> str:
        """What the audit log calls the user."""
        return f"{PERSON}{self.user.person_id}"

    @property
    def named(self) -> Named:
        """The user, as what is done is noted."""
        return Named(self.user.name, self.actor)

    @property
    def campaign_id(self) -> int:
        """The campaign that the path names."""
        return int(self.request.path_params["campaign_id"])

    async def read(self, job: Callable[[Connection], J]) -> J:
        """Run a read in one transaction."""
        return await self.hub.read(job)

    async def write(self, job: Callable[[Connection], T]) -> T:
        """Run a job in a transaction of its own; it is durable when this returns.

        Raises:
            RightsEnded: the user was signed out meanwhile, or has lost rights. Nothing
                is written then.
        """
        return await asyncio.wrap_future(self.hub.database.write(self.allowed(job)))

    def allowed(self, job: Callable[[Connection], T]) -> Callable[[Connection], T]:
        """Return a job that is undone if its author may no longer do it at its end."""

        def checked(connection: Connection) -> T:
            done = job(connection)
            sessions.check_rights(connection, self.key, self.user)
            return done

        return checked

    def still(self, connection: Connection) -> User:
        """Return the user as they are now, for an answer that takes long.

        Raises:
            NotAuthenticated: they were signed out meanwhile.
        """
        session = users.find_session(connection, self.key)
        if session is None:
            raise NotAuthenticated("the session has ended", hint="sign in again")
        return session.user

    async def end(self, job: Callable[[Connection], None]) -> None:
        """Run a job that ends the user's own sessions."""
        await asyncio.wrap_future(self.hub.database.write(job))

    def campaign(self, connection: Connection) -> Campaign:
        """Return the campaign that the path names.

        Raises:
            CampaignNotFound: there is none, or the user may not open it.
        """
        found = campaigns.find(connection, self.campaign_id)
        return self.user.check_campaign(found, self.campaign_id)

    def held(self, connection: Connection) -> Campaign:
        """Return the same, and let nobody else change its schema before the commit.

        The first statement of a write.

        Raises:
            CampaignNotFound: there is none, or the user may not open it.
        """
        with suppress(CampaignNotFound):
            campaigns.hold(connection, self.campaign_id)
        return self.campaign(connection)

    def note(
        self,
        connection: Connection,
        of: Campaign | None,
        what: What,
        about: str = "",
        ref: object = "",
    ) -> None:
        """Note in this transaction what the user does besides changing leads.

        Without a campaign it is the account's own. `ref` is the id of what it is about,
        for the audit log.
        """
        owner = of or accounts.find_by_id(connection, self.user.account_id)
        named, at = Named(about, str(ref)), self.hub.moment
        activity.note(connection, owner, what, named, who=self.named, at=at)

    def text(self, name: str) -> str:
        """Return what a form has under a name, without spaces around it."""
        given = self.form.get(name, "")
        return given.strip() if isinstance(given, str) else ""

    def page(
        self, template: str, content: Mapping[str, Any], status: int = 200
    ) -> Response:
        """Write a page."""
        given = {
            "user": self.user,
            "word": self.word,
            "here": self.request.scope["path"],
            "notice": self.request.query_params.get(NOTICE, ""),
            **content,
        }
        return rendering.page(template, self.said, self.hub.public_url, given, status)

    def go(self, to: str, notice: str = "") -> Response:
        """Lead on to another page of the hub, with a notice of what was done."""
        path = rendering.below(self.hub.public_url, to)
        if notice:
            path += f"{'&' if '?' in path else '?'}{NOTICE}={notice}"
        return RedirectResponse(path, 303, dict(HEADERS))


def format_of(visit: Visit, name: str, known: Iterable[str], default: str) -> str:
    """Return the format that the address names for a file.

    Raises:
        MalformedValue: there is no such format.
    """
    wanted, formats = visit.request.query_params.get(name, default), tuple(known)
    if wanted not in formats:
        problem = visit.said("%(format)s is no format of this file", format=wanted[:40])
        hint = visit.said("write %(formats)s", formats=", ".join(formats))
        raise MalformedValue(problem, hint=hint, value=wanted, allowed=formats)
    return wanted


async def form_of(
    request: Request, fields_max: int = FIELDS_MAX, files_max: int = 0
) -> FormData:
    """Read the form that a browser sends.

    Raises:
        MalformedRequest: it is none, has too many fields, or a file too many, or is
            in another charset: browsers send ours back in UTF-8, and some of the codecs
            that Python knows fail where no text would.
    """
    _, parameters = parse_options_header(request.headers.get("content-type"))
    charset = parameters.get(b"charset", b"utf-8").decode("latin-1")
    if charset.casefold() not in UTF_8:
        raise MalformedRequest(
            f"the form is in {charset[:40]}", hint="send it in UTF-8"
        )
    try:
        return await request.form(max_fields=fields_max, max_files=files_max)
    except HTTPException as error:
        raise MalformedRequest(
            f"the form cannot be read: {error.detail}",
            hint=f"a form of this page has at most {fields_max:,} fields",
        ) from error


def language_of(request: Request, chosen: str = "") -> Words:
    """Return the language to answer a request in."""
    return words(preferred(chosen, request.headers.get("accept-language", "")))
