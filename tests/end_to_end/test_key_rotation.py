"""The key is rotated and the old one retired while readers read and writers write."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from leadwell.model.keyring import Generation
from leadwell.model.token import public_id_of
from leadwell.server import keys, opening, rotating
from leadwell.settings import Settings
from leadwell.store import tokens
from leadwell.store.connection import Database
from tests import make
from tests.served import Served, a_folder, a_hub
from tests.sizes import until

pytestmark = pytest.mark.proof
LIST = "/v2/campaigns/362/leads"
WORKERS = 2
SOON_S = 2
"""By then both processes of a hub know."""
LOOK_S = 0.3
OFTEN = f"from leadwell.server import rotating; rotating.LOOK_EVERY_S = {LOOK_S}"


def follow(hub: Served, over: Event) -> tuple[list[int], set[str]]:
    """Follow the feed by its cursors; return the leads, and what cursors begin with."""
    cursor, met, heads = None, list[int](), set[str]()
    while True:
        is_last = over.is_set()
        params = {"_limit": 3} | ({"_cursor": cursor} if cursor else {})
        answer = hub.request("GET", f"{LIST}/changes", params=params)
        assert answer.status_code == 200, answer.text
        page: Any = answer.json()
        met += [change["id"] for change in page["data"]]
        cursor = page["cursor"]
        heads.add(cursor.partition("_")[0])
        if is_last and not page["has_more"]:
            return met, heads


def write(hub: Served, over: Event) -> list[int]:
    made: list[int] = []
    while not over.is_set():
        body = {"fields": {"name": f"Lead {len(made)}"}}
        answer = hub.request("POST", LIST, json=body)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["data"]["id"])
        time.sleep(0.02)
    return made


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_readers_go_on_and_nothing_is_lost(tmp_path: Path, engine: str) -> None:
    token = a_folder(tmp_path, engine)
    hub = a_hub(tmp_path, token, WORKERS, engine, OFTEN)
    settings = Settings(
        database=make.url_of(tmp_path / "leads.db", engine),
        key_file=str(tmp_path / "leads.db.key"),
        allow_unsafe_database=True,
    )
    database, over, read = opening.connect(settings), Event(), Event()
    try:
        with ThreadPoolExecutor(3) as pool:
            reader = pool.submit(follow, hub, read)
            writer = pool.submit(write, hub, over)
            try:
                made = _rotated(settings, database, token)
            finally:
                over.set()
                written = writer.result()
                # What was written last is read too.
                read.set()
            met, heads = reader.result()
        assert heads == {"c1", "c1.2"}
        assert set(met) == {1, *written}
        assert len(met) == len(set(met))
        assert keys.agreed(settings, database).generations == (made,)
    finally:
        database.close()
        hub.kill()


def _rotated(settings: Settings, database: Database, token: str) -> Generation:
    time.sleep(1)
    made = rotating.rotate(settings, database, SOON_S)
    until(lambda: keys.agreed(settings, database).in_use == made)
    until(lambda: _generation(database, token) == 2)
    # Each process turns to it within a look.
    time.sleep(5 * LOOK_S)
    rotating.retire(settings, database, 1)
    time.sleep(5 * LOOK_S)
    return made


def _generation(database: Database, token: str) -> int:
    with database.reading() as connection:
        return tokens.known(connection, public_id_of(token)).key_generation
