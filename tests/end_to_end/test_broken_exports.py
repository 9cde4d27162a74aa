"""Exports whose readers are slow, go away in the middle, or come back for the rest."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from typing import Any

import apsw
import psycopg
import pytest

from tests import make
from tests.digest import digest_of
from tests.exports import EXPORT, begun, hang_up, lines_of, stream
from tests.mirror import Mirror
from tests.served import Reader, Served, a_folder, a_hub
from tests.sizes import PROC, Size, size_of, until

LEADS = 20_000
"""Some twenty megabytes: far more than what sockets hold of an answer."""
SLOW, TURNS = 20, 6
LEFT_KIB_MAX = 24_000
"""What may be left of three turns: much less than one chunk of each reader."""
QUICK_S = 3
BATCH = 1_000
EXPORT_KIB_MAX = 8_000
"""What an export may take, of all that it sends."""


@dataclass(frozen=True)
class House:
    """A hub with many leads, and where its database is."""

    hub: Served
    folder: Path
    engine: str

    def has_open_transaction(self) -> bool:
        """Whether a transaction of the hub is open at this moment."""
        path = self.folder / "leads.db"
        if self.engine == "sqlite":
            # A WAL that somebody reads from cannot be emptied.
            raw = apsw.Connection(str(path))
            ((busy, *_),) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            raw.close()
            return bool(busy)
        with psycopg.connect(make.url_of(path, "postgres")) as raw:
            found = raw.execute(
                """
                SELECT pid FROM pg_stat_activity
                 WHERE xact_start IS NOT NULL AND backend_type = 'client backend'
                   AND datname = current_database() AND pid <> pg_backend_pid()
                """
            )
            return bool(found.fetchall())


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.proof)],
)
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    engine, folder = request.param, tmp_path_factory.mktemp("hub")
    token = a_folder(folder, engine)
    database = make.a_database_again(folder / "leads.db", engine)
    with database.reading() as connection:
        campaign = make.campaigns.known(connection, 362)
    fields = {"name": "Jane", "source": "website", "project-notes": "roof " * 100}
    for _ in range(LEADS // BATCH):
        make.leads(database, campaign, [{"fields": fields}] * BATCH)
    database.close()
    hub = a_hub(folder, token, engine=engine)
    # What a process keeps after its first export is not what an export costs.
    assert hub.request("GET", EXPORT).status_code == 200
    yield House(hub, folder, engine)
    hub.stop()


def is_quick(hub: Served) -> bool:
    started = time.monotonic()
    assert hub.request("GET", "/v2/me").status_code == 200
    return time.monotonic() - started < QUICK_S


@pytest.mark.skipif(not PROC.exists(), reason="only Linux tells what a process holds")
def test_readers_that_break_off_leave_nothing_behind(house: House) -> None:
    before = size_of(house.hub)
    sizes: list[Size] = []
    for _ in range(TURNS):
        with ExitStack() as stack:
            opened = [begun(house.hub, stack) for _ in range(SLOW)]
            assert is_quick(house.hub)
            # They read no further, and yet nobody's transaction waits for them.
            until(lambda: not house.has_open_transaction())
            for place, each in enumerate(opened):
                hang_up(each, rudely=place % 2 == 0)
        until(lambda: size_of(house.hub).files < before.files + SLOW)
        assert is_quick(house.hub)
        sizes.append(size_of(house.hub))
    assert sizes[-1].threads < before.threads + 30
    # The first ones take what the process then keeps for those who come.
    assert sizes[-1].memory_kib - sizes[TURNS // 2].memory_kib < LEFT_KIB_MAX
    until(lambda: not house.has_open_transaction())


def test_a_slow_reader_is_sent_everything(house: House) -> None:
    answer = stream(house.hub)
    lines: list[bytes] = []
    for line in lines_of(answer):
        lines.append(line)
        if len(lines) % 4_000 == 1:
            time.sleep(0.3)
            until(lambda: not house.has_open_transaction())
    assert json.loads(lines[-1])["count"] == len(lines) - 1
    assert len(lines) > LEADS


@pytest.mark.skipif(not PROC.exists(), reason="only Linux tells what a process holds")
def test_an_export_takes_the_same_memory_however_long_it_is(house: House) -> None:
    before, most, is_over = size_of(house.hub).memory_kib, [0], Event()

    def watch() -> None:
        while not is_over.wait(0.01):
            most.append(size_of(house.hub).memory_kib)

    watching = Thread(target=watch)
    watching.start()
    sent = sum(len(line) for line in lines_of(stream(house.hub)))
    is_over.set()
    watching.join()
    assert sent > 2 * 1_024 * EXPORT_KIB_MAX
    assert max(most) - before < EXPORT_KIB_MAX


def test_the_parts_of_an_export_that_broke_off_are_the_whole(house: House) -> None:
    mirror = Mirror(Reader(house.hub), house.hub.token)
    asked: dict[str, Any] = {}
    for count in (1, 3_000, 7_000, LEADS):
        answer = stream(house.hub, asked)
        leads = [json.loads(line) for line in islice(lines_of(answer), count)]
        answer.close()
        mirror.cursor = mirror.cursor or answer.headers["leadwell-cursor"]
        if "_end" in leads[-1]:
            end = leads.pop()
        mirror.copy |= {lead["id"]: lead for lead in leads}
        asked = {"_cursor": mirror.cursor, "_after": leads[-1]["id"]}
        write_around(house.hub, leads[-1]["id"])
    assert end["count"] == len(leads)
    assert end["digest"] == digest_of(
        (x["id"], x["metadata"]["version"]) for x in leads
    )
    assert mirror.follow()["up_to_date"]
    found = mirror.get("/digest").json()
    assert (len(mirror.copy), mirror.digest) == (found["count"], found["digest"])
    listed = mirror.get("", per_page=1000).json()["data"]
    assert [mirror.copy[lead["id"]] for lead in listed] == listed


def write_around(hub: Served, lead_id: int) -> None:
    """Change what was taken last, delete what would come next, and add one."""
    url = "/v2/campaigns/362/leads"
    body = {"fields": {"name": "Ann"}}
    assert hub.request("PATCH", f"{url}/{lead_id}", body).status_code == 200
    assert hub.request("DELETE", f"{url}/{lead_id + 1}").status_code in {204, 404}
    assert hub.request("POST", url, body).status_code == 201
