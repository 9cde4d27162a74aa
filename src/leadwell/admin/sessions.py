"""Who is signed in: a secret in a cookie, and that a form comes from our own page.

A form is believed if the browser says that it comes from here (`Sec-Fetch-Site`, or
`Origin` against `Host`), and if it holds a word that only the session's pages show.
"""

import asyncio
import hmac
import secrets
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from leadwell.api.hub import Hub
from leadwell.errors import OriginNotAllowed
from leadwell.model.keyring import first_of
from leadwell.model.link import looks_like_secret, secret_of
from leadwell.model.token import SECRET_BYTES
from leadwell.model.user import User
from leadwell.store.connection import Connection
from leadwell.store.people import users
from leadwell.store.people.users import Session

IDLE_US = 12 * 3_600 * 1_000_000
"""After so long without a request a session has ended."""
AGE_MAX_US = 30 * 24 * 3_600 * 1_000_000
NOTE_EVERY_US = 60_000_000
"""How often the last use is written."""
WORD_BYTES = 16
_SAFE_SITES = {"same-origin", "none"}


class RightsEnded(Exception):
    """Who is at work was signed out meanwhile, or has lost rights.

    It is none of the errors that a page shows in its form: that page may be theirs no
    more.
    """


def new_secret() -> str:
    """Return the secret of a session or an invitation: 256 random bits."""
    return secret_of(secrets.token_bytes(SECRET_BYTES))


def cookie_name(hub: Hub) -> str:
    """Name the cookie so that no other host or path can set it, where that works."""
    parts = urlsplit(hub.public_url)
    # RFC 6265bis §4.1.3.2: only over TLS, and for the whole host.
    is_strict = parts.scheme == "https" and not parts.path
    return "__Host-leadwell" if is_strict else "leadwell"


def digests_of(hub: Hub, request: Request) -> tuple[bytes, ...]:
    """Return under what the secret that a browser sends can be kept; it may send none.

    A session stays under the generation of the key that it began with, and ends by
    itself before long.
    """
    secret = request.cookies.get(cookie_name(hub), "")
    return hub.keys.digests(secret) if looks_like_secret(secret) else ()


async def find(hub: Hub, digests: tuple[bytes, ...]) -> Session | None:
    """Return who is signed in, if the session has not ended."""
    if not digests:
        return None

    def job(connection: Connection) -> Session | None:
        return first_of(digests, lambda each: users.find_session(connection, each))

    session, now = await hub.look_up(job), hub.moment
    if session is None or now - session.created_at > AGE_MAX_US:
        return None
    if now - session.used_at > IDLE_US:
        return None
    if now - session.used_at > NOTE_EVERY_US:
        key = session.digest
        noted = hub.database.write(lambda c: users.note_session(c, key, now))
        await asyncio.wrap_future(noted)
    return session


def check_rights(connection: Connection, key: bytes, user: User) -> None:
    """Refuse a write whose author may no longer do what they might when it began.

    The last statement of the write: it has waited for whoever held the campaign then.

    Raises:
        RightsEnded: they are signed out, or have lost a role or a campaign.
    """
    session = users.find_session(connection, key)
    if session is None or not session.user.may_all_that(user):
        raise RightsEnded


def keep(hub: Hub, answer: Response, secret: str) -> None:
    """Have the browser keep the secret of a session."""
    parts = urlsplit(hub.public_url)
    answer.set_cookie(
        cookie_name(hub),
        secret,
        max_age=AGE_MAX_US // 1_000_000,
        path=parts.path or "/",
        secure=parts.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def drop(hub: Hub, answer: Response) -> None:
    """Have the browser forget the session."""
    path = urlsplit(hub.public_url).path or "/"
    answer.delete_cookie(cookie_name(hub), path=path, httponly=True, samesite="lax")


def word(hub: Hub, key: bytes) -> str:
    """Return what every form of a session holds: another text on each page.

    A compressed page that shows what its reader sent would tell a listener a word that
    stays the same, letter by letter (BREACH).
    """
    mask = secrets.token_bytes(WORD_BYTES)
    return mask.hex() + _mixed(mask, _word(hub.key, key)).hex()


def check_word(hub: Hub, key: bytes, given: object) -> None:
    """Refuse a form without the word of its session.

    Raises:
        OriginNotAllowed: it was made elsewhere, or before somebody signed in again.
    """
    try:
        raw = bytes.fromhex(given if isinstance(given, str) else "")
    except ValueError:
        raw = b""
    found = _mixed(raw[:WORD_BYTES], raw[WORD_BYTES:])
    # A page may have been shown before another generation of the key came into use.
    words = [_word(each.secret, key) for each in hub.keys.generations]
    if not any(hmac.compare_digest(each, found) for each in words):
        raise OriginNotAllowed(
            "the form is of an older page",
            hint="go back, load the page again, and send it once more",
        )


def _word(secret: bytes, key: bytes) -> bytes:
    return hmac.digest(secret, b"form" + key, "sha256")[:WORD_BYTES]


def _mixed(mask: bytes, text: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(mask, text, strict=False))


def check_origin(request: Request) -> None:
    """Refuse a form that a page of another site sends.

    Raises:
        OriginNotAllowed: the browser says that it does.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        is_ours = site in _SAFE_SITES
    else:
        # Browsers send Sec-Fetch-Site over TLS and to this very machine only.
        origin, host = (request.headers.get(name) for name in ("origin", "host"))
        is_ours = origin is None or urlsplit(origin).netloc == host
    if not is_ours:
        raise OriginNotAllowed(
            "a page of another site has sent this form",
            hint="open the hub itself, and send it from there",
        )
