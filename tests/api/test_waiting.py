"""The one thread of a process that looks for all requests that wait."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from leadwell.api.app import app
from leadwell.api.feed.waiting import LOOK_EVERY_S, Vigil, Watch
from leadwell.api.hub import Hub
from leadwell.errors import InvalidToken
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.store import feed
from leadwell.store.connection import Connection, Database, T
from tests import make

MANY = 300
CHANGES = "/v2/campaigns/362/leads/changes"


class Counted:
    """A database that counts how often it was read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reads = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def read(self, job: Callable[[Connection], T]) -> T:
        self.reads += 1
        return self._database.read(job)


def as_it_is(database: Database) -> Callable[[Connection], bool]:
    with database.reading() as connection:
        before = feed.head(connection, 362)
    return lambda connection: feed.head(connection, 362) == before


async def nothing() -> Message:
    """Receive what somebody sends who stays and says nothing."""
    return await asyncio.get_running_loop().create_future()


def quiet_one(heard: int = 0) -> Watch:
    return Watch((7, 0), 0, lambda _: True, heard)


async def woken(vigil: Vigil, watch: Watch, within_s: float) -> bool:
    with vigil.watching(watch):
        return await watch.news(within_s, nothing)


def test_all_that_wait_are_looked_for_in_one_read(
    database: Database, campaign: Campaign
) -> None:
    counted = Counted(database)
    vigil, is_same = Vigil(counted), as_it_is(database)  # type: ignore[arg-type]

    async def wait() -> list[bool]:
        watches = [Watch((362, 0), 0, is_same, vigil.heard) for _ in range(MANY)]
        waiting = [asyncio.create_task(woken(vigil, x, 30)) for x in watches]
        begun = time.monotonic()
        await asyncio.sleep(5 * LOOK_EVERY_S)
        # It may be woken later than it asked for.
        assert counted.reads <= (time.monotonic() - begun) / LOOK_EVERY_S + 1
        assert not any(each.done() for each in waiting)
        await asyncio.to_thread(make.a_lead, database, campaign)
        return await asyncio.gather(*waiting)

    started = time.monotonic()
    assert asyncio.run(wait()) == [True] * MANY
    assert time.monotonic() - started < 15
    vigil.stop()
    assert vigil._thread is None


def test_what_was_told_before_it_waits_is_not_missed(
    database: Database, campaign: Campaign
) -> None:
    """Also of campaigns of which nothing else is told."""
    vigil, is_same = Vigil(database), as_it_is(database)
    heard = vigil.heard
    make.a_lead(database, campaign)
    vigil._hear(362)

    async def wait() -> bool:
        quiet = asyncio.create_task(woken(vigil, quiet_one(1), 0.2))
        assert await woken(vigil, Watch((362, 0), 0, is_same, heard), 5)
        return await quiet

    assert not asyncio.run(wait())
    vigil.stop()


def test_who_is_refused_or_meets_a_fault_is_woken(database: Database) -> None:
    vigil = Vigil(database)

    def refuse(connection: Connection) -> bool:
        del connection
        raise InvalidToken("the token is not valid")

    def fail(connection: Connection) -> bool:
        connection.rows("SELECT nothing FROM nowhere")
        return True

    async def wait() -> None:
        other = asyncio.create_task(woken(vigil, quiet_one(), 0.3))
        assert await woken(vigil, Watch((362, 0), 0, refuse, 0), 5)
        assert not await other
        # Of one campaign, so that they are looked for together.
        alike = Watch((362, 9), 0, lambda _: True, 0)
        other = asyncio.create_task(woken(vigil, alike, 5))
        await asyncio.sleep(0)
        assert await woken(vigil, Watch((362, 0), 0, fail, 0), 5)
        # Each meets the fault itself, if it is one of the database.
        assert await other

    asyncio.run(wait())
    vigil.stop()


def test_a_hub_that_stops_looks_no_more(database: Database) -> None:
    vigil = Vigil(database)
    vigil.stop()

    async def wait() -> bool:
        return await woken(vigil, Watch((362, 0), 0, lambda _: False, 0), 0.3)

    assert not asyncio.run(wait())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_is_cut_off_by_the_end_of_the_hub_is_told_so(
    hub: Hub, client: TestClient, account: Account, campaign: Campaign, method: str
) -> None:
    token = make.a_token(hub.database, account, campaign, may_write=True)
    headers = {"Authorization": f"Bearer {token}"}
    cursor = client.get(CHANGES, headers=headers).json()["cursor"]
    is_read = method == "GET"
    scope = {
        "type": "http",
        "method": method,
        "path": CHANGES if is_read else CHANGES.removesuffix("/changes"),
        "query_string": f"_cursor={cursor}&_wait=30".encode() if is_read else b"",
        "headers": [
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
        ],
    }
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def cut_off() -> None:
        # It waits for news, or for a body that never comes.
        asked = asyncio.create_task(app(hub)(scope, nothing, send))
        await asyncio.sleep(0.2)
        assert not asked.done()
        asked.cancel()
        await asked

    asyncio.run(cut_off())
    start, body = sent[0], msgspec.json.decode(sent[1]["body"])
    assert (start["status"], body["code"]) == (503, "unavailable")
    assert b"retry-after" in dict(start["headers"])
    assert ("saved or not" in body["detail"]) is (method == "POST")


def test_who_comes_when_all_are_dismissed_is_answered_at_once(
    hub: Hub, client: TestClient, account: Account, campaign: Campaign
) -> None:
    token = make.a_token(hub.database, account, campaign)
    headers = {"Authorization": f"Bearer {token}"}
    cursor = client.get(CHANGES, headers=headers).json()["cursor"]
    hub.vigil.dismiss()
    began = time.monotonic()
    asked = {"_cursor": cursor, "_wait": "30"}
    answer = client.get(CHANGES, params=asked, headers=headers).json()
    assert (answer["data"], answer["up_to_date"]) == ([], True)
    assert time.monotonic() - began < 10
