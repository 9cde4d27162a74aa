"""A hub that is there to be asked badly: one campaign, and one lead in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2

from leadwell.admin import sessions
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.token import digest
from leadwell.store.connection import Database
from leadwell.store.people import users
from tests import make
from tests.bad.row import LIST, Bad
from tests.desk import a_user

PERSON = {
    "name": "Zacharias Quist",
    "email": "zacharias@quist.example",
    "phone": "+4520212223",
    "project-notes": "wants a green roof before winter",
    "source": "partner-west",
}
TYPED = "someone.typed@this.example"
"""An address of somebody that stands where none belongs."""
PRIVATE = (*(PERSON[slug] for slug in ("name", "email", "phone")), "green roof")
"""What nobody is told by a refusal, and no log holds."""


@dataclass(frozen=True)
class Stage:
    """What a bad request may name."""

    account: Account
    campaign: Campaign
    tokens: Mapping[str, str]
    feed: str
    session: Mapping[str, str]
    """The cookie of an administrator who is signed in, and the word of the forms."""

    def request(self, row: Bad, url: str) -> httpx2.Request:
        """Return what is sent for a row."""
        headers = {name: _bytes(value) for name, value in row.headers.items()}
        if row.who == "person":
            headers |= {
                "Accept": b"text/html",
                "Cookie": _bytes(self.session["cookie"]),
            }
        elif row.who in self.tokens:
            headers["Authorization"] = _bytes(f"Bearer {self.tokens[row.who]}")
        given: dict[str, Any] = {"content": self._filled(row.body)} if row.body else {}
        path = self._filled(row.path.encode()).decode()
        return httpx2.Request(row.method, url + path, headers=headers, **given)

    def good(self, url: str) -> httpx2.Request:
        """Return what is always answered, with the one lead."""
        return self.request(Bad(path=LIST, status=200, code=""), url)

    def _filled(self, text: bytes) -> bytes:
        parts = {
            "token": self.tokens["writer"],
            "feed": self.feed,
            "email": TYPED,
            "word": self.session["word"],
        }
        for name, value in parts.items():
            text = text.replace(b"{%s}" % name.encode(), value.encode())
        return text


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def a_stage(hub: Hub, database: Database, key: bytes = make.KEY) -> Stage:
    """Fill an empty hub."""
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    make.a_lead(database, campaign, fields=dict(PERSON))
    foreign = make.an_account(database, "foreign")
    make.a_kept_campaign(database, foreign, id=363, name="Walls")

    def token(filter_: str = "", **changes: Any) -> str:
        given = {"campaign": campaign, "may_write": True} | changes
        return make.a_token(database, account, filter=filter_, key=key, **given)

    tokens = {
        "writer": token(),
        "reader": token("source=partner-west", may_write=False),
        "all": token(campaign=None),
        "revoked": token(revoked_at=make.MIDNIGHT),
        "expired": token(expires_at=make.MIDNIGHT - timedelta(days=1)),
    }
    feed = make.a_link(database, tokens["reader"], key=key)
    return Stage(account, campaign, tokens, feed, _signed_in(hub, account))


def _signed_in(hub: Hub, account: Account) -> Mapping[str, str]:
    user, secret = a_user(hub, account), sessions.new_secret()
    key = digest(hub.key, secret)
    job = lambda c: users.add_session(c, key, user.email, hub.moment)  # noqa: E731
    hub.database.write(job).result()
    name = sessions.cookie_name(hub)
    return {"cookie": f"{name}={secret}", "word": sessions.word(hub, key)}
