"""Sign in, sign out, and choose a password on a link that works once."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from leadwell.admin import passwords, rendering, sessions
from leadwell.admin.rendering import HEADERS, below
from leadwell.admin.signing.trying import Tries
from leadwell.admin.visit import FIELDS_MAX, NOTICE, Visit, form_of, language_of
from leadwell.admin.words import clocks
from leadwell.api.entrance import problems
from leadwell.api.entrance.metrics import note_refusal
from leadwell.api.hub import Hub
from leadwell.errors import LeadwellError, LinkEnded, MalformedValue, Unavailable
from leadwell.errors.limits import Overloaded, RateLimited
from leadwell.model.account import Account
from leadwell.model.grant import PERSON
from leadwell.model.keyring import first_of
from leadwell.model.link import looks_like_secret
from leadwell.model.slug import slug_of
from leadwell.model.user import (
    EMAIL_CHARACTERS_MAX,
    Role,
    User,
    check_password,
    email_of,
)
from leadwell.store import accounts
from leadwell.store.audit.chain import HUB, Chain, Entry, Kind, append
from leadwell.store.audit.uses import NOBODY, Asked, Key
from leadwell.store.connection import Connection
from leadwell.store.people import activity, users
from leadwell.store.people.activity import What

HOME = "/campaigns"
SETUP = "/setup"
"""Where a password is chosen: the secret of a link follows."""
NAME_CHARACTERS_MAX = 200
OWN_FIELDS_MAX = 10
"""Fields of the forms here, beside what was typed before."""
_OURS = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
"""A path of this hub: what begins with two slashes is another host to browsers."""
_UNKEPT = frozenset(("_word", "old", "new"))
"""What is not shown when it shall be sent again: passwords, and an ended word."""
_TYPED = "typed."
"""What begins the name of a field that was typed before somebody had to sign in."""


@dataclass(frozen=True, slots=True)
class Signing:
    """The pages that are shown to who is not signed in."""

    hub: Hub
    tries: Tries

    async def show(self, request: Request) -> Response:
        """Show where one signs in."""
        return _login(self.hub, request, {"next": _next(request.query_params)})

    async def enter(self, request: Request) -> Response:
        """Sign somebody in, who gets a session that nobody had before."""
        form = await form_of(request, FIELDS_MAX + OWN_FIELDS_MAX)
        email, password = (
            _text(form, "email").strip().casefold(),
            _text(form, "password"),
        )
        content = {"next": _next(form), "email": email, **_waiting(form)}
        try:
            user, wait_s = await self.tries.tried(request, email, password)
        except (RateLimited, Overloaded) as error:
            note_refusal(error)
            status = problems.STATUS_OF[error.kind]
            return _login(self.hub, request, content | {"error": error}, status)
        if user is None:
            self._note_failure(request, email)
            content |= {"wait_s": wait_s, "failed": True}
            return _login(self.hub, request, content, 401)
        secret = sessions.new_secret()
        answer = self._onward(request, form, user, self.hub.keys.digest(secret))
        old, zone = sessions.digests_of(self.hub, request), _text(form, "zone")
        return await self.begun(answer, user.email, secret, old, zone)

    async def leave(self, visit: Visit) -> Response:
        """Sign somebody out."""
        await visit.end(lambda c: users.end_session(c, visit.key))
        answer = visit.go("/login")
        sessions.drop(self.hub, answer)
        return answer

    async def invited(self, request: Request) -> Response:
        """Show where a password is chosen for the first time, or anew."""
        email, found = await self._invitation(request)
        return _invitation_page(self.hub, request, email, found, {})

    async def accept(self, request: Request) -> Response:
        """Keep the password that was chosen, and sign its owner in."""
        email, found = await self._invitation(request)
        form = await form_of(request, OWN_FIELDS_MAX)
        given = {k: _text(form, k).strip() for k in ("account", "name", "email")}
        password = _text(form, "password")
        try:
            address = email_of(email or given["email"])
            check_password(password, address)
            if not email:
                asked = ("name",) if found else ("name", "account")
                _check_names(*(given[each] for each in asked))
            hashed = await passwords.hashed(password)
            job = _Accepting(
                self._digests(request), email, address, given, hashed, self.hub.moment
            )
            await asyncio.wrap_future(self.hub.database.write(job))
        except Unavailable:
            raise
        except LeadwellError as error:
            content = {"error": error, **given}
            return _invitation_page(self.hub, request, email, found, content, 422)
        answer = RedirectResponse(below(self.hub.public_url, HOME), 303, dict(HEADERS))
        secret, zone = sessions.new_secret(), _text(form, "zone")
        return await self.begun(answer, address, secret, (), zone)

    def _note_failure(self, request: Request, email: str) -> None:
        """Have the audit log tell that somebody was not let in, and from where."""
        client = request.scope.get("client")
        address, typed = client[0] if client else "", email[:EMAIL_CHARACTERS_MAX]
        key = Key(NOBODY, HUB, Kind.SIGN_IN, "failed")
        asked = Asked(self.hub.moment, address, typed=typed)
        self.hub.uses.note(key, asked)

    async def begun(
        self,
        answer: Response,
        email: str,
        secret: str,
        old: tuple[bytes, ...],
        zone: str = "",
    ) -> Response:
        """Begin a session with this secret, and end an old one.

        Who has no time zone yet is given the one that their browser names.
        """
        key, now = self.hub.keys.digest(secret), self.hub.moment

        def job(connection: Connection) -> None:
            for each in old:
                users.end_session(connection, each)
            users.add_session(connection, key, email, now)
            if zone in clocks.zone_names():
                users.guess_time_zone(connection, email, zone)

        await asyncio.wrap_future(self.hub.database.write(job))
        sessions.keep(self.hub, answer, secret)
        return answer

    def _onward(
        self, request: Request, form: FormData, user: User, key: bytes
    ) -> Response:
        wanted, typed = _next(form), _waiting(form)
        if not typed["typed"]:
            return RedirectResponse(
                below(self.hub.public_url, wanted), 303, dict(HEADERS)
            )
        # What was typed is sent again by the user: the form's word is another one now.
        said = language_of(request, user.language)
        content = {"next": wanted, "word": sessions.word(self.hub, key), **typed}
        return rendering.page("again.html", said, self.hub.public_url, content)

    def _digests(self, request: Request) -> tuple[bytes, ...]:
        return self.hub.keys.digests(request.path_params["secret"])

    async def _invitation(self, request: Request) -> tuple[str, Account | None]:
        """Return whose link it is, and the account that there is already.

        Raises:
            LinkEnded: it was used, or is too old, or there never was one.
        """
        now, digests = self.hub.moment, self._digests(request)

        def job(connection: Connection) -> tuple[str | None, Account | None]:
            email = _invited(connection, digests, now)
            held = accounts.find_all(connection)
            return email, held[0] if held else None

        is_one = looks_like_secret(request.path_params["secret"])
        email, account = await self.hub.read(job) if is_one else (None, None)
        if email is None:
            raise LinkEnded(
                "this link was used already, or is too old",
                hint="who operates the hub makes a new one: leadwell admin invite",
            )
        return email, account


def _check_names(*names: str) -> None:
    if not all(names):
        raise MalformedValue("a name is missing", hint="fill in all fields")
    if max(map(len, names)) > NAME_CHARACTERS_MAX:
        raise MalformedValue(
            f"a name has more than {NAME_CHARACTERS_MAX} characters",
            hint="write a shorter one",
        )


def _invited(
    connection: Connection, digests: tuple[bytes, ...], now: int
) -> str | None:
    return first_of(digests, lambda each: users.invited(connection, each, now))


@dataclass(frozen=True, slots=True)
class _Accepting:
    """The transaction in which a link is used up."""

    digests: tuple[bytes, ...]
    invited: str
    email: str
    given: Mapping[str, str]
    password: str
    now: int

    def __call__(self, connection: Connection) -> None:
        # Twice at once: the second one finds no link any more.
        if _invited(connection, self.digests, self.now) is None:
            raise LinkEnded("this link was used already", hint="sign in instead")
        if self.invited:
            users.set_password(connection, self.invited, self.password, self.now)
            return
        held = accounts.find_all(connection)
        account = held[0] if held else self._account(connection)
        person = accounts.add_person(connection, account, self.given["name"])
        user = User(account.id, person.id, person.name, self.email, Role.ADMINISTRATOR)
        users.add(connection, user, self.password, self.now)
        users.drop_invitations(connection, "")
        actor = f"{PERSON}{person.id}"
        entry = Entry(Kind.ACTION, "first-administrator", actor)
        append(connection, Chain(0, account.id), self.now, [entry])

    def _account(self, connection: Connection) -> Account:
        name = self.given["account"]
        made = accounts.add(connection, slug_of(name) or "account", name, self.now)
        who = self.given["name"]
        activity.note(connection, made, What.ACCOUNT_MADE, name, who=who, at=self.now)
        return made


def ask_again(hub: Hub, request: Request, form: FormData) -> Response:
    """Have somebody sign in whose session has ended, and keep what they typed."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    typed = [
        (k, v) for k, v in form.multi_items() if isinstance(v, str) and k not in _UNKEPT
    ]
    has_file = any(not isinstance(value, str) for value in form.values())
    content = {
        "next": path if typed else _sent_from(hub, request),
        "typed": typed,
        "has_ended": True,
        "has_file": has_file,
    }
    return _login(hub, request, content, 401)


