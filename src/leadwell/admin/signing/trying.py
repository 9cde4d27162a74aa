"""Passwords that are tried: each wrong one counts, and none tells who signs in here."""

import asyncio
import time
from dataclasses import dataclass, field

from starlette.requests import Request

from leadwell.admin import passwords
from leadwell.api.entrance.auth import address_of
from leadwell.api.hub import Hub
from leadwell.model.user import EMAIL_CHARACTERS_MAX, User
from leadwell.store import accounts
from leadwell.store.connection import Connection
from leadwell.store.people import activity, users
from leadwell.store.people.activity import What, user_named

STRANGERS_MAX = 10_000
"""Of so many addresses that nobody has the tries are counted."""


@dataclass(frozen=True, slots=True)
class Tries:
    """The passwords that come to this process."""

    hub: Hub
    _strangers: dict[str, tuple[int, int]] = field(
        default_factory=dict[str, tuple[int, int]]
    )
    """Wrong tries at addresses that nobody has, and until when they have to wait."""

    async def tried(
        self, request: Request, email: str, password: str
    ) -> tuple[User | None, int]:
        """Return the same as `checked`; a wrong one counts for the address, too.

        Raises:
            RateLimited, Overloaded: too many came from there, or are being checked.
        """
        address = address_of(request.scope)
        passwords.begin_try(self.hub, address)
        found = await self.checked(email, password[:1_000])
        if found[0] is not None:
            passwords.forget_try(self.hub, address)
        return found

    async def checked(self, email: str, password: str) -> tuple[User | None, int]:
        """Return who has this password; else how long nobody gets in, in seconds."""
        login = await self.hub.read(lambda c: users.find(c, email))
        kept = login.password if login else None
        is_right = await passwords.is_right(kept, password)
        answered_at = time.monotonic() + passwords.WRONG_AFTER_S
        found = await self._tried(email, login, is_right=is_right)
        if found[0] is None:
            await asyncio.sleep(max(0.0, answered_at - time.monotonic()))
        return found

    async def _tried(
        self, email: str, login: users.Login | None, *, is_right: bool
    ) -> tuple[User | None, int]:
        if login is None:
            return None, self._stranger(email[:EMAIL_CHARACTERS_MAX])
        job = _Trying(email, login.password if is_right else None, self.hub.moment)
        return await asyncio.wrap_future(self.hub.database.write(job))

    def _stranger(self, email: str) -> int:
        """Make who does not sign in here wait as if they did: nobody tells who does."""
        now = self.hub.moment
        failures, closed_until = self._strangers.get(email, (0, 0))
        if left := passwords.left_us(closed_until, now):
            return _seconds(left)
        wait = passwords.wait_us(failures + 1)
        if len(self._strangers) >= STRANGERS_MAX:
            self._strangers.clear()
        self._strangers[email] = failures + 1, now + wait
        return _seconds(wait)


@dataclass(frozen=True, slots=True)
class _Trying:
    """The transaction in which a try counts: whoever tries many at once waits too."""

    email: str
    right: str | None
    """What is kept of the password, if the one that was tried is it."""
    now: int

    def __call__(self, connection: Connection) -> tuple[User | None, int]:
        login = users.find(connection, self.email)
        if login is None:
            return None, 0
        if left := passwords.left_us(login.closed_until, self.now):
            # However often one tries, it opens at the same moment.
            return None, _seconds(left)
        if self.right is not None and login.password == self.right:
            users.note_success(connection, self.email)
            return login.user, 0
        wait = passwords.wait_us(login.failures + 1)
        closed_until = self.now + wait if wait else 0
        users.note_failure(connection, self.email, closed_until, self.now)
        if login.failures == passwords.TRIES_FREE:
            # Told once in a row: who goes on trying writes no more into it.
            of = accounts.find_by_id(connection, login.user.account_id)
            about, what = user_named(login.user), What.SIGN_IN_CLOSED
            activity.note(connection, of, what, about, who="", at=self.now)
        return None, _seconds(wait)


def _seconds(us: int) -> int:
    return -(-us // 1_000_000)
