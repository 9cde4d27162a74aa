"""Somebody who is signed in to the pages, as a browser without scripts shows them."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import httpx2
from starlette.testclient import TestClient

from leadwell.admin import passwords, sessions
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.token import digest
from leadwell.model.user import Role, User
from leadwell.store import accounts
from leadwell.store.connection import Connection
from leadwell.store.people import users
from tests.asking import Whole

PASSWORD = "correct horse battery staple"
_KEPT = passwords.hash_now(PASSWORD)


def a_user(
    hub: Hub,
    account: Account,
    role: Role = Role.ADMINISTRATOR,
    *campaigns: Campaign,
    email: str = "",
) -> User:
    """Keep somebody who may sign in with `PASSWORD`."""

    def job(connection: Connection) -> User:
        person = accounts.add_person(connection, account, role.value.title())
        address = email or f"{role.value}{person.id}@example.com"
        opened = frozenset(campaign.id for campaign in campaigns)
        user = User(account.id, person.id, person.name, address, role, opened)
        users.add(connection, user, _KEPT, hub.moment)
        return user

    return hub.database.write(job).result()


@dataclass(frozen=True)
class Desk:
    """Somebody with a session."""

    hub: Hub
    client: TestClient
    user: User
    secret: str

    @classmethod
    def of(cls, hub: Hub, client: TestClient, user: User) -> "Desk":
        """Sign somebody in, without the page for it."""
        secret = sessions.new_secret()
        key = digest(hub.key, secret)
        hub.database.write(
            lambda c: users.add_session(c, key, user.email, hub.moment)
        ).result()
        browser = Whole(
            client.app, base_url=hub.public_url, headers={"Accept": "text/html"}
        )
        host = urlsplit(hub.public_url).hostname or ""
        browser.cookies.set(sessions.cookie_name(hub), secret, domain=host)
        return cls(hub, browser, user, secret)

    @property
    def word(self) -> str:
        """What a form of this session holds."""
        return sessions.word(self.hub, digest(self.hub.key, self.secret))

    def get(self, path: str, **options: Any) -> httpx2.Response:
        """Load a page."""
        return self._send("GET", path, **options)

    def post(self, path: str, /, **fields: Any) -> httpx2.Response:
        """Send a form, and follow to the page that it leads to."""
        return self._send("POST", path, data={"_word": self.word, **fields})

    def submit(
        self, path: str, fields: dict[str, Any], **options: Any
    ) -> httpx2.Response:
        """Send a form whose fields have names that no keyword has."""
        return self._send("POST", path, data={"_word": self.word, **fields}, **options)

    def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        return self.client.request(method, path, **options)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(page: httpx2.Response) -> str:
    """Return what a page says, without its tags."""
    parser = _Text()
    parser.feed(page.text)
    return re.sub(r"\s+", " ", "".join(parser.parts)).strip()