def _login(
    hub: Hub, request: Request, content: Mapping[str, Any], status: int = 200
) -> Response:
    given: dict[str, Any] = {"email": "", "wait_s": 0, "failed": False, "typed": []}
    given |= {"has_ended": False, "has_file": False, "error": None, **content}
    said = language_of(request)
    answer = rendering.page("login.html", said, hub.public_url, given, status)
    # Where htmx has asked for a part of a page, the whole of it makes room for this.
    answer.headers.update({"HX-Retarget": "body", "HX-Reswap": "innerHTML"})
    if given["error"]:
        answer.headers.update(problems.retry_after(given["error"]))
    return answer


def _invitation_page(
    hub: Hub,
    request: Request,
    email: str,
    account: Account | None,
    content: Mapping[str, Any],
    status: int = 200,
) -> Response:
    given = {"error": None, "account": "", "name": "", **content}
    given |= {"invited": email, "known_account": account}
    given["email"] = email or content.get("email", "")
    said = language_of(request)
    return rendering.page("setup.html", said, hub.public_url, given, status)


def _next(given: Mapping[str, Any]) -> str:
    """Return where to go on; never to another host."""
    wanted = given.get("next", "")
    return wanted if isinstance(wanted, str) and _OURS.fullmatch(wanted) else HOME


def _sent_from(hub: Hub, request: Request) -> str:
    """Return the page with the form, with a notice that what it asks for is not done.

    A form of which nothing is kept cannot be sent again, and its path may be no page.
    """
    page = urlsplit(request.headers.get("referer", ""))
    base = urlsplit(hub.public_url)
    is_ours = page.netloc == base.netloc and page.path.startswith(base.path)
    path = page.path.removeprefix(base.path) if is_ours else ""
    path = path if _OURS.fullmatch(path) else HOME
    shown = [part for part in page.query.split("&") if is_ours and path != HOME]
    kept = [part for part in shown if part and not part.startswith(f"{NOTICE}=")]
    return f"{path}?{'&'.join([*kept, f'{NOTICE}=not-done'])}"


def _waiting(form: FormData) -> dict[str, Any]:
    typed = [
        (name.removeprefix(_TYPED), value)
        for name, value in form.multi_items()
        if name.startswith(_TYPED) and isinstance(value, str)
    ]
    return {"typed": typed}


def _text(form: FormData, name: str) -> str:
    given = form.get(name, "")
    return given if isinstance(given, str) else ""
