"""A request that was answered is gone, and not left to the garbage collector.

The collector looks seldom, and what a flood of requests left to it took hundreds of
megabytes meanwhile.
"""

import asyncio
import gc
from typing import Any

import pytest

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.store.connection import Database
from tests import make

LEADS = "/v2/campaigns/362/leads"
MANY = 8
ASKED = {
    "a page": ("GET", f"{LEADS}?per_page=50", b""),
    "one lead": ("GET", f"{LEADS}/1", b""),
    "no lead": ("GET", f"{LEADS}/99", b""),
    "a bad question": ("GET", f"{LEADS}?nothing=1", b""),
    "a write": ("PATCH", f"{LEADS}/1", b'{"fields": {"budget": 7}}'),
    "a bad write": ("PATCH", f"{LEADS}/1", b'{"fie'),
    "an export": ("GET", f"{LEADS}/export", b""),
    "a method": ("PUT", LEADS, b""),
    "nothing": ("GET", "/nothing", b""),
}


@pytest.fixture
def tokens(
    database: Database, account: Account, campaign: Campaign
) -> dict[str, str | None]:
    """A good one, one whose rate is soon used up, a wrong one, and none."""
    make.a_lead(database, campaign)
    good = make.a_token(database, account, campaign, may_write=True)
    limited = make.a_token(database, account, campaign, may_write=True, rate=1)
    return {"good": good, "limited": limited, "wrong": make.almost(good), "none": None}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("asked", ASKED)
def test_no_request_leaves_garbage(
    hub: Hub, tokens: dict[str, str | None], asked: str
) -> None:
    answering = app(hub)

    async def left(token: str | None) -> int:
        for _ in range(MANY):
            await _ask(answering, token, *ASKED[asked])
        gc.collect()
        gc.disable()
        try:
            for _ in range(MANY):
                await _ask(answering, token, *ASKED[asked])
            return gc.collect()
        finally:
            gc.enable()

    found = {name: asyncio.run(left(token)) for name, token in tokens.items()}
    # A thread that ends meanwhile may leave something; a request that does, leaves it
    # each time.
    assert all(count < MANY for count in found.values()), found


async def _ask(
    answering: Any, token: str | None, method: str, url: str, body: bytes
) -> None:
    """Ask without a client, which would leave garbage of its own."""
    path, _, query = url.partition("?")
    headers = [(b"host", b"hub.example"), (b"content-type", b"application/json")]
    if token is not None:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("hub.example", 80),
        "scheme": "http",
        "root_path": "",
        "state": {},
    }
    given = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not given:
            await asyncio.sleep(3_600)
        return given.pop()

    async def send(message: dict[str, Any]) -> None:
        del message

    await answering(scope, receive, send)
